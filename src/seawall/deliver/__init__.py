"""The I/O shells that put mail where it belongs, durably: Maildir and Held."""
