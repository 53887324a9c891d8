"""Connectors as strangers: how each is configured and run, in a TOML file of its own."""
