"""Shapes of pharmacy."""
