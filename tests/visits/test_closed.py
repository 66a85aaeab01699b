"""A closed visit refuses every write of what belongs to it, in every room and through every route."""

import uuid

import pytest

from server.core.declare import endpoints
from server.modules.visits.queries.content import columns_naming_a_visit
from tests.factories.calendar import signed_in_doctor
from tests.factories.charts import set_visit
from tests.factories.people import make_patient
from tests.patients.support import path, refused
from tests.records.documents_support import send
from tests.visits.support import one, verb, walk_in
from tests.vitals.support import measured

VERSION = {"version": 1}
AGAIN = {"reason": "x", **VERSION}


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)[0]


@pytest.fixture
def patient(app):
    return make_patient(app)


def new_children(patient, visit):
    """Return, by the table that it fills, where and with which body something is added to a visit."""
    whose = {"patient_id": str(patient.id), "visit_id": visit["id"]}
    dose = {**whose, "vaccine_code": "08", "administered_on": visit["started_at"][:10]}
    return {
        "visit_notes": (one(visit, "notes"), {"plan": "Rest"}),
        "vital_sets": (one(visit, "vitals"), {"measurements": measured(heart_rate=70)}),
        "treatments": ("/treatments", {"visit_id": visit["id"], "name": "Bandage", "cost": "1.00"}),
        "procedures": ("/procedures", {**whose, "name": "Lavage"}),
        "medical_records": ("/records", {**whose, "notes": "Well"}),
        "immunizations": ("/vaccines", dose),
        "conditions": (path(patient, "conditions"), {"display": "Gout", "visit_id": visit["id"]}),
    }


def changes_of(made):
    """Return what can be done with each of the children but marking it as entered in error."""
    note, vitals = one(made["visit"], "notes", made["visit_notes"]["id"]), f"/vitals/{made['vital_sets']['id']}"
    treatment, procedure = f"/treatments/{made['treatments']['id']}", f"/procedures/{made['procedures']['id']}"
    record, dose = f"/records/{made['medical_records']['id']}", made["immunizations"]
    given = {name: dose[name] for name in ("vaccine_code", "administered_on")}
    return [
        ("PATCH", note, {"plan": "Run", **VERSION}),
        ("POST", f"{note}/sign", None),
        ("POST", f"{vitals}/amend", {"measurements": measured(heart_rate=80), **AGAIN}),
        ("PUT", treatment, {"name": "Cast", **VERSION}),
        ("PATCH", treatment, {"notes": "x", **VERSION}),
        ("POST", f"{treatment}/complete", None),
        ("POST", f"{treatment}/cancel", {"reason": "x"}),
        ("PUT", procedure, {"name": "Biopsy", **VERSION}),
        ("PATCH", procedure, {"name": "Biopsy", **VERSION}),
        ("POST", f"{procedure}/perform", {}),
        ("POST", f"{procedure}/cancel", {"reason": "x"}),
        ("PUT", record, {"notes": "y", **VERSION}),
        ("PATCH", record, {"notes": "y", **VERSION}),
        ("POST", f"{record}/release", None),
        ("PUT", f"/vaccines/{dose['id']}", {**given, "lot_number": "B", **VERSION}),
        ("PATCH", f"/vaccines/{dose['id']}", {"lot_number": "B", **VERSION}),
        ("POST", f"/documents/{made['documents']['id']}/release", None),
        ("PUT", one(made["visit"]), {"notes": "x", **VERSION}),
        ("PATCH", one(made["visit"]), {"notes": "x", **VERSION}),
        ("POST", one(made["visit"], "chart"), {"note": {"plan": "Rest"}}),
        ("POST", one(made["visit"], "complete"), None),
        ("POST", one(made["visit"], "cancel"), {"reason": "x"}),
    ]


def filled(doctor, patient):
    """Open a visit and put one child of each room into it."""
    visit = walk_in(doctor, patient)
    made = {"visit": visit}
    for name, (where, body) in new_children(patient, visit).items():
        answer = doctor.post(where, json=body)
        assert answer.status_code == 201, (name, answer.text)
        made[name] = answer.json["data"]
    sent = send(doctor, patient, visit_id=visit["id"])
    assert sent.status_code == 201, sent.text
    made["documents"] = sent.json["data"]
    return made


def close(app, doctor, visit, how):
    """Complete a visit, or write that it was called off or an error, which it could not become with all this in it."""
    if how == "completed":
        verb(doctor, visit, "complete")
    else:
        set_visit(app, uuid.UUID(visit["id"]), status=how)


@pytest.mark.parametrize("how", ["completed", "cancelled", "entered_in_error"])
def test_nothing_is_added_to_a_closed_visit(app, doctor, patient, how):
    visit = filled(doctor, patient)["visit"]
    close(app, doctor, visit, how)
    for where, body in new_children(patient, visit).values():
        refused(doctor.post(where, json=body), 409, "visit_closed")
    refused(send(doctor, patient, visit_id=visit["id"]), 409, "visit_closed")


@pytest.mark.parametrize("how", ["completed", "cancelled", "entered_in_error"])
def test_nothing_in_a_closed_visit_is_changed(app, doctor, patient, how):
    made = filled(doctor, patient)
    close(app, doctor, made["visit"], how)
    for method, where, body in changes_of(made):
        answer = doctor.open(method, where, json=body)
        assert (answer.status_code, answer.json["code"]) == (409, "visit_closed"), (method, where, answer.text)


def test_reopened_it_is_written_again(doctor, patient):
    made = filled(doctor, patient)
    verb(doctor, made["visit"], "complete")
    verb(doctor, made["visit"], "reopen", reason="More to say")
    for where, body in new_children(patient, made["visit"]).values():
        assert doctor.post(where, json=body).status_code == 201, where


def test_every_room_is_here(app, patient):
    """A table that names visits is either tried above, or filled by writing the visit itself."""
    nothing = {"id": str(uuid.uuid4()), "started_at": ""}
    tried = {*new_children(patient, nothing), "documents", "visit_diagnoses"}
    assert {table.name for table, _ in columns_naming_a_visit()} == tried


def test_every_route_is_here(app, patient):
    """A way to write what these rooms keep is tried above, marks an error, or adds to what stands."""
    rooms = ("visits", "treatments", "procedures", "records", "vaccines", "vitals", "documents")
    nothing = {name: {"id": str(uuid.uuid4()), "vaccine_code": "", "administered_on": ""} for name in _ALL}
    empty = {"id": str(uuid.uuid4()), "started_at": ""}
    added = (("POST", where) for where, _ in new_children(patient, empty).values())
    changed = ((method, where) for method, where, _ in changes_of(nothing))
    tried = {(method, _shape(where)) for method, where in (*added, *changed)}
    written = {
        (endpoint.verb.upper(), _shape(endpoint.rule.rule.removeprefix("/api/v1")))
        for endpoint in endpoints(app)
        if endpoint.alias_of is None
        and endpoint.verb in ("post", "put", "patch")
        and endpoint.rule.rule.removeprefix("/api/v1/").split("/")[0] in rooms
    }
    assert written - tried == {
        ("POST", "/visits"),
        ("POST", "/visits/*/reopen"),
        ("POST", "/visits/*/notes/*/addenda"),
        ("POST", "/procedures/*/addenda"),
        ("POST", "/records/me"),
    }


_ALL = (
    *("visit", "visit_notes", "vital_sets", "treatments", "procedures", "medical_records", "immunizations"),
    *("conditions", "documents"),
)


def _shape(where):
    """Return a path with a star for each id."""
    return "/".join("*" if "<" in part or len(part) == 36 else part for part in where.split("/"))
