"""Queries of medications."""
