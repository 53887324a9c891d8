"""A small internet on loopback, in which storms happen for real (docs/lab.md)."""
