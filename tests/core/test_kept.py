"""Statements that are built once: who may keep what, and that nothing of one request is in the next."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Integer, bindparam, column, event, select

from server.core import clock as clocks, state
from server.core.access import Actor, Role
from server.core.columns import NOW, UTCDateTime
from server.core.db import db
from server.core.kept import asker, kept
from server.modules.patients.queries import people
from tests.core.listed import fill_patients
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import path


def someone(*roles: Role) -> Actor:
    return Actor(uuid.uuid4(), uuid.uuid4(), frozenset(roles), state.grid())


HOT = ["/patients?per_page=50", "/patients/search?q=given", "/auth/me", "/users"]


def test_every_statement_of_a_hot_request_has_a_cache_key(app):
    admin, (patient,) = signed_in(app, "admin"), fill_patients(app, 1)
    seen: list[str] = []
    without: list[str] = []

    def look(_connection, statement, *_rest):
        seen.append(str(statement)[:6])
        if statement._generate_cache_key() is None:
            without.append(str(statement))

    with app.app_context():
        event.listen(db.engine, "before_execute", look)
        try:
            for target in (path(patient), *HOT):
                assert admin.get(target).status_code == 200
            body = {"first_name": "Ada", "last_name": "Byron", "date_of_birth": "1985-12-10", "sex": "female"}
            assert admin.post("/patients", json=body).status_code == 201
            assert admin.patch(path(patient), json={"occupation": "Baker"}).status_code == 200
        finally:
            event.remove(db.engine, "before_execute", look)
    assert {"SELECT", "INSERT", "UPDATE"} <= set(seen)
    assert without == []


def test_users_of_the_same_roles_share_a_statement(app):
    with app.app_context():
        first, second, third = someone(Role.NURSE), someone(Role.NURSE), someone(Role.NURSE, Role.ADMIN)
        assert people._one(first, ("id",)) is people._one(second, ("id",))
        assert people._one(first, ("id",)) is not people._one(third, ("id",))
        assert people._one(first, ("id",)) is not people._one(first, ("id", "mrn"))


@pytest.mark.parametrize("value", [uuid.uuid4(), datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_belongs_to_one_request_cannot_be_kept(app, value):
    @kept
    def careless(_actor):
        return select(column("id")).where(column("other") == value)

    with app.app_context(), pytest.raises(RuntimeError, match="one request"):
        careless(someone(Role.NURSE))


def test_the_actor_and_the_time_of_a_kept_statement_are_those_of_the_run(app, clock):
    @kept
    def told(actor):
        return select(actor.user_id.label("who"), bindparam("then", type_=UTCDateTime()) < NOW, NOW.label("now"))

    with app.app_context(), db.engine.connect() as connection:
        for _ in range(2):
            actor, then = someone(Role.NURSE), clocks.now()
            clock.shift(timedelta(minutes=1))
            row = connection.execute(told(actor), {**asker(actor), "then": then}).one()
            assert (row.who, bool(row[1]), row.now) == (actor.user_id, True, clocks.now())


def test_forms_are_bounded(app):
    @kept
    def numbered(_actor, number):
        return select(bindparam(f"number_{number}", type_=Integer()))

    with app.app_context():
        actor = someone(Role.NURSE)
        first = numbered(actor, 0)
        for number in range(2000):
            numbered(actor, number)
        assert numbered(actor, 0) is not first


def test_a_relation_that_ends_closes_the_chart_for_the_same_statement(app, clock):
    doctor, other = signed_in(app, "doctor"), signed_in(app, "doctor")
    patient = make_patient(app)
    now = clocks.now()
    relate(app, patient.id, doctor.user.id, starts_at=now, ends_at=now + timedelta(minutes=5))

    def sees(one):
        listed = one.get("/patients").json["data"]
        return one.get(path(patient.id)).status_code, len(listed)

    assert (sees(doctor), sees(other), sees(doctor)) == ((200, 1), (404, 0), (200, 1))
    clock.shift(timedelta(minutes=6))
    assert sees(doctor) == (404, 0)
