"""The blueprint of this module."""

from flask import Blueprint

from server.core.resource import Api
from server.modules.patients.paths import patient_within

__all__ = ["api", "blueprint", "patient_within"]

blueprint = Blueprint("patients", __name__)
api = Api(blueprint)
