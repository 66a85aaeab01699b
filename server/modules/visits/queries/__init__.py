"""Queries of visits."""
