"""The specialties and the clinic that a migration brings go with it, unless somebody uses them."""

import flask_migrate
from sqlalchemy import text

from server.core.db import db
from server.core.uow import command
from server.modules.doctors.service import clinic, profiles
from tests.legs import MIGRATIONS


def read(statement):
    with db.engine.connect() as connection:
        return connection.scalars(text(statement)).all()


def test_down_and_up_with_rows_in_use(leg, make_app):
    app = make_app(DATABASE_URI=leg.empty_database())
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        first = sorted(read("SELECT code FROM specialties"))
        with command("tests.use", "doctor"):
            profiles.add(actor=None, first_name="A", last_name="B", specialties=["cardiology"])
            clinic.change(name="Ours")
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0014")
        assert read("SELECT code FROM specialties") == ["cardiology"]
        assert read("SELECT name FROM clinic") == ["Ours"]
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        assert sorted(read("SELECT code FROM specialties")) == first
        assert read("SELECT name FROM clinic") == ["Ours"]
