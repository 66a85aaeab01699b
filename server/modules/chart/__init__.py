"""The chart as a whole: consultation, timeline, summary, export, and the merging of two that are one person's."""

from flask import Flask

from server.modules.chart import consultation, policies
from server.modules.chart.queries import reading


def init_module(app: Flask) -> None:
    """Grant the permissions, show the merges in the timeline, and register the follow-up of a consultation."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    consultation.install()
    reading.install()
