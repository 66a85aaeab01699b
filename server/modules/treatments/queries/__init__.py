"""Queries of treatments."""
