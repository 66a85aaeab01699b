"""Doctors: profiles, specialties, the public search, favourites, and the clinic with its holidays."""

from flask import Flask

from server.modules.doctors import models as _tables, policies  # noqa: F401 - the tables have to be known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
