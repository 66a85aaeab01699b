"""The same vaccine is given to a patient once a day, unless whoever writes it down says that it was given twice."""

import uuid

import pytest

from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import ids, refused
from tests.patients.test_races import at_once, send
from tests.vaccines.support import DTAP, HEP_B, TODAY, dose, item, read, record, void

ON = "2026-02-01"


@pytest.fixture
def first(doctor, child):
    """Give the dose that stands already."""
    return record(doctor, child, on=ON)


def already(answer, entry):
    """Hold that an answer refuses what stands already, and says which entry it is."""
    refused(answer, 409, "duplicate_vaccine")
    assert answer.json["vaccine_id"] == entry["id"]


def test_the_same_dose_again_is_refused_with_the_one_that_stands(doctor, child, first):
    already(doctor.post("/vaccines", json=dose(child, on=ON)), first)
    already(doctor.post("/vaccines", json=dose(child, on=ON, source="reported", dose_number=2)), first)
    assert ids(doctor.get("/vaccines")) == [first["id"]]


def test_what_was_given_twice_is_said_to_be(doctor, child, first):
    second = record(doctor, child, on=ON, confirm_new=True)
    assert set(ids(doctor.get("/vaccines"))) == {first["id"], second["id"]}
    # What was confirmed once is not asked again.
    assert doctor.patch(item(second), json={"notes": "Other arm", "version": 1}).status_code == 200
    whole = {**read(doctor, second), "notes": "Left arm"}
    assert doctor.put(item(second), json=whole).status_code == 200
    refused(
        doctor.post("/vaccines", json=dose(child, on=ON, confirm_new="yes")), 422, "validation_failed", "confirm_new"
    )


def test_that_it_was_confirmed_is_audited(app, doctor, child, first):
    record(doctor, child, on=ON, confirm_new=True)
    rows = signed_in(app, "admin").get("/audit-logs", query_string={"action": "vaccines.record"}).json["data"]
    assert [row["note"] for row in rows] == ["confirm_new", ""]


def test_another_day_another_vaccine_another_patient(app, doctor, child, first):
    record(doctor, child, DTAP, on=ON)
    record(doctor, child, on=TODAY)
    other = make_patient(app)
    relate(app, other.id, doctor.user.id)
    record(doctor, other, on=ON)


def test_what_was_not_given_stands_beside_what_was(doctor, child, first):
    for _ in range(2):
        record(doctor, child, on=ON, status="not_done", not_done_reason="Crying")


def test_after_an_error_it_is_written_down_again(doctor, child, first):
    assert void(doctor, first).status_code == 204
    record(doctor, child, on=ON)


def test_a_correction_is_asked_as_well(doctor, child, first):
    by_date, by_code = record(doctor, child, on=TODAY), record(doctor, child, DTAP, on=ON)
    refusal = {"status": "not_done", "not_done_reason": "Fever"}
    by_status = record(doctor, child, on=ON, **refusal)
    for made, change in (
        (by_date, {"administered_on": ON}),
        (by_code, {"vaccine_code": HEP_B}),
        (by_status, {"status": "completed", "not_done_reason": None}),
    ):
        already(doctor.patch(item(made), json={**change, "version": 1}), first)
        whole = {**read(doctor, made), **change}
        already(doctor.put(item(made), json=whole), first)
        assert read(doctor, made) == made
        answer = doctor.patch(item(made), json={**change, "confirm_new": True, "version": 1})
        assert answer.status_code == 200, answer.text


def test_an_id_that_is_sent_again_is_taken(doctor, child):
    brought = str(uuid.uuid4())
    record(doctor, child, on=ON, id=brought)
    refused(doctor.post("/vaccines", json=dose(child, on=ON, id=brought)), 409, "id_taken")


def test_of_two_who_write_it_down_at_once_one_is_told(live_server, app):
    nurse, patient = signed_in(app, "nurse"), make_patient(app)
    relate(app, patient.id, nurse.user.id)
    for day in range(1, 6):
        body = dose(patient, on=f"2026-01-0{day}")
        answers = at_once(2, lambda _number, body=body: send(live_server, nurse, "POST", "/vaccines", body))
        assert sorted(status for status, _ in answers) == [201, 409], answers
        (winner,) = [body["data"]["id"] for status, (body, _) in answers if status == 201]
        (refusal,) = [body for status, (body, _) in answers if status == 409]
        assert (refusal["code"], refusal["vaccine_id"]) == ("duplicate_vaccine", winner)
