"""Reads of the chart module."""
