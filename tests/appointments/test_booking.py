"""Booking: by which rules, for whom, how long, and what is written."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.appointments.calls import booked, history, one, open_doctor, reasons, taken, wish
from tests.appointments.visits import make_proxy
from tests.factories.calendar import at, book, make_doctor, open_hours, signed_in_doctor, take_leave, written
from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import blamed, refused, without_request_id

# The clock stands at 08:00 in UTC, 09:00 in the clinic.


@pytest.fixture(autouse=True)
def _stand_still(clock):
    pass


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def oneself(app):
    """Give a signed-in patient and their chart."""
    someone = signed_in(app, "patient")
    return someone, make_patient(app, user_id=someone.user.id)


def test_a_booking_has_the_shape_that_was_agreed_on(app, desk):
    doctor, patient = open_doctor(app, location="Room 7"), make_patient(app)
    answer = desk.post(
        "/appointments", json=wish(doctor, patient, at(3), reason="Ünlü <5 mg", notes="fasting", type="follow_up")
    )
    assert answer.status_code == 201, answer.text
    shown = answer.json["data"]
    assert answer.headers["Location"].endswith(one(shown))
    assert answer.headers["ETag"] == '"1"'
    assert shown["patient"] == {"id": str(patient.id), "name": shown["patient_name"], "mrn": patient.mrn}
    assert shown["doctor"] == {"id": str(doctor.id), "name": doctor.name}
    expected = {
        "patient_id": str(patient.id),
        "doctor_id": str(doctor.id),
        "starts_at": "2026-03-05T10:00:00Z",
        "ends_at": "2026-03-05T10:30:00Z",
        "local_start": "2026-03-05T11:00:00+01:00",
        "duration_minutes": 30,
        "status": "scheduled",
        "type": "follow_up",
        "reason": "Ünlü <5 mg",
        "notes": "fasting",
        "location": "Room 7",
        "queue_number": None,
        "series_id": None,
        "visit_id": None,
        "cancelled": None,
        "override_reason": None,
        "version": 1,
    }
    assert {name: shown[name] for name in expected} == expected
    assert desk.get(one(shown)).json["data"] == shown
    assert history(desk, shown) == [(None, "scheduled")]
    assert [row["id"] for row in desk.get("/appointments/search?q=unlu").json["data"]] == [shown["id"]]


def test_the_audit_row_says_what_was_booked(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    made = booked(desk, doctor, patient, reason="secret")
    row = audit_rows(app)[-1]
    assert (row["action"], row["status"], str(row["object_id"])) == ("appointments.book", 201, made["id"])
    assert row["patient_id"] == patient.id
    assert {"reason", "starts_at", "doctor_id", "patient_id"} <= set(row["changed"])
    assert "secret" not in str(row)


def test_a_repeated_booking_is_answered_once(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    sent = {"json": wish(doctor, patient, at(3)), "headers": {"Idempotency-Key": "k1"}}
    first, again = desk.post("/appointments", **sent), desk.post("/appointments", **sent)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json["data"] == first.json["data"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(taken(app)) == 1


def test_a_client_may_bring_the_id_once(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    own = "01890000-0000-7000-8000-000000000001"
    assert booked(desk, doctor, patient, id=own)["id"] == own
    refused(desk.post("/appointments", json=wish(doctor, patient, at(4), id=own)), 409, "id_taken", "id")
    assert len(taken(app)) == 1


# How long


def test_length_comes_from_what_is_asked_the_doctor_the_slot(app, desk):
    usual = make_doctor(app, default_duration_minutes=60)
    open_hours(app, usual.id, slot_minutes=20)
    doctor, patient = open_doctor(app, slot_minutes=20), make_patient(app)
    assert booked(desk, doctor, patient, at(2))["duration_minutes"] == 20
    assert booked(desk, usual, patient, at(3))["duration_minutes"] == 60
    assert booked(desk, doctor, patient, at(4), duration_minutes=45)["duration_minutes"] == 45
    assert booked(desk, doctor, patient, at(5), ends_at=written(at(5, "10:25")))["duration_minutes"] == 25
    both = {"ends_at": written(at(6, "10:40")), "duration_minutes": 40}
    assert booked(desk, doctor, patient, at(6), **both)["duration_minutes"] == 40


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ends_at": "2026-03-05T10:40:00Z", "duration_minutes": 30}, {"ends_at", "duration_minutes"}),
        ({"ends_at": "2026-03-05T10:00:00Z"}, {"ends_at"}),
        ({"ends_at": "2026-03-05T09:00:00Z"}, {"ends_at"}),
        ({"ends_at": "2026-03-05T18:01:00Z"}, {"ends_at"}),
        ({"ends_at": "2026-03-05T10:04:00Z"}, {"ends_at"}),
        ({"duration_minutes": 4}, {"duration_minutes"}),
        ({"duration_minutes": 481}, {"duration_minutes"}),
        ({"starts_at": "2026-03-05T10:00:01Z"}, {"starts_at"}),
        ({"starts_at": "2026-03-05T10:00:00"}, {"starts_at"}),
        ({"starts_at": "1999-12-31T23:59:00Z"}, {"starts_at"}),
        ({"starts_at": "9999-12-31T23:59:00Z"}, {"starts_at"}),
        ({"starts_at": None}, {"starts_at"}),
        ({"doctor_id": "01890000-0000-7000-8000-000000000000"}, {"doctor_id"}),
        ({"patient_id": "01890000-0000-7000-8000-000000000000"}, {"patient_id"}),
        ({"patient_id": None}, {"patient_id"}),
        ({"type": "walk"}, {"type"}),
        ({"status": "completed"}, {"status"}),
        ({"reason": ""}, {"reason"}),
        ({"location": "<b>"}, {"location"}),
    ],
)
def test_what_cannot_be_understood_is_named(app, desk, fields, named):
    body = wish(open_doctor(app), make_patient(app), at(3)) | fields
    answer = desk.post("/appointments", json=body)
    assert answer.status_code == 422, answer.text
    assert blamed(answer) == named
    assert taken(app) == []


# The rules


def test_every_reason_is_told_not_the_first(app, desk):
    doctor = make_doctor(app, status="inactive")
    open_hours(app, doctor.id)
    take_leave(app, doctor.id, at(-30), at(-20))
    query(app, "INSERT INTO clinic_holidays (id, held_on, name, created_at, updated_at) VALUES "
          "('01890000000070008000000000000001', '2026-02-05', 'Day', '2026-01-01', '2026-01-01')")  # fmt: skip
    answer = desk.post("/appointments", json=wish(doctor, make_patient(app), at(-25, "22:00")))
    assert reasons(answer) == ["doctor_inactive", "in_past", "holiday", "time_off", "outside_hours"]
    assert all(reason["message"] for reason in answer.json["reasons"])
    assert blamed(answer) == {"starts_at"}


@pytest.mark.parametrize(
    ("starts_at", "why"),
    [
        (timedelta(minutes=-1), ["in_past"]),
        (timedelta(), None),
        (timedelta(minutes=7), None),
        (timedelta(days=180), None),
        (timedelta(days=180, minutes=1), ["too_far"]),
        (timedelta(hours=8, minutes=30), None),
        (timedelta(hours=8, minutes=31), ["outside_hours"]),
        (timedelta(hours=-2), ["in_past", "outside_hours"]),
    ],
)
def test_staff_book_any_minute_of_the_hours_at_once(app, desk, starts_at, why):
    answer = desk.post("/appointments", json=wish(open_doctor(app), make_patient(app), _now() + starts_at))
    if why is None:
        assert answer.status_code == 201, answer.text
    else:
        assert reasons(answer) == why


@pytest.mark.parametrize(
    ("starts_at", "fields", "why"),
    [
        (timedelta(minutes=60), {}, None),
        (timedelta(minutes=30), {}, ["too_soon"]),
        (timedelta(minutes=90), {}, None),
        (timedelta(minutes=75), {}, ["off_grid"]),
        (timedelta(minutes=59), {}, ["too_soon", "off_grid"]),
        (timedelta(minutes=60), {"duration_minutes": 60}, None),
        (timedelta(minutes=60), {"duration_minutes": 45}, ["off_grid"]),
        (timedelta(hours=24, minutes=30), {}, None),
    ],
)
def test_patients_book_listed_starts_in_good_time(app, oneself, starts_at, fields, why):
    someone, _ = oneself
    answer = someone.post("/appointments", json=wish(open_doctor(app), None, _now() + starts_at, **fields))
    if why is None:
        assert answer.status_code == 201, answer.text
    else:
        assert reasons(answer) == why


def _now():
    return datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_buffers_keep_bookings_apart_and_touching_ends_do_not(app, desk):
    close, apart, patient = open_doctor(app), open_doctor(app, buffer_before=5, buffer_after=10), make_patient(app)
    for doctor, walls in ((close, ("10:00", "10:30", "09:30")), (apart, ("12:00", "12:45", "11:15"))):
        for wall in walls:
            booked(desk, doctor, patient, at(3, wall))
    for wall in ("12:30", "12:44", "13:29", "13:20"):
        refused(desk.post("/appointments", json=wish(apart, make_patient(app), at(3, wall))), 409, "slot_taken")
    booked(desk, apart, make_patient(app), at(3, "13:30"))


def test_overlap_alone_is_slot_taken_or_patient_busy(app, desk):
    first, second, patient = open_doctor(app), open_doctor(app), make_patient(app)
    booked(desk, first, patient)
    refused(desk.post("/appointments", json=wish(first, make_patient(app), at(3))), 409, "slot_taken", "starts_at")
    refused(desk.post("/appointments", json=wish(second, patient, at(3, "10:15"))), 409, "patient_busy", "starts_at")
    refused(desk.post("/appointments", json=wish(first, patient, at(3, "09:45"))), 409, "slot_taken")


# Exceptions


def test_an_exception_passes_the_rules_with_a_reason_and_is_kept(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    take_leave(app, doctor.id, at(3, "00:00"), at(4, "00:00"))
    asked = wish(doctor, patient, at(3, "22:00"))
    assert reasons(desk.post("/appointments", json=asked)) == ["time_off", "outside_hours"]
    made = booked(desk, doctor, patient, at(3, "22:00"), override_reason="came from far")
    assert made["override_reason"] == "came from far"
    assert audit_rows(app)[-1]["note"] == "override"
    booked(desk, doctor, patient, at(0, "07:55"), override_reason="walked in five minutes ago")
    # Nobody is seen twice at once, whatever the reason.
    late = wish(doctor, make_patient(app), at(3, "22:15"), override_reason="me too")
    refused(desk.post("/appointments", json=late), 409, "slot_taken")


def test_no_exception_opens_the_calendar_of_a_doctor_who_is_gone(app, desk):
    doctor = make_doctor(app, status="inactive")
    open_hours(app, doctor.id)
    asked = wish(doctor, make_patient(app), at(3), override_reason="please")
    assert reasons(desk.post("/appointments", json=asked)) == ["doctor_inactive"]


def test_exceptions_are_for_those_who_may(app, oneself):
    me, own = signed_in_doctor(app)
    open_hours(app, own.id)
    other, patient = open_doctor(app), make_patient(app)
    night = {"override_reason": "needed"}
    assert booked(me, own, patient, at(3, "22:00"), **night)["override_reason"] == "needed"
    refused(signed_in(app, "nurse").post("/appointments", json=wish(own, patient, at(4), **night)), 403, "forbidden")
    refused(oneself[0].post("/appointments", json=wish(other, None, at(4), **night)), 403, "forbidden")
    assert len(taken(app)) == 1


# For whom


def test_patients_book_for_themselves_and_nobody_else(app, oneself):
    someone, own = oneself
    doctor, stranger = open_doctor(app), make_patient(app)
    assert booked(someone, doctor, None)["patient_id"] == str(own.id)
    assert booked(someone, doctor, own, at(4))["patient_id"] == str(own.id)
    unknown = {"patient_id": "01890000-0000-7000-8000-000000000000"}
    answers = [
        someone.post("/appointments", json=wish(doctor, stranger, at(5))),
        someone.post("/appointments", json=wish(doctor, None, at(5)) | unknown),
    ]
    refused(answers[0], 404, "not_found")
    assert without_request_id(answers[0]) == without_request_id(answers[1])
    refused(
        someone.post("/appointments", json=wish(doctor, None, at(5), notes="mine")), 403, "field_not_allowed", "notes"
    )


def test_who_has_no_chart_says_for_whom(app):
    someone = signed_in(app, "patient")
    answer = someone.post("/appointments", json=wish(open_doctor(app), None, at(3)))
    assert (answer.status_code, blamed(answer)) == (422, {"patient_id"})


def test_a_proxy_books_for_a_ward_with_that_scope_alone(app, desk):
    ward, doctor = make_patient(app), open_doctor(app)
    viewer, booker = signed_in(app, "patient"), signed_in(app, "patient")
    make_proxy(desk, ward.id, viewer.user, "view")
    make_proxy(desk, ward.id, booker.user, "book")
    refused(viewer.post("/appointments", json=wish(doctor, ward, at(3))), 404, "not_found")
    made = booked(booker, doctor, ward)
    assert made["patient_id"] == str(ward.id)
    row = audit_rows(app)[-1]
    assert (row["on_behalf_of"], row["patient_id"]) == (ward.id, ward.id)
    assert booker.post(one(made, "cancel"), json={}).status_code == 200


def test_doctors_book_in_their_own_calendar(app):
    me, own = signed_in_doctor(app)
    open_hours(app, own.id)
    stranger, other = make_patient(app), open_doctor(app)
    assert booked(me, own, stranger, at(0, "08:05"))["doctor_id"] == str(own.id)
    refused(me.post("/appointments", json=wish(other, stranger, at(3))), 404, "not_found")
    answer = me.post("/appointments", json=wish(own, None, at(3)))
    assert (answer.status_code, blamed(answer)) == (422, {"patient_id"})


@pytest.mark.parametrize(
    ("status", "code"),
    [("deceased", "patient_deceased"), ("merged", "patient_merged"), ("inactive", "patient_inactive")],
)
def test_nothing_is_booked_for_who_cannot_come(app, desk, status, code):
    patient, doctor = make_patient(app), open_doctor(app)
    query(app, "UPDATE patients SET status = :status", status=status)
    refused(desk.post("/appointments", json=wish(doctor, patient, at(3))), 409, code)
    held = {"doctor_id": str(doctor.id), "starts_at": written(at(3)), "patient_id": str(patient.id)}
    refused(desk.post("/appointments/holds", json=held), 409, code)
    assert taken(app) == []


def test_the_system_books_too(app):
    made = book(app, open_doctor(app).id, make_patient(app).id, at(3), reason="import")
    assert (made.status, made.ends_at - made.starts_at) == ("scheduled", timedelta(minutes=30))


@pytest.mark.parametrize(("before", "after", "leaving"), [(2, 1, 0), (3, 2, 1), (3, 2, 0), (3, 1, 1)])
def test_bookings_kept_beyond_fewer_seats_still_fill_them(app, desk, before, after, leaving):
    doctor = make_doctor(app)
    (window, *_) = open_hours(app, doctor.id, days=[at(3).weekday()], capacity=before)
    visits = [booked(desk, doctor, make_patient(app)) for _ in range(before)]
    fewer = {"capacity": after, "on_conflict": "keep"}
    path = f"/doctors/{doctor.id}/availability/{window}"
    assert signed_in(app, "admin").patch(path, json=fewer).status_code == 200
    assert desk.post(one(visits[leaving], "cancel"), json={"reason": "x"}).status_code == 200
    day = at(3).date().isoformat()
    live = before - 1
    while True:
        listed = desk.get(f"/doctors/{doctor.id}/availability/slots?from={day}&to={day}").json["data"]
        remaining = sum(slot["remaining"] for slot in listed if slot["starts_at"] == written(at(3)))
        assert remaining == max(0, after - live)
        answer = desk.post("/appointments", json=wish(doctor, make_patient(app), at(3)))
        if not remaining:
            break
        assert answer.status_code == 201, answer.text
        live += 1
    refused(answer, 409, "slot_taken")
    # As those who were kept leave, their seats are taken again one by one.
    for visit in (one_ for number, one_ in enumerate(visits) if number != leaving):
        assert desk.post(one(visit, "cancel"), json={"reason": "x"}).status_code == 200
    found = [desk.post("/appointments", json=wish(doctor, make_patient(app), at(3))).status_code for _ in range(before)]
    assert found.count(201) + live - (before - 1) == after


def test_the_same_booking_once_more_is_refused_with_the_one_that_is_there(app, oneself, desk):
    doctor, (someone, chart) = open_doctor(app), oneself
    made = booked(someone, doctor, None)
    again = someone.post("/appointments", json=wish(doctor, None, at(3)))
    refused(again, 409, "slot_taken", "starts_at")
    assert again.json["message"] == "You have this appointment already."
    assert again.json["appointment_id"] == made["id"]
    by_desk = desk.post("/appointments", json=wish(doctor, chart, at(3)))
    assert (by_desk.json["message"], by_desk.json["appointment_id"]) == (
        "The patient has this appointment already.",
        made["id"],
    )


def test_the_same_booking_where_a_seat_is_left_is_patient_busy(app, oneself):
    doctor, (someone, _) = open_doctor(app, capacity=2), oneself
    made = booked(someone, doctor, None)
    again = someone.post("/appointments", json=wish(doctor, None, at(3)))
    refused(again, 409, "patient_busy", "starts_at")
    assert (again.json["message"], again.json["appointment_id"]) == ("You have this appointment already.", made["id"])


def test_another_ones_booking_is_not_named(app, oneself, desk):
    doctor, (someone, _) = open_doctor(app), oneself
    booked(desk, doctor, make_patient(app))
    answer = someone.post("/appointments", json=wish(doctor, None, at(3)))
    refused(answer, 409, "slot_taken")
    assert "appointment_id" not in answer.json
    assert answer.json["message"] == "That time is no longer free."
