"""The chart as a whole over HTTP."""

from server.modules.chart.resources import charts, consultations, export, merging, visit_summary
from server.modules.chart.resources.routing import blueprint

__all__ = ["blueprint", "charts", "consultations", "export", "merging", "visit_summary"]
