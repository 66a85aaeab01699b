"""Calendar feeds, read by the library that calendar programs use: what they show, to whom, and what they never tell."""

import uuid
from datetime import timedelta

import pytest
import requests
from icalendar import Calendar

from server.core.uow import command
from server.modules.appointments.enums import Status
from server.modules.users import service as users
from tests.appointments.visits import visit
from tests.factories.calendar import at, make_doctor, open_hours, set_columns, signed_in_doctor, written
from tests.factories.database import audit_rows, everything, query
from tests.factories.people import API, make_patient, make_user, sign_in, signed_in
from tests.live import LiveServer
from tests.patients.support import refused

TOKENS = "/calendar/tokens"


@pytest.fixture
def ada(app):
    """Give a client signed in as a patient with a chart."""
    someone = signed_in(app, "patient")
    someone.chart = make_patient(app, user_id=someone.user.id, first_name="Ada", last_name="Lovelace")
    return someone


@pytest.fixture
def doctor(app):
    """Give a doctor."""
    return make_doctor(app, title="Dr.")


def new_feed(someone):
    """Make a token and return its id and the path of its feed."""
    answer = someone.post(TOKENS)
    assert answer.status_code == 201, answer.text
    return answer.json["data"]["id"], path_of(answer)


def path_of(answer):
    host, slash, path = answer.json["data"]["url"].partition("/calendar/")
    assert host
    return slash + path


def test_a_feed_is_called_as_the_clinic_is(app, client, ada):
    path = new_feed(ada)[1]
    assert "X-WR-CALNAME:Polyclinic\r\n" in client.get(path).text
    assert signed_in(app, "admin").patch("/clinic", json={"name": "Zur Linde"}).status_code == 200
    assert "X-WR-CALNAME:Zur Linde\r\n" in client.get(path).text


def events(client, path):
    """Return the events of a feed by their UID."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    found = Calendar.from_ical(answer.data)
    assert found["VERSION"] == "2.0"
    assert found["PRODID"]
    return {str(event["UID"]): event for event in found.walk("VEVENT")}


def test_an_event_keeps_its_uid_and_counts_up_across_booking_moving_and_cancelling(app, client, ada, doctor):
    open_hours(app, doctor.id, location="Room 3, east; lift")
    _, path = new_feed(ada)
    assert events(client, path) == {}

    desk = signed_in(app, "receptionist")
    body = {"patient_id": str(ada.chart.id), "doctor_id": str(doctor.id), "starts_at": written(at(3))}
    made = desk.post("/appointments", json=body)
    assert made.status_code == 201, made.text
    appointment = made.json["data"]["id"]
    ((uid, booked),) = events(client, path).items()
    assert appointment in uid
    assert booked.decoded("DTSTART") == at(3)
    assert booked.decoded("DTEND") == at(3) + timedelta(minutes=30)
    assert booked["DTSTART"].to_ical().endswith(b"Z")
    assert booked["SUMMARY"] == f"Appointment with Dr. {doctor.name}"
    assert booked["LOCATION"] == "Room 3, east; lift"
    assert booked["STATUS"] == "CONFIRMED"
    assert booked.decoded("LAST-MODIFIED")

    later = {"starts_at": written(at(4, "15:00"))}
    assert desk.patch(f"/appointments/{appointment}/reschedule", json=later).status_code == 200
    ((same, moved),) = events(client, path).items()
    assert same == uid
    assert moved.decoded("DTSTART") == at(4, "15:00")
    assert moved.decoded("DTEND") == at(4, "15:30")
    assert moved["SEQUENCE"] > booked["SEQUENCE"]

    assert desk.post(f"/appointments/{appointment}/cancel", json={"reason": "ill"}).status_code == 200
    ((same, cancelled),) = events(client, path).items()
    assert same == uid
    assert cancelled["STATUS"] == "CANCELLED"
    assert cancelled.decoded("DTSTART") == at(4, "15:00")
    assert cancelled["SEQUENCE"] > moved["SEQUENCE"]
    assert cancelled.decoded("LAST-MODIFIED") >= moved.decoded("LAST-MODIFIED")


def test_what_went_to_another_doctor_stays_in_the_feed_of_the_first_as_cancelled(app, client):
    (someone, doctor), (other_client, other) = signed_in_doctor(app), signed_in_doctor(app)
    for each in (doctor, other):
        open_hours(app, each.id)
    desk = signed_in(app, "receptionist")
    body = {"patient_id": str(make_patient(app).id), "doctor_id": str(doctor.id), "starts_at": written(at(3))}
    appointment = desk.post("/appointments", json=body).json["data"]["id"]
    feeds = [new_feed(reader)[1] for reader in (someone, other_client)]
    ((uid, first),) = events(client, feeds[0]).items()
    assert events(client, feeds[1]) == {}

    def give(to, day):
        there = {"starts_at": written(at(day)), "doctor_id": str(to.id)}
        assert desk.patch(f"/appointments/{appointment}/reschedule", json=there).status_code == 200
        return [events(client, feed)[uid] for feed in feeds]

    gone, here = give(other, 4)
    assert (gone["STATUS"], here["STATUS"]) == ("CANCELLED", "CONFIRMED")
    assert (gone.decoded("DTSTART"), gone.decoded("DTEND")) == (at(3), at(3) + timedelta(minutes=30))
    assert here.decoded("DTSTART") == at(4)
    assert gone["SEQUENCE"] > first["SEQUENCE"]

    back, lost = give(doctor, 5)
    assert (back["STATUS"], lost["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert back.decoded("DTSTART") == at(5)
    assert lost.decoded("DTSTART") == at(4)
    assert back["SEQUENCE"] > gone["SEQUENCE"]
    assert all(len(events(client, feed)) == 1 for feed in feeds)

    again, _ = give(other, 6)
    assert (again["STATUS"], again.decoded("DTSTART")) == ("CANCELLED", at(5))
    assert again["SEQUENCE"] > back["SEQUENCE"]


def test_nothing_clinical_leaves_the_house_and_a_doctors_feed_names_nobody(app, client, ada):
    someone, doctor = signed_in_doctor(app)
    visit(app, doctor.id, ada.chart.id, at(3), reason="Biopsy", notes="Suspected melanoma", type="procedure")
    for reader in (ada, someone):
        _, path = new_feed(reader)
        assert len(events(client, path)) == 1
        text = client.get(path).text.replace("\r\n ", "")
        for word in ("Biopsy", "melanoma", "procedure", "Lovelace", "Ada", ada.chart.mrn, str(ada.chart.id)):
            assert word not in text
    _, path = new_feed(someone)
    (event,) = events(client, path).values()
    assert event["SUMMARY"] == "Appointment"


def test_a_feed_shows_ones_own_appointments_alone(app, client, ada, doctor):
    other = make_patient(app)
    visit(app, doctor.id, other.id, at(3, "11:00"))
    own = visit(app, doctor.id, ada.chart.id, at(3))
    _, path = new_feed(ada)
    assert [uid.partition("@")[0] for uid in events(client, path)] == [str(own)]
    _, empty = new_feed(signed_in(app, "nurse"))
    assert events(client, empty) == {}


def test_a_doctor_who_is_a_patient_too_has_both(app, client):
    user = make_user(app, "doctor", "patient")
    chart, own = make_patient(app, user_id=user.id), make_doctor(app, user_id=user.id)
    there = visit(app, own.id, make_patient(app).id, at(2))
    here = visit(app, make_doctor(app).id, chart.id, at(1))
    _, path = new_feed(signed_in(app, user=user))
    assert {uid.partition("@")[0] for uid in events(client, path)} == {str(there), str(here)}


def test_the_range_is_ninety_days_back_to_the_horizon(app, client, ada, doctor):
    shown = [visit(app, doctor.id, ada.chart.id, at(days)) for days in (-89, 0, 179)]
    for days in (-92, 200):
        visit(app, doctor.id, ada.chart.id, at(days))
    _, path = new_feed(ada)
    assert [uid.partition("@")[0] for uid in events(client, path)] == [str(one) for one in shown]


def test_a_revoked_or_made_up_address_is_not_found(app, client, ada):
    token_id, path = new_feed(ada)
    _, other = new_feed(ada)
    assert [one["id"] for one in ada.get(TOKENS).json["data"]] != []
    assert ada.delete(f"{TOKENS}/{token_id}").status_code == 204
    assert ada.delete(f"{TOKENS}/{token_id}").status_code == 204
    refused(client.get(path), 404, "not_found")
    assert client.get(other).status_code == 200
    assert token_id not in [one["id"] for one in ada.get(TOKENS).json["data"]]
    for wrong in ("/calendar/x.ics", path.replace(".ics", "x.ics"), f"/calendar/{uuid.uuid4()}.ics", path[:-4]):
        assert client.get(wrong).status_code == 404, wrong
    assert client.get("/calendar/%00%ff.ics").status_code == 404


def test_somebody_elses_token_is_not_found(app, ada):
    token_id, _ = new_feed(ada)
    other = signed_in(app, "patient")
    refused(other.delete(f"{TOKENS}/{token_id}"), 404, "not_found")
    assert other.get(TOKENS).json["data"] == []


def test_a_feed_follows_roles_and_ends_with_its_account(app, client):
    admin = signed_in(app, "admin")
    someone, doctor = signed_in_doctor(app)
    visit(app, doctor.id, make_patient(app).id, at(1))
    _, path = new_feed(someone)
    assert len(events(client, path)) == 1
    admin.patch(f"/users/{someone.user.id}", json={"roles": ["nurse"]})
    assert events(client, path) == {}
    admin.patch(f"/users/{someone.user.id}", json={"roles": ["doctor"]})
    assert len(events(client, path)) == 1

    with app.app_context(), command("tests.lock", "user"):
        users.get_for_update(someone.user.id).status = "locked"
    assert client.get(path).status_code == 200
    with app.app_context(), command("tests.open", "user"):
        users.get_for_update(someone.user.id).status = "active"

    assert admin.delete(f"/users/{someone.user.id}").status_code == 204
    assert client.get(path).status_code == 404
    assert admin.post(f"/users/{someone.user.id}/reactivate").status_code == 200
    assert client.get(path).status_code == 404


def test_the_token_is_kept_nowhere_and_no_key_repeats_its_answer(app, client, ada):
    key = {"Idempotency-Key": "once"}
    first, second = ada.post(TOKENS, headers=key), ada.post(TOKENS, headers=key)
    assert first.json["data"]["id"] != second.json["data"]["id"]
    for path in map(path_of, (first, second)):
        assert client.get(path).status_code == 200
        token = path.removeprefix("/calendar/").removesuffix(".ics")
        assert len(token) >= 43
        assert token not in everything(app)
    row = audit_rows(app)[-1]
    assert row["route"] == "/calendar/<token>.ics"
    assert row["action"] == "calendar.feed"
    assert row["actor_id"] == ada.user.id


def test_the_list_of_tokens_says_no_address(ada):
    token_id, _ = new_feed(ada)
    (shown,) = ada.get(TOKENS).json["data"]
    assert shown.keys() == {"id", "created_at"}
    assert shown["id"] == token_id


@pytest.mark.only("sqlite")
def test_addresses_begin_with_the_public_url_or_where_they_were_asked_for(app, make_app):
    user = make_user(app, "patient")

    def url(other, **headers):
        client = other.test_client()
        tokens = sign_in(client, user)
        answer = client.post(API + TOKENS, headers={**tokens.headers, **headers})
        return answer.json["data"]["url"]

    assert url(app, Host="api.example:8443").startswith("http://api.example:8443/calendar/")
    public = make_app(PUBLIC_URL="https://api.clinic.example/")
    assert url(public, Host="evil.example").startswith("https://api.clinic.example/calendar/")


def test_a_long_calendar_is_read_in_few_statements_and_is_bounded(app, client, monkeypatch):
    someone, doctor = signed_in_doctor(app)
    patient = make_patient(app)
    for number in range(8):
        visit(app, doctor.id, patient.id, at(number - 3))
    monkeypatch.setattr("server.modules.appointments.queries.feeds.MOST_AHEAD", 2)
    monkeypatch.setattr("server.modules.appointments.queries.feeds.MOST_PAST", 1)
    _, path = new_feed(someone)
    starts = [event.decoded("DTSTART") for event in events(client, path).values()]
    assert starts == sorted(starts)
    assert len(starts) == 3
    assert len(query(app, "SELECT id FROM appointments")) == 8


def test_a_missed_appointment_stays_as_it_was(app, client, ada, doctor):
    appointment = visit(app, doctor.id, ada.chart.id, at(-1))
    set_columns(app, appointment, status=Status.NO_SHOW)
    _, path = new_feed(ada)
    assert [event["STATUS"] for event in events(client, path).values()] == ["CONFIRMED"]


@pytest.mark.slow
@pytest.mark.only("sqlite")
def test_the_servers_own_log_carries_no_token(leg):
    server = LiveServer(leg, GUNICORN_ACCESS_LOG="-", LOG_LEVEL="DEBUG", GUNICORN_LOG_LEVEL="debug")
    server.start()
    try:
        someone = signed_in(leg.app, "patient")
        answer = requests.post(f"{server.base_url}{API}{TOKENS}", headers=someone.tokens.headers, timeout=10)
        url = answer.json()["data"]["url"]
        assert url.startswith(server.base_url)
        assert requests.get(url, timeout=10).status_code == 200
        assert requests.get(f"{server.base_url}{API}{TOKENS}", headers=someone.tokens.headers, timeout=10).ok
    finally:
        server.stop()
    log = server.log.read_text()
    token = url.rpartition("/")[2].removesuffix(".ics")
    assert '"GET /calendar/(token) HTTP/1.1"' in log
    assert f"{TOKENS} HTTP/1.1" in log
    assert token not in log
