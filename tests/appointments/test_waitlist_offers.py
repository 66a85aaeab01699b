"""An offer costs nobody anything: it is answered in every way that books it, and one that is void keeps the place."""

import uuid
from datetime import timedelta

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.doctors.models import DoctorSpecialty, Specialty
from tests.appointments.calls import booked, one, open_doctor, taken, wish
from tests.appointments.test_waitlist import THURSDAY, answered, go_on, person, seen, status, wait
from tests.appointments.visits import make_proxy
from tests.factories.calendar import at, book, take_leave, written
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import ids, refused

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def admin(app):
    return signed_in(app, "admin")


@pytest.fixture
def doctor(app):
    return open_doctor(app)


def free(app, desk, doctor, starts_at=None, **fields):
    """Have a stranger's time come free."""
    made = book(app, doctor.id, make_patient(app).id, starts_at or at(3), **fields)
    answer = desk.post(one(made, "cancel"), json={"reason": "Cannot come"})
    assert answer.status_code == 200, answer.text


def specialise(app, *doctors):
    """Give doctors a specialty and return its id."""
    with app.app_context(), command("tests.specialty", "specialty"):
        specialty = Specialty(code="tattoos", name="Tattoos", name_key="tattoos")
        db.session.add(specialty)
        db.session.flush()
        db.session.add_all(DoctorSpecialty(doctor_id=one.id, specialty_id=specialty.id) for one in doctors)
        return specialty.id


# Booking what is offered


@pytest.mark.parametrize("names_hold", [True, False])
@pytest.mark.parametrize("who", ["patient", "desk", "guardian"])
def test_booking_what_is_offered_accepts_it(app, doctor, who, names_hold):
    desk, admin = signed_in(app, "receptionist"), signed_in(app, "admin")
    client, chart = person(app)
    guardian = signed_in(app, "patient")
    make_proxy(admin, chart.id, guardian.user, "book", "view")
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    body = {"hold_id": seen(client, entry)["offer"]["hold_id"]} if names_hold else {}
    someone = {"patient": client, "desk": desk, "guardian": guardian}[who]
    made = booked(someone, doctor, chart, at(3), **body)
    found = seen(client, entry)
    assert (found["status"], found["appointment_id"], found["offer"]) == ("booked", made["id"], None)
    assert found["version"] == 3
    assert [row["kind"] for row in taken(app)] == ["booking"]
    refused(answered(client, entry, "accept"), 409, "not_offered")
    refused(client.delete(f"/waitlist/{entry['id']}"), 409, "invalid_transition")


def test_what_is_offered_to_one_is_taken_for_others(app, desk, doctor):
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    stranger, chart = person(app)
    refused(stranger.post("/appointments", json=wish(doctor, None, at(3))), 409, "slot_taken", "starts_at")
    refused(desk.post("/appointments", json=wish(doctor, chart, at(3))), 409, "slot_taken", "starts_at")
    hold_id = seen(client, entry)["offer"]["hold_id"]
    refused(stranger.post("/appointments", json=wish(doctor, None, at(3), hold_id=hold_id)), 404, "not_found")
    longer = wish(doctor, None, at(3), duration_minutes=60)
    refused(client.post("/appointments", json=longer), 409, "slot_taken", "starts_at")
    assert status(client, entry) == ["offered"]


@pytest.mark.parametrize("names_patient", [True, False])
def test_one_who_holds_a_time_books_it_without_saying_so(app, desk, doctor, names_patient):
    client, chart = person(app)
    body = {"patient_id": str(chart.id)} if names_patient else {}
    held = {"doctor_id": str(doctor.id), "starts_at": written(at(3)), **body}
    assert client.post("/appointments/holds", json=held).status_code == 201
    refused(desk.post("/appointments", json=wish(doctor, make_patient(app), at(3))), 409, "slot_taken", "starts_at")
    booked(client, doctor, chart, at(3))
    assert [row["kind"] for row in taken(app)] == ["booking"]


def test_an_offer_keeps_its_patient_from_no_other_doctor(app, desk, doctor):
    other = open_doctor(app)
    client, chart = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    made = booked(client, other, None, at(3))
    # They cannot be at both; the offer stands, for they may still choose.
    refused(answered(client, entry, "accept"), 409, "patient_busy", "starts_at")
    assert status(client, entry) == ["offered"]
    refused(desk.post("/appointments", json=wish(doctor, chart, at(3))), 409, "patient_busy", "starts_at")
    assert status(client, entry) == ["offered"]
    assert client.post(one(made, "cancel"), json={}).status_code == 200
    assert answered(client, entry, "accept").status_code == 200


def test_one_patient_is_offered_one_of_two_times_at_once(app, desk, doctor):
    other = open_doctor(app)
    (client, _), (second, _) = person(app), person(app)
    first, late = wait(client, doctor_id=doctor.id), wait(client, doctor_id=other.id)
    next_one = wait(second, doctor_id=other.id)
    free(app, desk, doctor)
    free(app, desk, other)
    assert status(desk, first, late, next_one) == ["offered", "waiting", "offered"]


# Time that one gives up oneself


@pytest.mark.parametrize("how", ["cancel", "reschedule"])
def test_time_is_not_offered_to_who_gave_it_up(app, desk, doctor, how):
    specialty_id = specialise(app, doctor)
    client, chart = person(app)
    made = booked(client, doctor, chart, at(3))
    own = wait(client, doctor_id=doctor.id), wait(client, specialty_id=specialty_id)
    other, _ = person(app)
    next_one = wait(other, doctor_id=doctor.id)
    body = {} if how == "cancel" else {"starts_at": written(at(5))}
    answer = client.post(one(made, how), json=body)
    assert answer.status_code == 200, answer.text
    assert status(desk, *own, next_one) == ["waiting", "waiting", "offered"]


def test_cancelling_all_of_a_series_offers_nothing_to_its_patient(app, desk, doctor):
    chart = make_patient(app)
    series = desk.post("/appointments/series", json=wish(doctor, chart, at(3), rrule="FREQ=DAILY;COUNT=2"))
    assert series.status_code == 201, series.text
    own = wait(desk, doctor_id=doctor.id, patient_id=chart.id)
    for row in query(app, "SELECT id FROM appointments"):
        answer = desk.post(one(uuid.UUID(str(row["id"])), "cancel"), json={"reason": "Cannot come"})
        assert answer.status_code == 200, answer.text
    assert status(desk, own) == ["waiting"]


# Offers that are void


def make_void(app, admin, doctor, how):
    if how == "leave":
        take_leave(app, doctor.id, at(3, "00:00"), at(4, "00:00"))
    elif how == "holiday":
        assert admin.post("/clinic/holidays", json={"date": THURSDAY, "name": "Fair"}).status_code == 201
    elif how == "hours":
        body = {"date": THURSDAY, "kind": "closed", "windows": []}
        assert admin.post(f"/doctors/{doctor.id}/availability-overrides", json=body).status_code == 201
    else:
        query(app, "UPDATE doctors SET status = 'inactive', calendar_version = calendar_version + 1")


VOID = {"leave": "time_off", "holiday": "holiday", "hours": "outside_hours", "farewell": "doctor_inactive"}


@pytest.mark.parametrize("how", VOID)
def test_who_accepts_a_void_offer_is_told_why_and_waits_on(app, desk, admin, doctor, how):
    (client, _), (second, _) = person(app), person(app)
    entry, behind = wait(client, doctor_id=doctor.id), wait(second, doctor_id=doctor.id)
    free(app, desk, doctor)
    make_void(app, admin, doctor, how)
    answer = answered(client, entry, "accept")
    refused(answer, 409, "not_available", "starts_at")
    assert [reason["code"] for reason in answer.json["reasons"]] == [VOID[how]]
    found = seen(client, entry)
    assert (found["status"], found["offer"], found["created_at"]) == ("waiting", None, entry["created_at"])
    assert status(desk, behind) == ["waiting"]
    assert taken(app) == []
    assert query(app, "SELECT id FROM appointments WHERE status <> 'cancelled'") == []
    refused(answered(client, entry, "accept"), 409, "not_offered")


def test_who_waits_on_is_offered_the_next_time(app, desk, admin, doctor):
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    make_void(app, admin, doctor, "leave")
    assert answered(client, entry, "accept").status_code == 409
    free(app, desk, doctor, at(4))
    assert seen(client, entry)["offer"]["starts_at"] == written(at(4))
    assert answered(client, entry, "accept").status_code == 200


@pytest.mark.parametrize("how", VOID)
@pytest.mark.parametrize("by", ["the job", "an answer"])
def test_a_void_offer_that_lapses_costs_no_place(app, doctor, clock, how, by):
    desk, admin = signed_in(app, "receptionist"), signed_in(app, "admin")
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    make_void(app, admin, doctor, how)
    clock.shift(timedelta(minutes=30))
    client = signed_in(app, user=client.user)
    if by == "the job":
        assert go_on(app) == 1
    else:
        refused(answered(client, entry, "accept"), 409, "offer_lapsed")
    assert status(client, entry) == ["waiting"]
    assert taken(app) == []


def test_an_offer_whose_hold_is_gone_costs_no_place(app, desk, doctor):
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    query(app, "DELETE FROM taken_intervals")
    booked(desk, doctor, make_patient(app), at(3))
    refused(answered(client, entry, "accept"), 409, "hold_lapsed")
    assert status(client, entry) == ["waiting"]


# A doctor who leaves


def test_who_was_offered_time_of_a_doctor_who_leaves_waits_on(app, desk, admin, doctor):
    specialty_id = specialise(app, doctor)
    (client, _), (second, _) = person(app), person(app)
    entries = wait(client, doctor_id=doctor.id), wait(second, specialty_id=specialty_id)
    free(app, desk, doctor)
    free(app, desk, doctor, at(4))
    assert status(desk, *entries) == ["offered", "offered"]
    assert admin.delete(f"/doctors/{doctor.id}").status_code == 204
    assert status(desk, *entries) == ["waiting", "waiting"]
    assert taken(app) == []
    refused(answered(client, entries[0], "accept"), 409, "not_offered")


def test_a_doctor_who_stays_keeps_the_offers(app, desk, admin, doctor):
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    free(app, desk, doctor)
    booked(desk, doctor, make_patient(app), at(5))
    refused(admin.delete(f"/doctors/{doctor.id}"), 409, "has_bookings")
    assert answered(client, entry, "accept").status_code == 200


def test_time_of_a_doctor_who_left_is_offered_to_nobody(app, desk, doctor):
    specialty_id = specialise(app, doctor)
    client, _ = person(app)
    entries = wait(client, doctor_id=doctor.id), wait(client, specialty_id=specialty_id)
    made = book(app, doctor.id, make_patient(app).id, at(3))
    query(app, "UPDATE doctors SET status = 'inactive', calendar_version = calendar_version + 1")
    assert desk.post(one(made, "cancel"), json={"reason": "The doctor left"}).status_code == 200
    assert status(client, *entries) == ["waiting", "waiting"]


# Two charts of one patient


def merge(admin, survivor, duplicate):
    answer = admin.post(f"/patients/{survivor.id}/merge", json={"duplicate_id": str(duplicate.id)})
    assert answer.status_code == 200, answer.text
    return [found["what"] for found in answer.json["data"]["conflicts"] if found["table"] == "waitlist_entries"]


@pytest.mark.parametrize("survivor_first", [True, False])
def test_a_merge_ends_the_younger_of_two_waits_for_one_wish(app, doctor, clock, survivor_first):
    desk, admin = signed_in(app, "receptionist"), signed_in(app, "admin")
    kept, other = make_patient(app), make_patient(app)
    elsewhere = open_doctor(app)
    order = (kept, other) if survivor_first else (other, kept)
    entries = []
    for chart in order:
        clock.shift(1)
        entries.append(wait(desk, doctor_id=doctor.id, patient_id=chart.id))
    entries.append(wait(desk, doctor_id=elsewhere.id, patient_id=other.id))
    assert merge(admin, kept, other) == [entries[1]["id"]]
    assert status(desk, *entries) == ["waiting", "expired", "waiting"]
    assert {seen(desk, entry)["patient_id"] for entry in entries} == {str(kept.id)}
    assert admin.post(f"/patients/{kept.id}/unmerge").status_code == 200
    assert status(desk, *entries) == ["waiting"] * 3
    assert seen(desk, entries[0])["patient_id"] == str(order[0].id)
    assert seen(desk, entries[1])["patient_id"] == str(order[1].id)


def test_a_merge_keeps_the_wait_that_was_offered_time(app, desk, admin, doctor):
    kept, other = make_patient(app), make_patient(app)
    first = wait(desk, doctor_id=doctor.id, patient_id=kept.id, days=["friday"])
    second = wait(desk, doctor_id=doctor.id, patient_id=other.id)
    free(app, desk, doctor)
    assert status(desk, first, second) == ["waiting", "offered"]
    assert merge(admin, kept, other) == [first["id"]]
    assert status(desk, first, second) == ["expired", "offered"]
    assert answered(desk, second, "accept").status_code == 200


def test_a_merge_of_two_who_were_offered_time_frees_that_of_the_younger(app, desk, admin, doctor):
    kept, other = make_patient(app), make_patient(app)
    entries = [wait(desk, doctor_id=doctor.id, patient_id=chart.id) for chart in (kept, other)]
    free(app, desk, doctor)
    free(app, desk, doctor, at(4))
    assert status(desk, *entries) == ["offered", "offered"]
    merge(admin, kept, other)
    assert status(desk, *entries) == ["offered", "expired"]
    booked(desk, doctor, make_patient(app), at(4))
    assert answered(desk, entries[0], "accept").status_code == 200


def test_a_merge_does_not_cost_the_duplicate_an_offer(app, desk, admin, doctor):
    kept, other = make_patient(app), make_patient(app)
    entry = wait(desk, doctor_id=doctor.id, patient_id=other.id)
    made = booked(desk, open_doctor(app), kept, at(3))
    free(app, desk, doctor)
    merge(admin, kept, other)
    refused(answered(desk, entry, "accept"), 409, "patient_busy", "starts_at")
    assert desk.post(one(made, "cancel"), json={"reason": "Chose the other"}).status_code == 200
    assert answered(desk, entry, "accept").status_code == 200


def test_the_list_is_filtered_by_a_merged_id_too(app, desk, admin, doctor):
    kept, other = make_patient(app), make_patient(app)
    entry = wait(desk, doctor_id=doctor.id, patient_id=other.id)
    wait(desk, doctor_id=doctor.id, patient_id=make_patient(app).id)
    merge(admin, kept, other)
    for whom in (kept, other):
        assert ids(desk.get(f"/waitlist?patient_id={whom.id}")) == [entry["id"]]
