"""The chart as a whole over HTTP."""

from server.modules.chart.resources import charts, export, merging
from server.modules.chart.resources.routing import blueprint

__all__ = ["blueprint", "charts", "export", "merging"]
