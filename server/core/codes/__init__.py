"""Lists of codes that are shipped with the application."""
