"""What was written since a merge into something that goes home again goes home with it, in every room."""

import uuid

import pytest
from sqlalchemy import select

from server.core.db import Base, db
from server.modules.chart.queries.schema import belongings
from tests.chart.children import new_children
from tests.chart.test_parting import merged, parted, told
from tests.factories.calendar import signed_in_doctor
from tests.factories.people import make_patient
from tests.procedures.support import make_service, order, perform
from tests.records.documents_support import send
from tests.visits.support import one, verb, walk_in
from tests.vitals.support import amend, take

ALONG = "written since, went with what it belongs to"


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor with a profile."""
    return signed_in_doctor(app)[0]


@pytest.fixture
def pair(app):
    """Give two patients."""
    return make_patient(app), make_patient(app)


def owners(app, table_name, **which):
    """Return the patients of the rows of a table where some columns are as given."""
    table = Base.metadata.tables[table_name]
    stmt = select(table.c.patient_id).where(*(table.c[name] == uuid.UUID(value) for name, value in which.items()))
    with app.app_context(), db.engine.connect() as connection:
        return set(connection.scalars(stmt))


def test_a_value_that_was_amended_since_goes_home_with_its_set(app, admin, doctor, pair):
    survivor, duplicate = pair
    visit = walk_in(doctor, duplicate)
    entry = take(doctor, visit["id"], heart_rate=70, pain=3)
    merged(admin, survivor, duplicate)
    amend(doctor, entry, heart_rate=180)
    report = parted(admin, survivor)
    assert owners(app, "vital_measurements", set_id=entry["id"]) == {duplicate.id}
    assert owners(app, "vital_measurements") == {duplicate.id}
    assert list(told(report, "vital_measurements").values()) == [ALONG]
    assert "vital_measurements" not in report["stayed"]


def test_what_was_written_since_at_a_visit_goes_home_with_it(app, admin, doctor, pair):
    survivor, duplicate = pair
    visit = walk_in(doctor, duplicate)
    merged(admin, survivor, duplicate)
    made = {}
    for name, (where, body) in new_children(survivor.id, visit["id"]).items():
        answer = doctor.post(where, json=body)
        assert answer.status_code == 201, (name, answer.text)
        made[name] = answer.json["data"]["id"]
    assert send(doctor, survivor, visit_id=visit["id"]).status_code == 201
    diagnoses = {"diagnoses": [{"display": "Flu"}], "version": doctor.get(one(visit)).json["data"]["version"]}
    assert doctor.patch(one(visit), json=diagnoses).status_code == 200
    assert doctor.post(f"/treatments/{made['treatments']}/complete").status_code == 200
    report = parted(admin, survivor)
    written = {*made, "documents", "visit_diagnoses", "vital_measurements", "charges"}
    for name in written:
        assert owners(app, name) == {duplicate.id}, name
        assert ALONG in told(report, name).values(), name
        assert report["moved"][name] >= 1
    assert not written & report["stayed"].keys()


def test_a_charge_goes_home_with_a_procedure_of_no_visit(app, admin, doctor, pair):
    survivor, duplicate = pair
    walk_in(doctor, duplicate)
    ordered = order(doctor, patient_id=duplicate.id, name=None, service_id=make_service(app))
    merged(admin, survivor, duplicate)
    perform(doctor, ordered)
    report = parted(admin, survivor)
    assert owners(app, "charges", source_id=ordered["id"]) == {duplicate.id}
    assert list(told(report, "charges").values()) == [ALONG]


def test_what_was_written_since_at_the_survivor_s_own_visits_stays(app, admin, doctor, pair):
    survivor, duplicate = pair
    before = walk_in(doctor, survivor)
    merged(admin, survivor, duplicate)
    take(doctor, before["id"], heart_rate=70)
    verb(doctor, before, "complete")
    since = walk_in(doctor, survivor)
    take(doctor, since["id"], heart_rate=71)
    report = parted(admin, survivor)
    assert owners(app, "vital_sets") == owners(app, "vital_measurements") == {survivor.id}
    assert (report["stayed"]["vital_sets"], report["stayed"]["visits"]) == (2, 1)
    assert told(report, "vital_sets") == {}


def test_each_table_that_names_a_visit_and_a_patient_follows_the_visit(app):
    naming = {name for name, table in Base.metadata.tables.items() if {"patient_id", "visit_id"} <= set(table.c.keys())}
    # Of an appointment and its visit, it is the visit that follows.
    assert ("visits", "appointment_id") in {(table.name, column.name) for table, column, _ in belongings()}
    assert naming - {"appointments"} == {table.name for table, column, _ in belongings() if column.name == "visit_id"}
