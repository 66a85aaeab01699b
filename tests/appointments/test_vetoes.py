"""When a patient dies or is deactivated their appointments are cancelled; a doctor with appointments does not leave."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.calendar import at, book, make_doctor, open_hours, set_columns, written
from tests.factories.database import query
from tests.factories.people import API, make_patient, make_user, signed_in
from tests.patients.support import refused


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")


@pytest.fixture
def doctor(app):
    """Give a doctor who sees patients every day."""
    found = make_doctor(app)
    open_hours(app, found.id)
    return found


def shown(admin, *appointments):
    return [admin.get(f"/appointments/{one.id}").json["data"] for one in appointments]


def taken(app):
    return len(query(app, "SELECT id FROM taken_intervals"))


def test_death_cancels_what_is_to_come_and_frees_the_time(app, clock, admin, doctor):
    patient, other = make_patient(app), make_patient(app)
    past = book(app, doctor.id, patient.id, at(1, "15:00"))
    set_columns(app, past.id, starts_at=at(-1), ends_at=at(-1, "10:30"))
    tomorrow, next_week = book(app, doctor.id, patient.id, at(1)), book(app, doctor.id, patient.id, at(7))
    of_other = book(app, doctor.id, other.id, at(1, "11:00"))
    answer = admin.patch(f"/patients/{patient.id}", json={"status": "deceased"})
    assert answer.status_code == 200, answer.text

    before, *coming, untouched = shown(admin, past, tomorrow, next_week, of_other)
    assert [one["status"] for one in coming] == ["cancelled", "cancelled"]
    for one in coming:
        assert one["cancelled"]["reason"] == "patient_deceased"
        assert one["cancelled"]["party"] == "clinic"
    assert before["status"] == "scheduled"
    assert untouched["status"] == "scheduled"
    assert taken(app) == 2
    history = admin.get(f"/appointments/{tomorrow.id}/history").json["data"]
    assert history[-1]["to_status"] == "cancelled"
    assert history[-1]["actor"]["id"] == str(admin.user.id)
    assert book(app, doctor.id, other.id, at(7)).status == "scheduled"


def test_deactivation_cancels_them_too_and_coming_back_restores_nothing(app, clock, admin, doctor):
    patient = make_patient(app)
    coming, seen = book(app, doctor.id, patient.id, at(1)), book(app, doctor.id, patient.id, at(2))
    set_columns(app, seen.id, status="in_progress")
    assert admin.delete(f"/patients/{patient.id}").status_code == 204
    assert [one["status"] for one in shown(admin, coming, seen)] == ["cancelled", "in_progress"]
    assert shown(admin, coming)[0]["cancelled"]["reason"] == "patient_inactive"
    body = {"patient_id": str(patient.id), "doctor_id": str(doctor.id), "starts_at": written(at(3))}
    refused(admin.post("/appointments", json=body), 409, "patient_inactive")
    assert admin.post(f"/patients/{patient.id}/reactivate").status_code == 200
    assert shown(admin, coming)[0]["status"] == "cancelled"


def test_a_doctor_with_coming_appointments_is_not_deactivated_and_they_are_listed(app, clock, admin, doctor):
    patient = make_patient(app)
    first, second = book(app, doctor.id, patient.id, at(5)), book(app, doctor.id, patient.id, at(2))
    set_columns(app, book(app, doctor.id, patient.id, at(3)).id, status="completed")
    answer = admin.delete(f"/doctors/{doctor.id}")
    refused(answer, 409, "has_bookings")
    assert [one["id"] for one in answer.json["appointments"]] == [str(second.id), str(first.id)]
    assert answer.json["appointments"][0]["patient"]["id"] == str(patient.id)
    assert admin.get(f"/doctors/{doctor.id}").json["data"]["status"] == "active"

    for one in (first, second):
        cancelled = admin.delete(f"/appointments/{one.id}?reason=moves")
        assert cancelled.status_code == 204, cancelled.text
    assert admin.delete(f"/doctors/{doctor.id}").status_code == 204
    body = {"patient_id": str(patient.id), "doctor_id": str(doctor.id), "starts_at": written(at(6))}
    answer = admin.post("/appointments", json=body)
    refused(answer, 409, "not_available")
    assert "doctor_inactive" in [one["code"] for one in answer.json["reasons"]]


def test_closing_a_doctors_account_leaves_the_appointments_to_the_desk(app, clock, admin):
    user = make_user(app, "doctor")
    doctor = make_doctor(app, user_id=user.id)
    open_hours(app, doctor.id)
    one = book(app, doctor.id, make_patient(app).id, at(2))
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert shown(admin, one)[0]["status"] == "scheduled"


def at_once(jobs):
    with ThreadPoolExecutor(len(jobs)) as threads:
        return [one.result() for one in [threads.submit(requests.request, *job[0], **job[1]) for job in jobs]]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["patients", "doctors"])
def test_no_booking_slips_in_beside_a_farewell(app, live_server, admin, doctor, who):
    """Book many times while patient or doctor is deactivated: no live booking is left of who has gone."""
    patient = make_patient(app)
    base, options = f"{live_server.base_url}{API}", {"headers": admin.tokens.headers, "timeout": 60}
    gone = {"patients": patient, "doctors": doctor}[who]
    bodies = [
        {"patient_id": str(patient.id), "doctor_id": str(doctor.id), "starts_at": written(at(2 + number))}
        for number in range(10)
    ]
    jobs = [(("POST", f"{base}/appointments"), {**options, "json": body}) for body in bodies]
    jobs.insert(5, (("DELETE", f"{base}/{who}/{gone.id}"), options))
    answers = at_once(jobs)
    farewell = answers.pop(5)
    assert {answer.status_code for answer in answers} <= {201, 409}, [answer.text for answer in answers]
    assert farewell.status_code in ({204} if who == "patients" else {204, 409})
    live = len(query(app, "SELECT id FROM appointments WHERE status = 'scheduled'"))
    if farewell.status_code == 204:
        assert live == taken(app) == 0
    else:
        assert live == taken(app) == sum(answer.status_code == 201 for answer in answers)
        assert 0 < len(farewell.json()["appointments"]) <= live
