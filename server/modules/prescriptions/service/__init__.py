"""Rules of prescriptions."""
