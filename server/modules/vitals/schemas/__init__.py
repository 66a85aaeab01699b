"""The shapes of vital signs."""
