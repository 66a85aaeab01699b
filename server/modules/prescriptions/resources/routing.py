"""The blueprint of this module."""

from flask import Blueprint

from server.core.resource import Api

blueprint = Blueprint("prescriptions", __name__)
api = Api(blueprint)
