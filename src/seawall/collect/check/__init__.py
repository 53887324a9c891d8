"""What `seawall check` looks at: every account's server and every destination, and nothing is changed there or here."""
