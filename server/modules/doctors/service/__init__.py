"""Service of the doctors module."""
