"""Shapes of stock."""
