"""Schemas of the appointments module."""
