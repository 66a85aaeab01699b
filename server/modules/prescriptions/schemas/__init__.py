"""Shapes of prescriptions."""
