"""Queries of prescriptions."""
