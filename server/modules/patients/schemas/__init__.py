"""The shapes of the patients module."""
