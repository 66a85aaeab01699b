"""Queries of the records module."""
