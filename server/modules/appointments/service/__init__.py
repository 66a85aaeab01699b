"""Service of the appointments module."""
