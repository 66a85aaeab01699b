"""Rules of medications."""
