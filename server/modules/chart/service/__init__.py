"""Rules of the chart module."""
