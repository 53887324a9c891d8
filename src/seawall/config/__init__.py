"""Configuration: one TOML file, what it means, and where each value came from."""
