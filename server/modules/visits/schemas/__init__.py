"""The shapes of visits."""
