"""Seal the audit log, and retire what is sealed and old."""
