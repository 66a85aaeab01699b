"""Free times over HTTP: who sees which, at what cost; the check of one time; who is free on a day; the schedule."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from server.core.db import Base, db
from tests.factories.calendar import at, book, make_doctor, open_hours, signed_in_doctor, take_leave, written
from tests.factories.people import API, make_patient, signed_in

pytestmark = pytest.mark.usefixtures("clock")  # Monday 2026-03-02 09:00 in Berlin, the clinic's zone

TOMORROW = "2026-03-03"


def slots_of(client, doctor, **query):
    path = f"/doctors/{doctor.id}/availability/slots"
    query.setdefault("from", TOMORROW)
    query.setdefault("to", query["from"])
    answer = client.get(path if hasattr(client, "user") else API + path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def wall(slots):
    return [slot["local_start"][11:16] for slot in slots]


def refused(client, doctor, *names, **query):
    answer = client.get(f"{API}/doctors/{doctor.id}/availability/slots", query_string=query)
    assert answer.status_code == 422, answer.text
    assert set(answer.json["errors"]) == set(names), answer.text


@pytest.fixture
def doctor(app):
    """Give a doctor with hours from 9 to 12 on all days."""
    doctor = make_doctor(app)
    open_hours(app, doctor.id, start="09:00", end="12:00")
    return doctor


def test_anybody_sees_free_times(app, client, doctor):
    book(app, doctor.id, make_patient(app).id, at(1, "09:00"))  # ten o'clock in Berlin
    slots = slots_of(client, doctor)
    assert wall(slots) == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    assert slots[0] == {
        "starts_at": "2026-03-03T08:00:00Z",
        "ends_at": "2026-03-03T08:30:00Z",
        "local_start": "2026-03-03T09:00:00+01:00",
        "remaining": 1,
    }


def test_the_days_that_clocks_change(app, client):
    doctor = make_doctor(app, timezone="America/New_York")
    open_hours(app, doctor.id, start="01:00", end="04:00")
    assert wall(slots_of(client, doctor, **{"from": "2026-03-08"})) == ["01:00", "01:30", "03:00", "03:30"]
    assert len(slots_of(client, doctor, **{"from": "2026-03-07"})) == 6


def test_dates_are_the_doctors_and_instants_end_before_they_are(app, client):
    doctor = make_doctor(app, timezone="Asia/Kolkata")
    open_hours(app, doctor.id, start="00:00", end="01:00")
    slots = slots_of(client, doctor, to="2026-03-04")
    assert [slot["local_start"] for slot in slots[::2]] == ["2026-03-03T00:00:00+05:30", "2026-03-04T00:00:00+05:30"]
    bounds = {"from": slots[1]["starts_at"], "to": slots[3]["starts_at"]}
    assert slots_of(client, doctor, **bounds) == slots[1:3]


def test_without_a_range_a_week_is_listed(client, doctor):
    path = f"{API}/doctors/{doctor.id}/availability/slots"
    days = {slot["local_start"][:10] for slot in client.get(path).json["data"]}
    assert (min(days), max(days), len(days)) == ("2026-03-02", "2026-03-08", 7)


def test_patients_see_what_they_may_book_and_staff_what_they_may(app, client):
    own, doctor = signed_in_doctor(app)
    open_hours(app, doctor.id, start="08:30", end="12:00")
    today = {"from": "2026-03-02"}
    later = ["10:00", "10:30", "11:00", "11:30"]
    receptionist, patient = signed_in(app, "receptionist"), signed_in(app, "patient")
    stranger, _ = signed_in_doctor(app)
    assert [wall(slots_of(one, doctor, **today)) for one in (client, patient, stranger)] == [later] * 3
    assert [wall(slots_of(one, doctor, **today)) for one in (receptionist, own)] == [["09:00", "09:30", *later]] * 2


def test_as_far_as_the_horizon(client, doctor):
    last = date(2026, 3, 2) + timedelta(days=180)
    days = {slot["local_start"][:10] for slot in slots_of(client, doctor, to=str(last + timedelta(days=5)),
                                                          **{"from": str(last - timedelta(days=1))})}  # fmt: skip
    assert max(days) == str(last)


@pytest.mark.parametrize(("minutes", "starts"), [(30, 6), (60, 5), (180, 1), (210, 0), (45, 0)])
def test_a_length_is_whole_slots_for_patients(app, client, doctor, minutes, starts):
    assert len(slots_of(client, doctor, duration_minutes=minutes)) == starts
    assert len(slots_of(client, doctor, duration=minutes)) == starts
    staff = slots_of(signed_in(app, "nurse"), doctor, duration=minutes)
    assert len(staff) == (5 if minutes == 45 else starts)


def test_what_cannot_be_asked_is_named(client, doctor):
    day = {"from": TOMORROW, "to": TOMORROW}
    refused(client, doctor, "to", **{"from": "2026-03-03", "to": "2026-03-02"})
    refused(client, doctor, "to", **{"from": "2026-03-01", "to": "2026-05-02"})
    assert slots_of(client, doctor, **{"from": "2026-03-01", "to": "2026-05-01"})
    refused(client, doctor, "to", **{"from": "2026-03-01T00:00:00Z", "to": "2026-05-02T00:00:01Z"})
    refused(client, doctor, "to", **{"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"})
    refused(client, doctor, "from", **{"from": "2026-03-01T00:00:00", "to": "2026-03-02"})
    refused(client, doctor, "to", **{"from": "2026-03-01", "to": "9999-12-31"})
    refused(client, doctor, "duration", **day, duration=4)
    refused(client, doctor, "duration_minutes", **day, duration_minutes=481)
    refused(client, doctor, "duration", **day, duration=30, duration_minutes=60)
    refused(client, doctor, "until", **day, until=TOMORROW)


def test_who_takes_no_patients_is_nobody_to_the_public(app, client):
    gone = make_doctor(app, status="inactive")
    open_hours(app, gone.id)
    unknown = client.get(f"{API}/doctors/{uuid.uuid4()}/availability/slots")
    hidden = client.get(f"{API}/doctors/{gone.id}/availability/slots")
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert slots_of(signed_in(app, "receptionist"), gone) == []
    broken = client.get(f"{API}/doctors/{gone.id}/availability/slots", headers={"Authorization": "Bearer x"})
    assert broken.status_code == 401


@pytest.mark.parametrize("tail", ["", "/availability/slots", "/reviews"])
def test_a_public_read_refuses_a_token_that_is_none(app, client, doctor, tail):
    path = f"{API}/doctors/{doctor.id}{tail}"
    assert client.get(path).status_code == 200
    caller = signed_in(app, "receptionist")
    token = caller.tokens.headers
    assert client.get(path, headers=token).status_code == 200
    assert caller.post("/auth/logout").status_code == 200
    for sent in (token, {"Authorization": "Bearer x"}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}):
        answer = client.get(path, headers=sent)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), (sent, answer.text)
        assert "Bearer" in answer.headers["WWW-Authenticate"]


def statements_of(app, work):
    """Run `work`, and return the statements that it took."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def rows_of(app):
    with app.app_context():
        names = [table for table in Base.metadata.sorted_tables if table.name != "audit_logs"]
        return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in names}


def test_any_range_takes_the_same_statements_and_writes_only_the_audit_row(app, client, doctor):
    for day in range(1, 40):
        book(app, doctor.id, make_patient(app).id, at(day, "09:00"))
        take_leave(app, doctor.id, at(day, "10:00"), at(day, "10:15"))
    slots_of(client, doctor)
    before = rows_of(app)
    counted = [statements_of(app, lambda to=to: slots_of(client, doctor, to=to)) for to in (TOMORROW, "2026-05-03")]
    assert [len(statements) for statements in counted] == [2, 2]
    assert counted[0] == counted[1]
    assert [statement.split()[0] for statement in counted[0]] == ["SELECT", "INSERT"]
    assert rows_of(app) == before


def test_the_schedule_of_any_range_takes_the_same_statements(app, doctor):
    nurse = signed_in(app, "nurse")
    path = f"/doctors/{doctor.id}/schedule?from={TOMORROW}&to="
    nurse.get(path + TOMORROW)
    counts = []
    for days in (1, 30):
        for day in range(1, days):
            book(app, doctor.id, make_patient(app).id, at(day, "09:00"))
        counts.append([len(statements_of(app, lambda to=to: nurse.get(path + to))) for to in (TOMORROW, "2026-05-03")])
    assert len({*counts[0], *counts[1]}) == 1


# The check of one time


def check(client, doctor, starts_at, **query):
    query = {
        "starts_at": written(starts_at),
        **{k: written(v) if isinstance(v, datetime) else v for k, v in query.items()},
    }
    answer = client.get(f"/doctors/{doctor.id}/availability/check", query_string=query)
    assert answer.status_code == 200, answer.text
    data = answer.json["data"]
    assert data["free"] is (not data["reasons"])
    assert all(reason["message"].endswith(".") for reason in data["reasons"])
    return [reason["code"] for reason in data["reasons"]]


def test_one_time_is_free_or_every_reason_is_told(app, doctor):
    nurse = signed_in(app, "nurse")
    ten = at(1, "09:00")
    assert check(nurse, doctor, ten, ends_at=ten + timedelta(minutes=30)) == []
    assert check(nurse, doctor, ten + timedelta(minutes=5)) == []
    assert check(nurse, doctor, at(-1, "09:00")) == ["in_past"]
    assert check(nurse, doctor, at(1, "20:00")) == ["outside_hours"]
    take_leave(app, doctor.id, at(1, "09:10"), at(1, "22:00"))
    assert check(nurse, doctor, at(1, "20:00")) == ["time_off", "outside_hours"]
    assert check(nurse, doctor, at(200, "20:00")) == ["too_far", "outside_hours"]
    assert check(nurse, doctor, ten, duration_minutes=10) == []
    book(app, doctor.id, make_patient(app).id, ten, duration_minutes=5)
    assert check(nurse, doctor, ten) == ["time_off", "slot_taken"]
    assert check(nurse, make_doctor(app, status="inactive"), ten) == ["doctor_inactive", "outside_hours"]


def test_patients_are_told_what_patients_are(app, doctor):
    patient = signed_in(app, "patient")
    chart = make_patient(app, user_id=patient.user.id)
    ten = at(1, "09:00")
    assert check(patient, doctor, ten + timedelta(minutes=5)) == ["off_grid"]
    assert check(patient, doctor, at(0, "08:30")) == ["too_soon"]
    elsewhere = make_doctor(app)
    open_hours(app, elsewhere.id)
    book(app, elsewhere.id, chart.id, ten + timedelta(minutes=15))
    assert check(patient, doctor, ten) == ["patient_busy"]
    assert check(signed_in(app, "patient"), doctor, ten) == []
    assert check(signed_in(app, "nurse"), doctor, ten) == []
    assert check(patient, elsewhere, ten) == ["slot_taken", "patient_busy"]


def test_what_cannot_be_checked_is_named(app, doctor):
    nurse = signed_in(app, "nurse")
    path = f"/doctors/{doctor.id}/availability/check"
    for query, name in (
        ({}, "starts_at"),
        ({"starts_at": "2026-03-03T10:00:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, "starts_at"),
        ({"starts_at": "2026-03-03T10:00:00Z", "ends_at": "2026-03-03T10:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-03-03T10:00:00Z", "ends_at": "2026-03-04T10:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-03-03T10:00:00Z", "duration_minutes": "1"}, "duration_minutes"),
    ):
        answer = nurse.get(path, query_string=query)
        assert (answer.status_code, set(answer.json["errors"])) == (422, {name}), answer.text
    unknown = nurse.get(f"/doctors/{uuid.uuid4()}/availability/check?starts_at=2026-03-03T10:00:00Z")
    assert unknown.status_code == 404


# Doctors who are free on a day


def test_doctors_are_found_by_a_day_on_which_they_are_free(app, client):
    def found(day):
        answer = client.get(f"{API}/doctors", query_string={"available_on": day, "per_page": 100})
        assert answer.status_code == 200, answer.text
        return {uuid.UUID(one["id"]) for one in answer.json["data"]}

    free, full, spare, away, idle = (make_doctor(app) for _ in range(5))
    for doctor, seats in ((free, 1), (full, 1), (spare, 2), (away, 1)):
        open_hours(app, doctor.id, start="09:00", end="10:00", slot_minutes=60, capacity=seats)
    for doctor in (full, spare):
        book(app, doctor.id, make_patient(app).id, at(1, "08:00"))
    take_leave(app, away.id, at(1, "00:00"), at(1, "23:00"))
    assert found(TOMORROW) == {free.id, spare.id}
    assert found("2026-03-04") == {free.id, full.id, spare.id, away.id}
    assert found("2026-03-01") == set()
    assert idle.id not in found("2026-03-05")


def test_any_number_of_doctors_takes_the_same_statements(app, client):
    path = f"{API}/doctors?available_on={TOMORROW}&per_page=100"
    counts = []
    for number in (1, 20):
        for _ in range(number):
            open_hours(app, make_doctor(app).id)
        client.get(path)
        counts.append(len(statements_of(app, lambda: client.get(path))))
    assert counts[0] == counts[1]


# The schedule


def test_a_schedule_shows_this_week_unless_told(app):
    own, doctor = signed_in_doctor(app)
    open_hours(app, doctor.id, days=[1], start="22:00", end="02:00", capacity=2, location="Ward")
    take_leave(app, doctor.id, at(3, "00:00"), at(4, "00:00"))
    signed_in(app, "admin").post("/clinic/holidays", json={"date": "2026-03-06", "name": "Rest"})
    shown = own.get(f"/doctors/{doctor.id}/schedule").json["data"]
    assert (shown["doctor"], shown["timezone"]) == ({"id": str(doctor.id), "name": doctor.name}, "Europe/Berlin")
    assert (shown["starts_at"], shown["ends_at"]) == ("2026-03-01T23:00:00Z", "2026-03-08T23:00:00Z")
    [window] = shown["windows"]
    assert (window["starts_at"], window["ends_at"]) == ("2026-03-03T21:00:00Z", "2026-03-04T01:00:00Z")
    assert (window["capacity"], window["location"], window["slot_minutes"]) == (2, "Ward", 30)
    assert [one["starts_at"] for one in shown["time_off"]] == ["2026-03-05T00:00:00Z"]
    assert shown["holidays"] == [{"date": "2026-03-06", "name": "Rest"}]
    night = own.get(f"/doctors/{doctor.id}/schedule?from=2026-03-04&to=2026-03-04").json["data"]
    assert [one["starts_at"] for one in night["windows"]] == [window["starts_at"]]
    assert night["time_off"] == night["holidays"] == []
    wide = own.get(f"/doctors/{doctor.id}/schedule?from=2026-03-01&to=2026-05-02")
    assert (wide.status_code, set(wide.json["errors"])) == (422, {"to"})


def test_a_schedule_shows_appointments_to_those_who_may_read_them(app):
    own, doctor = signed_in_doctor(app)
    open_hours(app, doctor.id)
    patient = signed_in(app, "patient")
    chart = make_patient(app, user_id=patient.user.id)
    mine = book(app, doctor.id, chart.id, at(1, "09:00"), reason="Back pain")
    other = book(app, doctor.id, make_patient(app).id, at(1, "10:00"), reason="Cough")
    gone = book(app, doctor.id, make_patient(app).id, at(1, "11:00"))
    own.post(f"/appointments/{gone.id}/cancel", json={"reason": "Ill"})
    busy = {"starts_at", "ends_at", "local_start", "status"}

    def seen(client):
        answer = client.get(f"/doctors/{doctor.id}/schedule")
        assert answer.status_code == 200, answer.text
        return answer.json["data"]["appointments"]

    stranger, _ = signed_in_doctor(app)
    for client in (own, signed_in(app, "receptionist"), signed_in(app, "admin")):
        assert [one["id"] for one in seen(client)] == [str(mine.id), str(other.id)]
        assert [one["reason"] for one in seen(client)] == ["Back pain", "Cough"]
    cashier = seen(signed_in(app, "cashier"))
    assert [one["patient"]["id"] for one in cashier] == [str(mine.patient_id), str(other.patient_id)]
    assert not any("reason" in one for one in cashier)
    first, second = seen(patient)
    assert (first["id"], first["reason"]) == (str(mine.id), "Back pain")
    assert set(second) == busy
    for client in (stranger, signed_in(app, "pharmacist"), signed_in(app, "patient")):
        assert [set(one) for one in seen(client)] == [busy, busy]
        assert [one["status"] for one in seen(client)] == ["busy", "busy"]


def test_why_a_doctor_is_away_is_told_to_them_and_admins(app):
    own, doctor = signed_in_doctor(app)
    leave = {"starts_at": written(at(1)), "ends_at": written(at(2)), "reason": "An operation"}
    assert own.post(f"/doctors/{doctor.id}/time-off", json=leave).status_code == 201

    def away(client):
        [one] = client.get(f"/doctors/{doctor.id}/schedule").json["data"]["time_off"]
        return one

    stranger, _ = signed_in_doctor(app)
    assert [away(one)["reason"] for one in (own, signed_in(app, "admin"))] == ["An operation"] * 2
    for client in (stranger, signed_in(app, "receptionist"), signed_in(app, "patient")):
        assert set(away(client)) == {"id", "starts_at", "ends_at"}
