"""Service of the records module."""
