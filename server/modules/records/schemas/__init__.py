"""Schemas of the records module."""
