"""Schemas of the doctors module."""
