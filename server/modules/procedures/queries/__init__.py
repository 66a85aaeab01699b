"""Queries of procedures."""
