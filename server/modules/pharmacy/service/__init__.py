"""Rules of pharmacy."""
