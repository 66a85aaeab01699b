"""Rules of signing in: accounts and passwords, sessions and their tokens, mailed links."""
