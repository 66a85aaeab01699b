"""Patients over HTTP."""

from server.modules.patients.resources import allergies, care_team, conditions, contacts, glass, history, people, portal
from server.modules.patients.resources.routing import blueprint

__all__ = ["allergies", "blueprint", "care_team", "conditions", "contacts", "glass", "history", "people", "portal"]
