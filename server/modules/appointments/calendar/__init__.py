"""Compute a doctor's open and free time from facts; nothing here reads or writes a database."""
