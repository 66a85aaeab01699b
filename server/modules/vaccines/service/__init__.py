"""Rules of immunisations."""
