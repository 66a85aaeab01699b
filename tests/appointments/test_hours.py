"""Weekly windows, hours of single dates and leave over HTTP, and what becomes of bookings in their way."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.calendar import at, book, make_doctor, open_hours, set_columns, signed_in_doctor, written
from tests.factories.people import make_patient, signed_in

pytestmark = pytest.mark.usefixtures("clock")  # Monday 2026-03-02 09:00 in Berlin, the clinic's zone

WINDOW = {"weekday": "monday", "start_time": "08:00", "end_time": "12:00"}


@pytest.fixture
def own(app):
    """Give a doctor, signed in: (client, doctor)."""
    return signed_in_doctor(app)


def add(own, path="availability", **fields):
    client, doctor = own
    body = {**WINDOW, **fields} if path == "availability" else fields
    return client.post(f"/doctors/{doctor.id}/{path}", json=body)


def refused(answer, status, *names):
    assert answer.status_code == status, answer.text
    assert set(names) <= set(answer.json["errors"]), answer.text


def conflict(answer, code):
    assert (answer.status_code, answer.json.get("code")) == (409, code), answer.text
    return answer.json


def berlin(day, hour, minute=0):
    """Return an instant by Berlin's winter clock, some days from today."""
    return at(day, "00:00") + timedelta(hours=hour - 1, minutes=minute)


# Weekly windows


def test_a_window_is_opened_shown_changed_and_closed(app, own):
    client, doctor = own
    made = add(own, location="Room 1", capacity=2, buffer_after=5, valid_from="2026-03-01", slot_minutes=20)
    assert made.status_code == 201, made.text
    window = made.json["data"]
    assert made.headers["Location"].endswith(f"/doctors/{doctor.id}/availability/{window['id']}")
    assert {name: window[name] for name in WINDOW} == WINDOW
    assert (window["capacity"], window["buffer_before"], window["buffer_after"]) == (2, 0, 5)
    assert (window["valid_from"], window["valid_to"], window["slot_minutes"]) == ("2026-03-01", None, 20)
    path = f"/doctors/{doctor.id}/availability"
    changed = client.patch(f"{path}/{window['id']}", json={"end_time": "13:00"}, headers={"If-Match": "1"})
    assert (changed.json["data"]["end_time"], changed.json["data"]["start_time"]) == ("13:00", "08:00")
    assert changed.json["data"]["version"] == 2
    assert changed.json["data"]["location"] == "Room 1"
    stale = client.patch(f"{path}/{window['id']}", json={"end_time": "14:00"}, headers={"If-Match": "1"})
    assert stale.status_code == 412
    patient = signed_in(app, "patient")
    assert patient.get(path).json["data"] == [changed.json["data"]]
    for _ in range(2):
        assert client.delete(f"{path}/{window['id']}").status_code == 204
    assert client.get(path).json["data"] == []


@pytest.mark.parametrize(("usual", "slot"), [(None, 30), (45, 45)])
def test_slots_are_as_long_as_a_visit_usually_is(app, usual, slot):
    own = signed_in_doctor(app, default_duration_minutes=usual)
    assert add(own).json["data"]["slot_minutes"] == slot
    dated = add(own, "availability-overrides", date="2026-03-09", kind="extra", windows=[hours("14:00", "16:00")])
    assert dated.json["data"]["windows"][0]["slot_minutes"] == slot


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weekday", "Monday"), ("weekday", 0), ("start_time", "8:00"), ("start_time", "24:00"), ("end_time", "12:60"),
        ("end_time", "12:00:00"), ("end_time", None), ("slot_minutes", 4), ("slot_minutes", 481), ("capacity", 0),
        ("capacity", 51), ("buffer_before", -1), ("buffer_after", 241), ("valid_from", "9999-12-31"),
        ("location", "<b>x</b>"), ("on_conflict", "keep"),
    ],
)  # fmt: skip
def test_what_a_window_cannot_be_is_named(own, field, value):
    refused(add(own, **{field: value}), 422, field)


def test_validity_has_an_order(own):
    refused(add(own, valid_from="2026-03-02", valid_to="2026-03-01"), 422, "valid_to")
    made = add(own, valid_from="2026-03-02", valid_to="2026-03-02")
    assert made.status_code == 201
    client, doctor = own
    path = f"/doctors/{doctor.id}/availability/{made.json['data']['id']}"
    refused(client.patch(path, json={"valid_to": "2026-03-01"}), 422, "valid_to")


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [
        ({"start_time": "12:00", "end_time": "14:00"}, False),
        ({"start_time": "11:59", "end_time": "14:00"}, True),
        ({"start_time": "07:00", "end_time": "08:00"}, False),
        ({"start_time": "07:00", "end_time": "08:01"}, True),
        ({"weekday": "sunday", "start_time": "22:00", "end_time": "08:00"}, False),
        ({"weekday": "sunday", "start_time": "22:00", "end_time": "08:01"}, True),
        ({"weekday": "monday", "start_time": "22:00", "end_time": "09:00"}, False),
        ({"weekday": "tuesday"}, False),
        ({"weekday": "sunday", "start_time": "12:00", "end_time": "12:00"}, True),
        ({"valid_from": "2026-04-01"}, True),
        ({"valid_to": "2026-03-01"}, True),
    ],
)
def test_windows_of_one_doctor_do_not_overlap(own, second, overlaps):
    assert add(own).status_code == 201
    answer = add(own, **second)
    if overlaps:
        errors = conflict(answer, "overlapping_hours")["errors"]
        assert "monday" in str(errors["start_time"])
        assert errors["end_time"] == errors["start_time"]
    else:
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ({"valid_to": "2026-03-09"}, {"valid_from": "2026-03-10"}, False),
        ({"valid_to": "2026-03-09"}, {"valid_from": "2026-03-09"}, True),
        ({"valid_to": "2026-03-15"}, {"valid_from": "2026-03-10"}, False),  # no Monday is in both
        (  # the night from Sunday 8th to Monday 9th
            {"valid_to": "2026-03-09"},
            {"weekday": "sunday", "start_time": "22:00", "end_time": "09:00", "valid_from": "2026-03-08"},
            True,
        ),
        (
            {"valid_to": "2026-03-09"},
            {"weekday": "sunday", "start_time": "22:00", "end_time": "09:00", "valid_from": "2026-03-09"},
            False,
        ),
    ],
)
def test_windows_overlap_where_both_are_valid(own, first, second, overlaps):
    assert add(own, **first).status_code == 201
    assert add(own, **second).status_code == (409 if overlaps else 201)


def test_a_changed_window_meets_the_others_but_not_itself(own):
    client, doctor = own
    add(own)
    second = add(own, start_time="13:00", end_time="15:00").json["data"]
    path = f"/doctors/{doctor.id}/availability/{second['id']}"
    assert client.patch(path, json={"start_time": "12:00"}).status_code == 200
    conflict(client.patch(path, json={"start_time": "11:30"}), "overlapping_hours")
    assert client.get(f"/doctors/{doctor.id}/availability").json["data"][1]["start_time"] == "12:00"


def test_doctors_manage_their_own_hours_and_admins_everybodys(app, own):
    client, doctor = own
    other, _ = signed_in_doctor(app)
    admin, nurse, patient = signed_in(app, "admin"), signed_in(app, "nurse"), signed_in(app, "patient")
    for path, body in (
        ("availability", WINDOW),
        ("availability-overrides", {"date": "2026-03-09", "kind": "closed"}),
        ("time-off", {"starts_at": "2026-03-09T00:00:00Z", "ends_at": "2026-03-10T00:00:00Z"}),
    ):
        where = f"/doctors/{doctor.id}/{path}"
        assert other.post(where, json=body).status_code == 404
        assert nurse.post(where, json=body).status_code == 403
        assert patient.post(where, json=body).status_code == 403
        made = admin.post(where, json=body)
        assert made.status_code == 201, made.text
        assert other.delete(f"{where}/{made.json['data']['id']}").status_code == 404
        assert client.delete(f"{where}/{made.json['data']['id']}").status_code == 204
        nowhere = f"/doctors/{uuid.uuid4()}/{path}"
        assert admin.post(nowhere, json=body).status_code == 404
        assert admin.get(nowhere).status_code == 404
        readers = {"availability": 200}.get(path, 403)
        assert [one.get(where).status_code for one in (nurse, patient)] == [readers, readers]
        assert other.get(where).status_code == (200 if path == "availability" else 404)


def test_another_doctors_window_is_not_reached_through_ones_own_path(app, own):
    client, doctor = own
    other, stranger = signed_in_doctor(app)
    window = add((other, stranger)).json["data"]["id"]
    path = f"/doctors/{doctor.id}/availability/{window}"
    assert client.patch(path, json={"capacity": 9}).status_code == 404
    assert client.delete(path).status_code == 204
    assert len(other.get(f"/doctors/{stranger.id}/availability").json["data"]) == 1


# Dates with hours of their own


def hours(start, end, **fields):
    return {"start_time": start, "end_time": end, **fields}


def test_a_date_has_its_own_hours(own):
    client, doctor = own
    made = add(
        own, "availability-overrides", date="2026-03-09", kind="replace",
        windows=[hours("08:00", "09:00", capacity=3, location="Ward"), hours("22:00", "02:00", slot_minutes=60)],
    )  # fmt: skip
    assert made.status_code == 201, made.text
    first, second = made.json["data"]["windows"]
    assert first == {**hours("08:00", "09:00"), "slot_minutes": 30, "buffer_before": 0, "buffer_after": 0,
                     "capacity": 3, "location": "Ward"}  # fmt: skip
    assert (second["end_time"], second["slot_minutes"]) == ("02:00", 60)
    path = f"/doctors/{doctor.id}/availability-overrides"
    assert client.get(path).json["data"] == [made.json["data"]]
    assert client.get(f"{path}?from=2026-03-10").json["data"] == []
    assert len(client.get(f"{path}?from=2026-03-09&to=2026-03-09").json["data"]) == 1
    for _ in range(2):
        assert client.delete(f"{path}/{made.json['data']['id']}").status_code == 204


def test_a_date_is_replaced_or_closed_once(own):
    path, day = "availability-overrides", {"date": "2026-03-09"}
    assert add(own, path, **day, kind="extra", windows=[hours("08:00", "09:00")]).status_code == 201
    assert add(own, path, **day, kind="closed").status_code == 201
    conflict(add(own, path, **day, kind="replace", windows=[hours("08:00", "09:00")]), "date_taken")
    conflict(add(own, path, **day, kind="closed"), "date_taken")
    assert add(own, path, **day, kind="extra", windows=[hours("10:00", "11:00")]).status_code == 201


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("windows", {"kind": "replace"}),
        ("windows", {"kind": "extra", "windows": []}),
        ("windows", {"kind": "closed", "windows": [hours("08:00", "09:00")]}),
        ("windows.1.start_time", {"kind": "extra", "windows": [hours("08:00", "09:00"), hours("08:30", "09:30")]}),
        ("windows.0.end_time", {"kind": "extra", "windows": [hours("08:00", "9")]}),
        ("windows.0.weekday", {"kind": "extra", "windows": [hours("08:00", "09:00", weekday="monday")]}),
        ("kind", {"kind": "open"}),
        ("date", {"kind": "closed", "date": "2026-02-30"}),
        ("date", {"kind": "closed", "date": "9999-12-31"}),
    ],
)
def test_what_a_date_cannot_have_is_named(own, field, body):
    refused(add(own, "availability-overrides", **{"date": "2026-03-09", **body}), 422, field)


# Bookings in the way


@pytest.fixture
def busy(app, own):
    """Give a doctor with hours from 8 to 12 on all days, and a booking at 10 tomorrow: client, doctor, ids, booking."""
    client, doctor = own
    windows = open_hours(app, doctor.id, end="12:00")
    return client, doctor, windows, book(app, doctor.id, make_patient(app).id, berlin(1, 10))


def windows_on(windows, day):
    return windows[(at(day, "12:00")).weekday()]


def status_of(client, booking):
    return client.get(f"/appointments/{booking.id}").json["data"]


@pytest.mark.parametrize(
    ("change", "strands"),
    [
        ({"end_time": "10:30"}, False),
        ({"end_time": "10:29"}, True),
        ({"start_time": "10:00"}, False),
        ({"start_time": "10:01"}, True),
        ({"valid_from": "2026-03-03"}, False),
        ({"valid_from": "2026-03-04"}, True),
        ({"valid_to": "2026-03-02"}, True),
        ({"slot_minutes": 45}, False),
    ],
)
def test_changing_a_window_lists_whom_it_strands(busy, change, strands):
    client, doctor, windows, booking = busy
    path = f"/doctors/{doctor.id}/availability/{windows_on(windows, 1)}"
    answer = client.patch(path, json=change)
    if not strands:
        assert answer.status_code == 200, answer.text
        return
    [listed] = conflict(answer, "has_bookings")["appointments"]
    assert (listed["id"], listed["starts_at"]) == (str(booking.id), written(booking.starts_at))
    assert listed["patient"]["id"] == str(booking.patient_id)
    assert client.patch(path, json={**change, "on_conflict": "refuse"}).status_code == 409
    assert status_of(client, booking)["status"] == "scheduled"
    kept = client.patch(path, json={**change, "on_conflict": "keep"})
    assert kept.status_code == 200, kept.text
    assert status_of(client, booking)["status"] == "scheduled"


def test_closing_a_window_can_cancel(busy):
    client, doctor, windows, booking = busy
    path = f"/doctors/{doctor.id}/availability/{windows_on(windows, 1)}"
    conflict(client.delete(path), "has_bookings")
    assert client.delete(f"{path}?on_conflict=nothing").status_code == 422
    assert client.delete(f"{path}?on_conflict=cancel").status_code == 204
    cancelled = status_of(client, booking)["cancelled"]
    assert (cancelled["party"], cancelled["reason"]) == ("provider", "provider_leave")


def test_a_visit_that_another_window_still_holds_is_not_stranded(app, own):
    client, doctor = own
    early, late = add(own, weekday="tuesday"), add(own, weekday="tuesday", start_time="12:00", end_time="16:00")
    booking = book(app, doctor.id, make_patient(app).id, berlin(1, 11, 30), duration_minutes=60)
    path = f"/doctors/{doctor.id}/availability"
    for window in (early, late):
        conflict(client.delete(f"{path}/{window.json['data']['id']}"), "has_bookings")
    moved = client.patch(f"{path}/{late.json['data']['id']}", json={"end_time": "12:30"})
    assert moved.status_code == 200, moved.text
    assert status_of(client, booking)["status"] == "scheduled"


def test_fewer_seats_strand_who_sits_on_the_others(app, own):
    client, doctor = own
    window = add(own, weekday="tuesday", capacity=3).json["data"]["id"]
    bookings = [book(app, doctor.id, make_patient(app).id, berlin(1, 10)) for _ in range(3)]
    path = f"/doctors/{doctor.id}/availability/{window}"
    listed = conflict(client.patch(path, json={"capacity": 2}), "has_bookings")["appointments"]
    assert [one["id"] for one in listed] == [str(bookings[2].id)]
    assert len(conflict(client.delete(path), "has_bookings")["appointments"]) == 3
    assert client.patch(path, json={"capacity": 1, "on_conflict": "cancel"}).status_code == 200
    assert [status_of(client, one)["status"] for one in bookings] == ["scheduled", "cancelled", "cancelled"]


def test_who_was_booked_outside_the_hours_is_not_asked_about(app, busy):
    client, doctor, windows, _ = busy
    book(app, doctor.id, make_patient(app).id, berlin(2, 18), override_reason="Comes from far away")
    assert client.delete(f"/doctors/{doctor.id}/availability/{windows_on(windows, 2)}").status_code == 204


def test_past_ended_and_begun_visits_are_not_in_the_way(app, own):
    client, doctor = own
    window = open_hours(app, doctor.id)[0]  # Mondays; it is nine o'clock on one
    for hour, status in ((10, "completed"), (11, "no_show"), (12, "in_progress")):
        booking = book(app, doctor.id, make_patient(app).id, berlin(0, hour))
        set_columns(app, booking.id, status=status)
    assert client.delete(f"/doctors/{doctor.id}/availability/{window}").status_code == 204


@pytest.mark.parametrize(
    ("body", "strands"),
    [
        ({"kind": "closed"}, True),
        ({"kind": "replace", "windows": [hours("09:00", "10:30")]}, False),
        ({"kind": "replace", "windows": [hours("09:00", "10:15")]}, True),
        ({"kind": "extra", "windows": [hours("14:00", "15:00")]}, False),
    ],
)
def test_a_date_of_its_own_lists_whom_it_strands(own, busy, body, strands):
    client, _, _, booking = busy
    day = {"date": "2026-03-03", **body}
    answer = add(own, "availability-overrides", **day)
    if not strands:
        assert answer.status_code == 201, answer.text
        return
    assert [one["id"] for one in conflict(answer, "has_bookings")["appointments"]] == [str(booking.id)]
    assert add(own, "availability-overrides", **day, on_conflict="cancel").status_code == 201
    assert status_of(client, booking)["status"] == "cancelled"


def test_a_date_given_back_lists_whom_it_strands(app, own):
    client, doctor = own
    made = add(own, "availability-overrides", date="2026-03-03", kind="extra", windows=[hours("14:00", "15:00")])
    booking = book(app, doctor.id, make_patient(app).id, berlin(1, 14))
    path = f"/doctors/{doctor.id}/availability-overrides/{made.json['data']['id']}"
    conflict(client.delete(path), "has_bookings")
    assert client.delete(f"{path}?on_conflict=keep").status_code == 204
    assert status_of(client, booking)["status"] == "scheduled"


# Leave


def leave(since, until, **fields):
    return {"starts_at": written(since), "ends_at": written(until), **fields}


def test_leave_is_taken_and_given_back(own):
    client, doctor = own
    made = add(own, "time-off", **leave(berlin(7, 0), berlin(14, 0), reason="Holiday"))
    assert made.status_code == 201, made.text
    assert made.json["data"]["reason"] == "Holiday"
    path = f"/doctors/{doctor.id}/time-off"
    assert client.get(path).json["data"] == [made.json["data"]]
    assert client.get(f"{path}?from=2026-03-16").json["data"] == []
    assert len(client.get(f"{path}?to=2026-03-09").json["data"]) == 1
    for _ in range(2):
        assert client.delete(f"{path}/{made.json['data']['id']}").status_code == 204
    assert client.get(path).json["data"] == []


def test_leave_ends_after_it_begins(own):
    refused(add(own, "time-off", **leave(berlin(7, 0), berlin(7, 0))), 422, "ends_at")
    refused(add(own, "time-off", starts_at="2026-03-09T00:00:00", ends_at="2026-03-10T00:00:00Z"), 422, "starts_at")
    refused(add(own, "time-off", **leave(berlin(7, 0), berlin(8, 0)), on_conflict="keep"), 422, "on_conflict")


def test_the_same_leave_is_taken_once(app, own):
    client, doctor = own
    week = leave(berlin(7, 0), berlin(14, 0))
    assert add(own, "time-off", **week).status_code == 201
    conflict(add(own, "time-off", **week, reason="Holiday", on_conflict="cancel"), "already_off")
    beside = (
        leave(berlin(7, 0), berlin(13, 0)),
        leave(berlin(8, 0), berlin(14, 0)),
        leave(berlin(6, 0), berlin(15, 0)),
    )
    assert [add(own, "time-off", **other).status_code for other in beside] == [201] * 3
    assert add(signed_in_doctor(app), "time-off", **week).status_code == 201
    path = f"/doctors/{doctor.id}/time-off"
    listed = client.get(path).json["data"]
    [first] = [
        one["id"] for one in listed if (one["starts_at"], one["ends_at"]) == (week["starts_at"], week["ends_at"])
    ]
    assert client.delete(f"{path}/{first}").status_code == 204
    assert add(own, "time-off", **week).status_code == 201


def test_leave_over_live_bookings_lists_them_all(app, own):
    client, doctor = own
    open_hours(app, doctor.id, capacity=2)
    patients = [make_patient(app).id for _ in range(4)]
    before = book(app, doctor.id, patients[0], berlin(1, 9, 30))
    inside = [book(app, doctor.id, patient, berlin(1, 10)) for patient in patients[1:3]]
    crossing = book(app, doctor.id, patients[3], berlin(1, 11, 30), duration_minutes=60)
    after = book(app, doctor.id, patients[0], berlin(1, 12, 30))
    body = leave(berlin(1, 10), berlin(1, 12))
    listed = conflict(add(own, "time-off", **body), "has_bookings")["appointments"]
    assert {one["id"] for one in listed} == {str(one.id) for one in (*inside, crossing)}
    assert client.get(f"/doctors/{doctor.id}/time-off").json["data"] == []
    assert add(own, "time-off", **body, on_conflict="cancel").status_code == 201
    standing = {one: status_of(client, one)["status"] for one in (before, *inside, crossing, after)}
    assert [one for one, status in standing.items() if status == "scheduled"] == [before, after]
    assert status_of(client, crossing)["cancelled"]["reason"] == "provider_leave"


def test_a_holiday_lists_the_bookings_of_all_doctors_by_their_own_day(app):
    admin = signed_in(app, "admin")
    here, west = make_doctor(app), make_doctor(app, timezone="America/Los_Angeles")
    for doctor in (here, west):
        open_hours(app, doctor.id, start="00:00", end="00:00")
    eve = datetime(2026, 3, 9, 7, tzinfo=UTC)  # eight on the 9th in Berlin, the last hour of the 8th in Los Angeles
    by_day = {one.id: one for one in (book(app, doctor.id, make_patient(app).id, eve - timedelta(hours=1))
                                       for doctor in (here, west))}  # fmt: skip
    assert len(by_day) == 2
    holiday = {"date": "2026-03-09", "name": "Rest"}
    refusal = admin.post("/clinic/holidays", json={**holiday, "on_conflict": "refuse"})
    assert [one["doctor"]["id"] for one in conflict(refusal, "has_bookings")["appointments"]] == [str(here.id)]
    kept = admin.post("/clinic/holidays", json=holiday)
    assert [one["id"] for one in kept.json["data"]["appointments"]] == [
        str(one.id) for one in by_day.values() if one.doctor_id == here.id
    ]
    assert admin.delete(f"/clinic/holidays/{kept.json['data']['id']}").status_code == 204
    done = admin.post("/clinic/holidays", json={**holiday, "on_conflict": "cancel"})
    assert (done.status_code, done.json["data"]["appointments"]) == (201, [])
    states = {one.doctor_id: status_of(admin, one) for one in by_day.values()}
    assert {one: shown["status"] for one, shown in states.items()} == {here.id: "cancelled", west.id: "scheduled"}
    assert states[here.id]["cancelled"]["reason"] == "holiday"
