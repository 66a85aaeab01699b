"""Queries of vital signs."""
