"""A whole consultation in one call: all of it or nothing, and what is wrong by its path."""

import uuid
from typing import Any

import pytest

from server.core.ids import new_id
from tests.chart.clinic import Clinic, counts, make_clinic, measured, statements, whole
from tests.factories.calendar import at, book, make_doctor, open_hours, written
from tests.factories.charts import set_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import blamed, path, refused


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def changed(body: dict[str, Any], where: str, value: Any) -> dict[str, Any]:
    """Return a consultation with another value at a path."""
    *steps, last = (int(step) if step.isdigit() else step for step in where.split("."))
    found: Any = body
    for step in steps:
        found = found[step]
    found[last] = value
    return body


PARTS = ("visit", "vitals", "note", "diagnoses", "treatments", "procedures", "prescriptions", "follow_up")


def nothing_was_stored(clinic: Clinic, before: dict[str, int]) -> None:
    assert counts(clinic.app) == before
    visit = clinic.doctor.get(clinic.visit).json["data"]
    assert (visit["chief_complaint"], visit["diagnoses"], visit["version"]) == (None, [], 1)


def test_twelve_parts_are_all_there(app, clinic):
    answer = clinic.doctor.post(clinic.chart, json=whole(clinic))
    assert answer.status_code == 201, answer.text
    data = answer.json["data"]
    assert data.keys() == {*PARTS}
    assert answer.headers["Location"] == f"/api/v1{clinic.visit}"
    assert answer.headers["ETag"] == f'"{data["visit"]["version"]}"'
    assert counts(app) == {
        "visit_diagnoses": 3,
        "vital_sets": 1,
        "vital_measurements": 4,
        "visit_notes": 1,
        "treatments": 3,
        "treatment_items": 1,
        "procedures": 3,
        "appointments": 1,
        "taken_intervals": 1,
        "charges": 0,
    }
    doctor = clinic.doctor
    assert doctor.get(clinic.visit).json["data"] == data["visit"]
    assert data["visit"]["chief_complaint"] == "Cough <3 days & fever"
    assert data["visit"]["version"] == 2
    assert [one["code"] for one in data["diagnoses"]] == ["J45.909", "R05.9", None]
    assert doctor.get(f"{clinic.visit}/notes").json["data"] == [data["note"]]
    assert (data["note"]["status"], data["note"]["plan"]) == ("draft", "Rest\nFluids")
    assert doctor.get(f"{clinic.visit}/vitals").json["data"] == [data["vitals"]]
    by_kind = {one["kind"]: one for one in data["vitals"]["measurements"]}
    assert (by_kind["temperature"]["value"], by_kind["temperature"]["unit"]) == (37.0, "Cel")
    listed = doctor.get(f"/treatments?visit_id={clinic.visit_id}&sort=created_at").json["data"]
    assert [one["id"] for one in listed] == [one["id"] for one in data["treatments"]]
    assert data["treatments"][0]["items_used"][0]["quantity"] == 2
    assert [one["status"] for one in data["treatments"]] == ["planned", "in_progress", "planned"]
    listed = doctor.get(f"/procedures?visit_id={clinic.visit_id}&sort=created_at").json["data"]
    assert [one["name"] for one in listed] == ["Spirometry", "Chest X-ray", "ECG"]
    assert listed == data["procedures"]
    follow_up = doctor.get(f"/appointments/{data['follow_up']['id']}").json["data"]
    assert follow_up == data["follow_up"]
    assert (follow_up["type"], follow_up["doctor_id"]) == ("follow_up", str(clinic.doctor_id))
    assert {one["recorded_by"] for one in (data["note"], data["vitals"], *data["treatments"])} == {str(doctor.user.id)}


WRONG = {
    "treatments.1.items_used": ([{"item_id": str(new_id()), "quantity": 1}], "treatments.1.items_used.0.item_id"),
    "treatments.2.name": (None, "treatments.2.name"),
    "treatments.0.service_id": (str(new_id()), "treatments.0"),
    "vitals.measurements.0.value": (400, "vitals.measurements.0.value"),
    "vitals.measurements.1.unit": ("kg", "vitals.measurements.1.unit"),
    "vitals.measured_at": ("2199-01-01T00:00:00Z", "vitals.measured_at"),
    "note.plan": ("\u202e", "note.plan"),
    "diagnoses.1.code": ("X99.99Z", "diagnoses.1.code"),
    "procedures.2.name": (None, "procedures.2.name"),
    "visit.follow_up_on": ("2000-01-01", "visit.follow_up_on"),
    "follow_up.starts_at": ("2000-01-01T10:00:00Z", "follow_up.starts_at"),
    "follow_up.doctor_id": (str(new_id()), "follow_up.doctor_id"),
    "follow_up.patient_id": (str(new_id()), "follow_up.patient_id"),
    "visit.number": ("V-1", "visit.number"),
    "prescriptions": ([{"quantity": 1}], "prescriptions"),
}


@pytest.mark.parametrize("where", WRONG)
def test_one_wrong_line_and_nothing_is_there(app, clinic, where):
    before = counts(app)
    value, named = WRONG[where]
    answer = clinic.doctor.post(clinic.chart, json=changed(whole(clinic), where, value))
    assert answer.status_code in (409, 422), answer.text
    assert all(one == named or one.startswith(f"{named}.") for one in blamed(answer)), answer.text
    nothing_was_stored(clinic, before)


def test_a_time_that_is_taken_stores_nothing(app, clinic):
    book(app, clinic.doctor_id, make_patient(app).id, at(7))
    before = counts(app)
    answer = clinic.doctor.post(clinic.chart, json=whole(clinic))
    refused(answer, 409, "slot_taken")
    assert all(one.startswith("follow_up") for one in blamed(answer))
    nothing_was_stored(clinic, before)


def test_an_id_that_is_taken_is_named_where_it_was_sent(app, clinic):
    made = clinic.doctor.post(clinic.chart, json={"procedures": [{"name": "ECG"}]}).json["data"]["procedures"][0]
    before = counts(app)
    body = {"procedures": [{"name": "X-ray"}, {"id": made["id"], "name": "ECG"}]}
    answer = clinic.doctor.post(clinic.chart, json=body)
    refused(answer, 409, "id_taken", "procedures.1.id")
    assert counts(app) == before


def test_a_client_may_make_the_ids(clinic):
    mine = str(new_id())
    answer = clinic.doctor.post(clinic.chart, json={"note": {"id": mine, "plan": "Rest"}})
    assert answer.json["data"]["note"]["id"] == mine


def test_some_parts_alone_leave_the_others_as_they_are(clinic):
    first = clinic.doctor.post(clinic.chart, json={"vitals": measured()})
    assert first.status_code == 201, first.text
    data = first.json["data"]
    assert (data["note"], data["follow_up"], data["treatments"], data["diagnoses"]) == (None, None, [], [])
    nothing = {"visit": None, "vitals": None, "note": None, "follow_up": None}
    nothing |= {"diagnoses": [], "treatments": [], "procedures": [], "prescriptions": []}
    again = clinic.doctor.post(clinic.chart, json=nothing)
    assert again.status_code == 201, again.text
    assert again.json["data"]["visit"] == data["visit"]


def test_what_nobody_has_said_is_added_and_what_stands_is_rewritten_by_who_has_read_it(clinic):
    doctor = clinic.doctor
    assert doctor.post(clinic.chart, json={"visit": {"chief_complaint": "Cough"}}).status_code == 201
    same = doctor.post(clinic.chart, json={"visit": {"chief_complaint": "Cough", "notes": "Pale"}})
    assert same.status_code == 201, same.text
    rewriting = {"visit": {"chief_complaint": "Fever"}}
    refused(doctor.post(clinic.chart, json=rewriting), 428, "version_required")
    stale = doctor.post(clinic.chart, json=rewriting, headers={"If-Match": '"1"'})
    refused(stale, 412, "stale_version")
    version = same.json["data"]["visit"]["version"]
    done = doctor.post(clinic.chart, json={**rewriting, "version": version})
    assert done.json["data"]["visit"]["chief_complaint"] == "Fever"
    refused(doctor.post(clinic.chart, json={"note": {"plan": "x"}, "version": version}), 412, "stale_version")


def test_the_version_may_be_said_in_the_visit(clinic):
    doctor = clinic.doctor
    made = doctor.post(clinic.chart, json={"visit": {"chief_complaint": "Cough"}}).json["data"]["visit"]
    stale = {"visit": {"chief_complaint": "Fever", "version": 1}}
    refused(doctor.post(clinic.chart, json=stale), 412, "stale_version")
    refused(doctor.post(clinic.chart, json={**stale, "version": made["version"]}), 412, "stale_version")
    read = {"visit": {"chief_complaint": "Fever", "version": made["version"]}}
    refused(doctor.post(clinic.chart, json={**read, "version": 1}), 412, "stale_version")
    refused(doctor.post(clinic.chart, json=read, headers={"If-Match": '"1"'}), 412, "stale_version")
    for version in (None, "2", True, -1, 2.5):
        odd = {"visit": {**read["visit"], "version": version}}
        refused(doctor.post(clinic.chart, json=odd), 422, "validation_failed", "visit.version")
    done = doctor.post(clinic.chart, json={**read, "version": made["version"]})
    assert done.status_code == 201, done.text
    assert done.json["data"]["visit"]["chief_complaint"] == "Fever"
    alone = {"visit": {"chief_complaint": "Cold", "version": done.json["data"]["visit"]["version"]}}
    assert doctor.post(clinic.chart, json=alone).status_code == 201


def test_diagnoses_are_added_to_and_taken_off_only_by_who_has_read_them(clinic):
    doctor = clinic.doctor
    gout, flu = ({"display": word, "code": None, "is_primary": False} for word in ("Gout", "Flu"))
    assert doctor.post(clinic.chart, json={"diagnoses": [gout]}).status_code == 201
    more = doctor.post(clinic.chart, json={"diagnoses": [flu, gout]})
    assert [one["display"] for one in more.json["data"]["diagnoses"]] == ["Flu", "Gout"]
    refused(doctor.post(clinic.chart, json={"diagnoses": [flu]}), 428, "version_required")
    refused(doctor.post(clinic.chart, json={"visit": {"diagnoses": []}}), 428, "version_required")
    tag = {"If-Match": more.headers["ETag"]}
    done = doctor.post(clinic.chart, json={"diagnoses": [flu]}, headers=tag)
    assert [one["display"] for one in done.json["data"]["diagnoses"]] == ["Flu"]
    twice = doctor.post(clinic.chart, json={"diagnoses": [flu], "visit": {"diagnoses": [gout]}})
    refused(twice, 422, "validation_failed", "diagnoses")


def test_a_closed_visit_takes_no_consultation(app, clinic):
    for status in ("completed", "cancelled", "entered_in_error"):
        set_visit(app, clinic.visit_id, status=status)
        refused(clinic.doctor.post(clinic.chart, json={"note": {"plan": "Rest"}}), 409, "visit_closed")
    assert sum(counts(app).values()) == 0


def test_who_saves_consultations(app, clinic):
    body = {"note": {"plan": "Rest"}}
    for someone in (clinic.nurse, signed_in(app, "admin"), clinic.somebody, signed_in(app, "technician")):
        refused(someone.post(clinic.chart, json=body), 403, "forbidden")
    refused(signed_in(app, "doctor").post(clinic.chart, json=body), 404, "not_found")
    refused(clinic.doctor.post(f"/visits/{uuid.uuid4()}/chart", json=body), 404, "not_found")
    assert clinic.another("doctor").post(clinic.chart, json=body).status_code == 201


def test_nobody_charts_their_own_consultation(app, clinic):
    user = make_user(app, "doctor")
    patient = make_patient(app, user_id=user.id)
    relate(app, patient.id, user.id)
    set_visit(app, clinic.visit_id, patient_id=patient.id)
    refused(signed_in(app, user=user).post(clinic.chart, json={}), 403, "own_record")


def test_through_broken_glass_one_adds_and_rewrites_nothing(app, clinic):
    stranger = signed_in(app, "doctor")
    broken = stranger.post(path(clinic.patient, "break-glass"), json={"reason": "Found unconscious at the door."})
    assert broken.status_code == 201, broken.text
    added = stranger.post(clinic.chart, json={"visit": {"notes": "Pale"}, "note": {"plan": "Rest"}})
    assert added.status_code == 201, added.text
    assert audit_rows(app)[-1]["break_glass_id"] is not None
    tag = {"If-Match": added.headers["ETag"]}
    answer = stranger.post(clinic.chart, json={"visit": {"notes": "Rosy"}}, headers=tag)
    refused(answer, 403, "glass_reads_and_adds_only")


def test_a_doctor_books_the_follow_up_in_their_own_calendar(app, clinic):
    other, mine = make_doctor(app), clinic.another("doctor")
    open_hours(app, other.id)
    wanted = {"starts_at": written(at(7))}
    answer = clinic.doctor.post(clinic.chart, json={"follow_up": {**wanted, "doctor_id": str(other.id)}})
    refused(answer, 422, "validation_failed", "follow_up.doctor_id")
    refused(mine.post(clinic.chart, json={"follow_up": wanted}), 422, "validation_failed", "follow_up.doctor_id")
    profile = make_doctor(app, user_id=mine.user.id)
    open_hours(app, profile.id)
    made = mine.post(clinic.chart, json={"follow_up": {**wanted, "doctor_id": str(profile.id), "type": "telehealth"}})
    assert made.status_code == 201, made.text
    assert made.json["data"]["follow_up"]["type"] == "telehealth"


def test_the_same_key_answers_the_same_and_stores_nothing_more(app, clinic):
    body, key = whole(clinic), {"Idempotency-Key": "visit-1"}
    first = clinic.doctor.post(clinic.chart, json=body, headers=key)
    stored = counts(app)
    again = clinic.doctor.post(clinic.chart, json=body, headers=key)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert counts(app) == stored


def test_one_row_of_the_audit_log_says_all_that_was_stored(app, clinic):
    data = clinic.doctor.post(clinic.chart, json=whole(clinic)).json["data"]
    row = audit_rows(app)[-1]
    assert (row["action"], row["object_id"], row["patient_id"]) == (
        "visits.chart",
        clinic.visit_id,
        clinic.patient.id,
    )
    stored = [data["note"], data["vitals"], *data["treatments"], *data["procedures"], data["follow_up"]]
    assert {str(one) for one in row["object_ids"]} == {one["id"] for one in stored}
    assert (row["version_before"], row["version_after"]) == (1, 2)


def test_statements_grow_with_the_parts_alone(app, clinic):
    def cost(number: int) -> int:
        body = {"procedures": [{"name": f"ECG {one}"} for one in range(number)]}
        with statements(app) as noted:
            assert clinic.doctor.post(clinic.chart, json=body).status_code == 201
        return len(noted)

    cost(1)
    one, three, five = cost(1), cost(3), cost(5)
    assert three - one == five - three
    assert cost(1) == one, "the chart has grown, the cost has not"


def test_the_documentation_shows_what_the_rooms_take(app, client):
    spec = client.get("/openapi.json").json
    schemas = spec["components"]["schemas"]
    asked = schemas["ConsultationIn"]["properties"]
    assert asked.keys() == {*PARTS}
    assert asked["treatments"]["items"] == {"$ref": "#/components/schemas/TreatmentAtVisit"}
    assert schemas["ConsultationOut"]["properties"].keys() == asked.keys()
    responses = spec["paths"]["/api/v1/visits/{visit_id}/chart"]["post"]["responses"]
    assert {"201", "409", "428"} <= responses.keys()
