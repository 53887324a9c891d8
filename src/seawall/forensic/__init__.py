"""What finds a storm in mailboxes and logs, and the servers that make it: sources, facts in columns, storms, suspects, notices, report."""
