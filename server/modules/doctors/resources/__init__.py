"""Doctors over HTTP."""

from server.modules.doctors.resources import doctors, specialties
from server.modules.doctors.resources.routing import blueprint

__all__ = ["blueprint", "doctors", "specialties"]
