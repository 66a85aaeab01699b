"""Queries of immunisations."""
