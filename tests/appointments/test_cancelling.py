"""Cancelling: who may until when, what it gives back, and that it happens once."""

from datetime import timedelta

import pytest

from server.core.uow import command
from server.modules.appointments import signals
from server.modules.appointments.enums import Party
from server.modules.appointments.service import cancelling
from tests.appointments.calls import booked, history, one, open_doctor, stored_id, taken
from tests.factories.calendar import at, book, open_hours, set_columns, signed_in_doctor, written
from tests.factories.people import make_patient, signed_in
from tests.patients.support import blamed, refused


@pytest.fixture(autouse=True)
def _stand_still(clock):
    pass


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def freed():
    """Give what time was given back."""
    heard = []

    def hear(_sender, **what):
        heard.append(what)

    with signals.freed.connected_to(hear):
        yield heard


def test_a_cancelled_appointment_gives_its_time_back_and_stays_readable(app, desk, freed):
    doctor, patient = open_doctor(app), make_patient(app)
    made = booked(desk, doctor, patient)
    answer = desk.post(one(made, "cancel"), json={"reason": "flood"})
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["status"], shown["version"]) == ("cancelled", 2)
    assert shown["cancelled"] == {
        "at": "2026-03-02T08:00:00Z",
        "by": str(desk.user.id),
        "party": "clinic",
        "reason": "flood",
    }
    assert taken(app) == []
    assert [(str(one["doctor_id"]), one["starts_at"]) for one in freed] == [(str(doctor.id), at(3))]
    assert history(desk, made) == [(None, "scheduled"), ("scheduled", "cancelled")]
    booked(desk, doctor, patient)


def test_cancelling_again_changes_nothing(app, desk, freed):
    made = booked(desk, open_doctor(app), make_patient(app))
    first = desk.post(one(made, "cancel"), json={"reason": "flood"}).json["data"]
    again = desk.post(one(made, "cancel"), json={"reason": "fire", "cancelled_by_party": "patient"})
    assert (again.status_code, again.json["data"]) == (200, first)
    for _ in range(2):
        assert desk.delete(one(made) + "?reason=fire", headers={"If-Match": '"1"'}).status_code == 204
    assert history(desk, made) == [(None, "scheduled"), ("scheduled", "cancelled")]
    assert len(freed) == 1


def test_delete_takes_the_reason_from_the_query(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    answer = desk.delete(one(made))
    assert (answer.status_code, blamed(answer)) == (422, {"reason"})
    refused(desk.delete(one(made) + "?reason=x", headers={"If-Match": '"7"'}), 412, "stale_version")
    assert desk.delete(one(made) + "?reason=no%20power").status_code == 204
    assert desk.get(one(made)).json["data"]["cancelled"]["reason"] == "no power"
    without = desk.post(one(booked(desk, open_doctor(app), make_patient(app)), "cancel"))
    assert (without.status_code, blamed(without)) == (422, {"reason"})


@pytest.mark.parametrize(
    ("status", "goes"),
    [
        ("scheduled", True),
        ("confirmed", True),
        ("checked_in", True),
        ("in_progress", False),
        ("completed", False),
        ("no_show", False),
    ],
)
def test_only_what_has_not_begun_is_cancelled(app, desk, status, goes):
    made = booked(desk, open_doctor(app), make_patient(app))
    set_columns(app, stored_id(made["id"]), status=status)
    answer = desk.post(one(made, "cancel"), json={"reason": "x"})
    if goes:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, 409, "invalid_transition")
        assert len(taken(app)) == 1


def test_patients_cancel_until_a_day_before_and_staff_later(app, desk, clock):
    someone = signed_in(app, "patient")
    own, doctor = make_patient(app, user_id=someone.user.id), open_doctor(app)
    first, second = booked(someone, doctor, own, at(1)), booked(someone, doctor, own, at(1, "11:00"))
    clock.shift(timedelta(hours=2))
    someone, desk = signed_in(app, user=someone.user), signed_in(app, user=desk.user)
    assert someone.delete(one(first)).status_code == 204  # to the minute 24 hours before, and patients need no reason
    clock.shift(timedelta(hours=1, seconds=1))
    someone, desk = signed_in(app, user=someone.user), signed_in(app, user=desk.user)
    refused(someone.delete(one(second)), 409, "notice_window")
    refused(someone.post(one(second, "cancel"), json={"reason": "ill"}), 409, "notice_window")
    assert someone.delete(one(first)).status_code == 204
    assert desk.post(one(second, "cancel"), json={"reason": "called"}).status_code == 200


def test_a_refusal_that_comes_too_late_for_patients_says_the_clinics_number(app):
    someone, doctor = signed_in(app, "patient"), open_doctor(app)
    made = booked(someone, doctor, make_patient(app, user_id=someone.user.id), at(0, "12:00"))
    said = "It is too late to cancel or move this appointment by oneself; ask the clinic"
    assert someone.post(one(made, "cancel"), json={"reason": "ill"}).json["message"] == f"{said}."
    assert signed_in(app, "admin").patch("/clinic", json={"phone": "+16175550100"}).status_code == 200
    for verb, body in (("cancel", {"reason": "ill"}), ("reschedule", {"starts_at": written(at(9))})):
        answer = someone.post(one(made, verb), json=body)
        refused(answer, 409, "notice_window")
        assert answer.json["message"] == f"{said} (+16175550100)."


def test_the_party_is_who_cancelled_unless_staff_say_otherwise(app, desk):
    (me, own), someone = signed_in_doctor(app), signed_in(app, "patient")
    open_hours(app, own.id)
    chart = make_patient(app, user_id=someone.user.id)
    days = iter(range(3, 30))

    def cancelled(who, **body):
        made = booked(desk, own, chart, at(next(days)))
        answer = who.post(one(made, "cancel"), json=body)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]["cancelled"]["party"]

    assert cancelled(someone) == "patient"
    assert cancelled(desk, reason="x") == "clinic"
    assert cancelled(me, reason="x") == "provider"
    assert cancelled(desk, reason="x", cancelled_by_party="patient") == "patient"
    made = booked(desk, own, chart, at(next(days)))
    answer = someone.post(one(made, "cancel"), json={"cancelled_by_party": "clinic"})
    assert (answer.status_code, blamed(answer)) == (422, {"cancelled_by_party"})


def test_many_are_cancelled_whatever_the_notice(app, desk, freed):
    doctor, patient = open_doctor(app), make_patient(app)
    soon, later, over = (book(app, doctor.id, patient.id, at(*when)) for when in ((0, "08:30"), (5,), (6,)))
    set_columns(app, over.id, status="completed")
    ids = [soon.id, later.id, over.id]
    for _ in range(2):
        with app.app_context(), command("tests.cancel_many", "appointment"):
            cancelling.cancel_many(actor=None, appointment_ids=ids, reason="provider_leave", party=Party.PROVIDER)
    shown = {row["id"]: row for row in desk.get("/appointments").json["data"]}
    assert [shown[str(one_id)]["status"] for one_id in ids] == ["cancelled", "cancelled", "completed"]
    assert shown[str(soon.id)]["cancelled"]["reason"] == "provider_leave"
    assert len(taken(app)) == 1
    assert [what["starts_at"] for what in freed] == [at(0, "08:30"), at(5)]
    assert history(desk, soon) == [(None, "scheduled"), ("scheduled", "cancelled")]


def test_time_that_is_over_is_not_given_back(app, desk, freed):
    made = booked(desk, open_doctor(app), make_patient(app), at(0, "07:15"), override_reason="was here")
    assert desk.post(one(made, "cancel"), json={"reason": "mistake"}).status_code == 200
    assert freed == []
    assert written(at(0)) > made["starts_at"]
