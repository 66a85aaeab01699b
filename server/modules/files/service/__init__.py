"""Rules of files: what is taken in, kept, scanned, handed out and removed."""
