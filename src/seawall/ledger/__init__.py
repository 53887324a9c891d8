"""What was seen, intended and done: the only package that talks to a database."""
