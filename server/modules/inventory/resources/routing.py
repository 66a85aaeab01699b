"""The blueprint of this module."""

from flask import Blueprint

from server.core.resource import Api

blueprint = Blueprint("inventory", __name__)
api = Api(blueprint)
