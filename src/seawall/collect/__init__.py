"""The journey of a mail from a POP3 server to its mailbox, and when it is made."""
