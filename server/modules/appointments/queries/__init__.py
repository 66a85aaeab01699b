"""Queries of the appointments module."""
