"""The storm writer: thousands of mail storms as mailboxes, with the truth beside them; no sockets, no clock."""
