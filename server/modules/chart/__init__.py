"""The chart as a whole: its timeline, its summary, its export, and the merging of two that are one person's."""

from flask import Flask

from server.modules.chart import policies
from server.modules.chart.queries import reading


def init_module(app: Flask) -> None:
    """Grant the permissions, and show the merges in the timeline."""
    app.extensions["grid"].add(policies.GRANTS)
    reading.install()
