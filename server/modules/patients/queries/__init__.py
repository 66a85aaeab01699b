"""Reads of the patients module."""

from server.modules.patients.queries.access import wards
from server.modules.patients.queries.people import own_patient, require_visible

__all__ = ["own_patient", "require_visible", "wards"]
