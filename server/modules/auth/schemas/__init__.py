"""The shapes of every way in and out."""
