"""Queries of pharmacy."""
