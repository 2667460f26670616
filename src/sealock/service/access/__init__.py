"""Who may do what: accounts with passwords, sessions, tokens with roles and scopes, rates, and the audit log."""
