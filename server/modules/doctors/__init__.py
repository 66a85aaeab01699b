"""Doctors: profiles, specialties, the public search, favourites, and the clinic with its holidays."""

from flask import Flask

from server.modules.auth import me
from server.modules.doctors import policies
from server.modules.doctors.queries.search import own_doctor
from server.modules.doctors.service import profiles
from server.modules.users import signals as of_users


def init_module(app: Flask) -> None:
    """Grant the permissions, tell `/auth/me` one's own profile, and close a profile with its account or its role."""
    app.extensions["grid"].add(policies.GRANTS)
    me.add_part(own_doctor)
    of_users.deactivated.connect(profiles.close_with_account)
    of_users.authority_changed.connect(profiles.close_without_role)
