"""The I/O shell over `wire.pop3`: connections, TLS, credentials, sessions."""
