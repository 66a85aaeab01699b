"""Shapes of medications."""
