"""Sans-IO dialogues: bytes in, events out; events in, bytes out. No socket, no clock."""
