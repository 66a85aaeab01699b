"""The shapes of billing."""
