"""Where mails come from: mailboxes, archives, logs; found out by their content."""
