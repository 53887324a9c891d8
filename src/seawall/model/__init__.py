"""Frozen values only: what travels between the stages. No I/O, no clock, no decision."""
