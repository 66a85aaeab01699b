"""Dispensing: prepared and handed out on prescriptions, as far as they allow, and brought back."""
