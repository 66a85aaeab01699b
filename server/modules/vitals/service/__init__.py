"""Rules of vital signs."""
