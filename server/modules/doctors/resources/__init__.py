"""Doctors over HTTP."""

from server.modules.doctors.resources import clinic, doctors, specialties
from server.modules.doctors.resources.routing import blueprint

__all__ = ["blueprint", "clinic", "doctors", "specialties"]
