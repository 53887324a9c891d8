"""Seawall: a POP3 connector that cannot start a mail storm, and the tools to spot, trace, stop and foresee one."""

__version__ = "0.1.0"
