"""Who sees which immunisations, by what they are filtered, and where else they show."""

import uuid

import pytest

from tests.factories.calendar import make_doctor, signed_in_doctor
from tests.factories.charts import make_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, path, refused, without_request_id
from tests.patients.test_proxies import grant
from tests.vaccines.support import DTAP, HEP_B, INFLUENZA, TODAY, child_of, dose, item, read, record, void


@pytest.fixture
def three(app, doctor, child):
    """Give three entries of one patient and one of another, the oldest first."""
    other = child_of(doctor, first_name="Bo", date_of_birth="2020-01-01")
    return [
        record(doctor, child, HEP_B, "2025-12-01"),
        record(doctor, child, DTAP, "2026-02-01", source="reported"),
        record(doctor, child, HEP_B, TODAY, status="not_done", not_done_reason="Fever"),
        record(doctor, other, INFLUENZA, "2026-01-15"),
    ]


def test_the_latest_is_first(doctor, three):
    a, b, c, d = (one["id"] for one in three)
    assert ids(doctor.get("/vaccines")) == [c, b, d, a]
    assert ids(doctor.get("/vaccines?sort=administered_on")) == [a, d, b, c]
    # Written down in one instant: the ids tell the order.
    assert ids(doctor.get("/vaccines?sort=created_at")) == sorted([a, b, c, d])
    assert doctor.get("/vaccines").json["data"][0] == read(doctor, three[2])


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"status": "completed"}, [1, 3, 0]),
        ({"status": "not_done"}, [2]),
        ({"status": "entered_in_error"}, []),
        ({"source": "reported"}, [1]),
        ({"vaccine_code": HEP_B}, [2, 0]),
        ({"from": "2026-01-15"}, [2, 1, 3]),
        ({"to": "2026-01-15"}, [3, 0]),
        ({"from": "2026-01-16", "to": "2026-02-01"}, [1]),
        ({"from": "2026-02-01T10:00:00Z", "to": "2026-03-01T10:00:00Z"}, [1]),
    ],
)
def test_filters(doctor, three, query, places):
    assert ids(doctor.get("/vaccines", query_string=query)) == [three[place]["id"] for place in places]


def test_filters_by_patient_visit_and_doctor(app, child):
    client, facts = signed_in_doctor(app)
    relate(app, uuid.UUID(child["id"]), client.user.id)
    keeper = make_doctor(app)
    visit = str(make_visit(app, uuid.UUID(child["id"]), keeper.id))
    at_visit, alone = record(client, child, visit_id=visit), record(client, child, DTAP)
    by_report = record(client, child, INFLUENZA, source="reported")
    assert ids(client.get(f"/vaccines?visit_id={visit}")) == [at_visit["id"]]
    assert ids(client.get(f"/vaccines?doctor_id={keeper.id}")) == [at_visit["id"]]
    # Of a doctor is also what they gave without a visit.
    assert set(ids(client.get(f"/vaccines?doctor_id={facts.id}"))) == {at_visit["id"], alone["id"]}
    assert len(ids(client.get(f"/vaccines?patient_id={child['id']}"))) == 3
    assert ids(client.get(f"/vaccines?patient_id={uuid.uuid4()}")) == []
    assert by_report["id"] not in ids(client.get(f"/vaccines?doctor_id={facts.id}"))


def test_a_range_that_ends_before_it_begins(doctor):
    refused(doctor.get("/vaccines?from=2026-03-02&to=2026-03-01"), 422, "validation_failed", "to")


# Scope


def test_a_relation_opens_them(app, doctor, child):
    made = record(doctor, child)
    stranger, nurse = signed_in(app, "doctor"), signed_in(app, "nurse")
    relate(app, uuid.UUID(child["id"]), nurse.user.id)
    assert ids(nurse.get("/vaccines")) == [made["id"]]
    assert read(nurse, made) == made
    assert ids(stranger.get("/vaccines")) == []
    absent = stranger.get(f"/vaccines/{uuid.uuid4()}")
    for answer in (
        stranger.get(item(made)),
        stranger.patch(item(made), json={"notes": "x", "version": 1}),
        stranger.delete(f"{item(made)}?reason=x", headers={"If-Match": "*"}),
        stranger.get(f"{item(made)}/versions"),
        stranger.post("/vaccines", json=dose(child)),
        stranger.get(path(child, "vaccines/due")),
    ):
        refused(answer, 404, "not_found")
        assert without_request_id(answer) == without_request_id(absent)


@pytest.mark.parametrize("role", ["receptionist", "technician", "pharmacist", "cashier"])
def test_other_roles_see_none(app, doctor, child, role):
    made, someone = record(doctor, child), signed_in(app, role)
    for where in ("/vaccines", item(made), "/vaccines/catalog", path(child, "vaccines/due")):
        refused(someone.get(where), 403, "forbidden")


def test_patients_see_their_own_and_write_none(app, clock):
    doctor, patient = signed_in(app, "doctor"), signed_in(app, "patient")
    own, other = make_patient(app, user_id=patient.user.id), make_patient(app)
    for one in (own, other):
        relate(app, one.id, doctor.user.id)
    mine, theirs = record(doctor, own), record(doctor, other)
    assert ids(patient.get("/vaccines")) == [mine["id"]]
    assert read(patient, mine) == mine
    refused(patient.get(item(theirs)), 404, "not_found")
    assert ids(patient.get(f"/vaccines?patient_id={other.id}")) == []
    assert patient.get(path(own, "vaccines/due")).status_code == 200
    refused(patient.get(path(other, "vaccines/due")), 404, "not_found")
    refused(patient.post("/vaccines", json=dose(own)), 403, "forbidden")
    refused(patient.patch(item(mine), json={"notes": "x", "version": 1}), 403, "forbidden")
    refused(patient.delete(f"{item(mine)}?reason=x"), 403, "forbidden")


def test_a_guardian_sees_the_ward_s(app, clock):
    doctor, desk, guardian = signed_in(app, "doctor"), signed_in(app, "receptionist"), signed_in(app, "patient")
    ward = make_patient(app)
    relate(app, ward.id, doctor.user.id)
    made = record(doctor, ward)
    refused(guardian.get(item(made)), 404, "not_found")
    grant(desk, ward, guardian.user)
    assert ids(guardian.get("/vaccines")) == [made["id"]]
    assert read(guardian, made) == made
    assert guardian.get(path(ward, "vaccines/due")).status_code == 200


@pytest.mark.parametrize("roles", [("doctor",), ("nurse",)])
def test_nobody_vaccinates_themselves(app, clock, roles):
    someone = signed_in(app, user=make_user(app, *roles))
    own = make_patient(app, user_id=someone.user.id)
    relate(app, own.id, someone.user.id)
    refused(someone.post("/vaccines", json=dose(own)), 403, "own_record")
    refused(someone.get(f"/vaccines?patient_id={own.id}"), 403, "own_record")


def test_through_broken_glass(app, doctor, child):
    made = record(doctor, child)
    admin, stranger = signed_in(app, "admin"), signed_in(app, "doctor")
    for someone in (admin, stranger):
        refused(someone.get(item(made)), 404, "not_found")
        assert someone.post(path(child, "break-glass"), json={"reason": "Unconscious"}).status_code == 201
        assert read(someone, made) == made
        assert ids(someone.get("/vaccines")) == []
        assert ids(someone.get(f"/vaccines?patient_id={child['id']}")) == [made["id"]]
        assert someone.get(path(child, "vaccines/due")).status_code == 200
    refused(admin.post("/vaccines", json=dose(child)), 403, "forbidden")
    added = record(stranger, child, DTAP)
    for one in (made, added):
        answer = stranger.patch(item(one), json={"notes": "x", "version": 1})
        refused(answer, 403, "glass_reads_and_adds_only")
    assert admin.delete(f"{item(made)}?reason=Wrong+child", headers={"If-Match": '"1"'}).status_code == 204


def test_each_read_names_the_patient_in_the_audit_log(app, doctor, child):
    made = record(doctor, child)
    read(doctor, made)
    doctor.get(path(child, "vaccines/due"))
    rows = [row for row in audit_rows(app) if row["action"].startswith("vaccines.")]
    assert [row["action"] for row in rows] == ["vaccines.record", "vaccines.read", "vaccines.due"]
    assert {str(uuid.UUID(str(row["patient_id"]))) for row in rows} == {child["id"]}


# Where else they show


def test_the_timeline(app, doctor, child, three):
    events = [one for one in doctor.get(path(child, "timeline")).json["data"] if one["kind"] == "vaccine"]
    assert [one["object_id"] for one in events] == [three[place]["id"] for place in (2, 1, 0)]
    assert events[0]["title"] == "Not given: Hep B, adolescent or pediatric"
    assert (events[1]["title"], events[1]["at"], events[1]["object_type"]) == (
        "DTaP",
        "2026-02-01T00:00:00Z",
        "immunization",
    )


def test_the_summary_says_what_is_due(doctor, child):
    due = doctor.get(path(child, "summary")).json["data"]["due_vaccines"]
    groups = {one["vaccine_group"] for one in due}
    assert {"DTaP/Tdap/Td", "Polio"} <= groups
    assert not {"MMR", "HPV"} & groups  # not before next winter, and in ten years
    days = [one["recommended_on"] for one in due]
    assert days == sorted(days)
    assert None not in days


def test_the_export_has_every_version(app, clock):
    doctor, patient = signed_in(app, "doctor"), signed_in(app, "patient")
    own = make_patient(app, user_id=patient.user.id)
    relate(app, own.id, doctor.user.id)
    made = record(doctor, own, lot_number="A1")
    doctor.patch(item(made), json={"lot_number": "A2", "version": 1})
    exported = patient.get(path(own, "export")).json
    assert [one["lot_number"] for one in exported["immunizations"]] == ["A2"]
    assert [one["said"]["lot_number"] for one in exported["immunization_versions"]] == ["A1"]


def test_what_was_entered_in_error_is_for_staff_alone(app, clock):
    doctor, patient, guardian = signed_in(app, "doctor"), signed_in(app, "patient"), signed_in(app, "patient")
    own = make_patient(app, user_id=patient.user.id)
    relate(app, own.id, doctor.user.id)
    grant(signed_in(app, "receptionist"), own, guardian.user)
    made, kept = record(doctor, own, lot_number="A1"), record(doctor, own, DTAP)
    made = doctor.patch(item(made), json={"lot_number": "A2", "version": 1}).json["data"]
    assert len(patient.get(f"{item(made)}/versions").json["data"]) == 1
    assert void(doctor, made, reason="Belongs to Mr Other").status_code == 204
    in_error = "/vaccines?status=entered_in_error"
    for someone in (patient, guardian):
        assert ids(someone.get("/vaccines")) == [kept["id"]]
        for where in (in_error, f"{in_error}&patient_id={own.id}"):
            assert ids(someone.get(where)) == []
        for where in (item(made), f"{item(made)}/versions"):
            refused(someone.get(where), 404, "not_found")
    assert ids(doctor.get(in_error)) == ids(doctor.get(f"{in_error}&patient_id={own.id}")) == [made["id"]]
    assert read(doctor, made)["voided"]["reason"] == "Belongs to Mr Other"
    assert len(doctor.get(f"{item(made)}/versions").json["data"]) == 1


def test_a_list_names_the_patient_and_the_proxy_in_the_audit_log(app, clock):
    doctor, guardian = signed_in(app, "doctor"), signed_in(app, "patient")
    ward, other = make_patient(app), make_patient(app)
    for one in (ward, other):
        relate(app, one.id, doctor.user.id)
    grant(signed_in(app, "receptionist"), ward, guardian.user)
    record(doctor, ward)
    for someone, proxied in ((doctor, None), (guardian, ward.id)):
        assert len(ids(someone.get("/vaccines"))) == 1
        row = audit_rows(app)[-1]
        assert (row["action"], row["patient_id"], row["on_behalf_of"]) == ("vaccines.list", ward.id, proxied)
    record(doctor, other)
    assert len(ids(doctor.get("/vaccines"))) == 2
    row = audit_rows(app)[-1]
    assert (row["patient_id"], row["on_behalf_of"]) == (None, None)
