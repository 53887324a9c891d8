"""A connection to another machine, and how either side proves itself; `retrieve` and `deliver` speak over it."""
