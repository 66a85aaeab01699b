"""Queries of the doctors module."""
