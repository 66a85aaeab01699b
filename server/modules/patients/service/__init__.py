"""Rules of the patients module."""
