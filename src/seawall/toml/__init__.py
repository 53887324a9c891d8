"""A TOML file that a person wrote, read strictly: every mistake is told by file, line and key."""
