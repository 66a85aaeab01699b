"""Every list endpoint, found from the declarations, and how to put rows into each."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import Flask

from server.core import clock
from server.core.db import db
from server.core.declare import Endpoint, endpoints
from server.core.ids import new_id
from server.core.uow import command
from server.modules.appointments.models import Appointment, Override, Review, TimeOff, WaitlistEntry, Window
from server.modules.auth.service import sessions
from server.modules.doctors.models import Favorite, Holiday
from server.modules.doctors.service import profiles, specialties
from server.modules.notifications import service as notifications
from server.modules.notifications.enums import SecurityEvent
from server.modules.patients.service import care, chart, contacts, people
from server.modules.users import service as users
from server.modules.users.models import User
from tests.appointments.rows import add_events, make_appointments
from tests.factories.calendar import make_doctor
from tests.factories.people import API, SignedIn, make_patient, make_user, relate, signed_in

# Ties, other alphabets, capitals before small letters, and a word with a space in it.
NAMES = ["Zwick", "zwick", "Ångström", "Zwick", "محمد", "王", "Öz", "O'Neill", "Éclair", "de la Cruz", "Zwick", "Ärger"]

# What must not come twice, however often a list is filled.
_numbers = itertools.count(1)


@dataclass
class Filled:
    """A list with rows in it: who reads it, where, and with which parameters."""

    client: SignedIn
    path: str
    query: dict[str, str]


def list_endpoints(app: Flask) -> list[Endpoint]:
    """Return the endpoints that page, aliases left out."""
    return [
        endpoint
        for endpoint in endpoints(app)
        if endpoint.declaration.many
        and endpoint.declaration.query is not None
        and "per_page" in endpoint.declaration.query().fields
        and endpoint.alias_of is None
    ]


def sort_keys(endpoint: Endpoint) -> list[str]:
    """Return the names by which a list can be sorted."""
    assert endpoint.declaration.query
    return list(endpoint.declaration.query().fields["sort"].names)


def fill_patients(app: Flask, count: int) -> list[uuid.UUID]:
    """Register so many patients."""
    with app.app_context(), command("tests.fill", "patient"):
        return [
            people.register(
                actor=None,
                confirm_new=True,
                first_name=f"Given{number}",
                last_name=NAMES[number % len(NAMES)],
                date_of_birth=date(1900 + number % 100, 1 + number % 12, 1),
                sex="other",
            ).id
            for number in range(count)
        ]


def _patients(app: Flask, count: int) -> Filled:
    fill_patients(app, count)
    return Filled(signed_in(app, "admin"), "/patients", {})


def _search(app: Flask, count: int) -> Filled:
    fill_patients(app, count)
    return Filled(signed_in(app, "admin"), "/patients/search", {"q": "given"})


def _users(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "user"):
        for number in range(count - 1):
            name, email = NAMES[number % len(NAMES)], f"filler{number}@example.com"
            users.create(email=email, first_name="Fill", last_name=name, roles=["nurse"])
    return Filled(signed_in(app, "admin"), "/users", {})


def _chart(kind: str, add: Callable[..., Any], **fields: Any) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        patient, doctor = make_patient(app), make_user(app, "doctor")
        relate(app, patient.id, doctor.id)
        with app.app_context(), command("tests.fill", kind):
            for number in range(count):
                named = {name: f"{value} {number}" if name != "severity" else value for name, value in fields.items()}
                add(actor=None, patient_id=patient.id, status="active", **named)
        return Filled(signed_in(app, user=doctor), f"/patients/{patient.id}/{kind}", {})

    return fill


def _requests(path: str) -> Callable[[Flask, int], Filled]:
    """Fill what grows with each request; `to` keeps the requests of the test itself out."""

    def fill(app: Flask, count: int) -> Filled:
        client = signed_in(app, "admin")
        for _ in range(count):
            client.get("/auth/me")
        return Filled(client, path, {"to": (clock.now() + timedelta(seconds=0.5)).isoformat().replace("+00:00", "Z")})

    return fill


def _sessions(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    with app.app_context(), command("tests.fill", "session"):
        user = db.session.get_one(User, client.user.id)
        for number in range(count - 1):
            sessions.open_session(user=user, device=sessions.Device(f"Browser {number}", "127.0.0.1"))
    return Filled(client, "/auth/sessions", {})


def _sessions_of_another(app: Flask, count: int) -> Filled:
    other = make_user(app, "nurse")
    with app.app_context(), command("tests.fill", "session"):
        user = db.session.get_one(User, other.id)
        for number in range(count):
            sessions.open_session(user=user, device=sessions.Device(f"Browser {number}", "127.0.0.1"))
    return Filled(signed_in(app, "admin"), f"/users/{other.id}/sessions", {})


def _timeline(app: Flask, count: int) -> Filled:
    filled = _chart("conditions", chart.add_condition, display="Condition")(app, count)
    return replace(filled, path=filled.path.replace("conditions", "timeline"))


def _care_team(app: Flask, count: int) -> Filled:
    patient = make_patient(app)
    with app.app_context(), command("tests.fill", "care_relation"):
        for number in range(count):
            email = f"{new_id()}@example.com"
            user = users.create(email=email, first_name="Fill", last_name=NAMES[number % len(NAMES)], roles=["nurse"])
            care.enrol(patient_id=patient.id, user_id=user.id, added_by=user.id)
    return Filled(signed_in(app, "admin"), f"/patients/{patient.id}/care-team", {})


def _contacts(app: Flask, count: int) -> Filled:
    patient = make_patient(app)
    with app.app_context(), command("tests.fill", "contact"):
        for number in range(count):
            name, phone = NAMES[number % len(NAMES)], "+16175550100"
            contacts.add_contact(patient_id=patient.id, kind="emergency", name=name, relationship="friend", phone=phone)
    return Filled(signed_in(app, "receptionist"), f"/patients/{patient.id}/contacts", {})


def _access_log(app: Flask, count: int) -> Filled:
    """Fill the log of a chart with one entry for each time it is opened."""
    patient, client = make_patient(app), signed_in(app, "admin")
    for _ in range(count):
        client.get(f"/patients/{patient.id}")
    query = {"action": "patients.read"}
    return Filled(client, f"/patients/{patient.id}/access-log", query)


def _notifications(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    with app.app_context(), command("tests.fill", "notification"):
        for _ in range(count):
            notifications.tell_of_security(user_id=client.user.id, event=SecurityEvent.PASSWORD_CHANGED)
    return Filled(client, "/notifications", {})


def _reviews(app: Flask, count: int) -> Filled:
    """Fill a doctor's reviews, each of a visit of its own."""
    doctor, patient = make_doctor(app), make_patient(app)
    with app.app_context(), command("tests.fill", "review"):
        for number in range(count):
            at = clock.now() - timedelta(days=number + 1)
            visit = Appointment(
                patient_id=patient.id,
                doctor_id=doctor.id,
                starts_at=at,
                ends_at=at + timedelta(minutes=30),
                status="completed",
                type="consultation",
            )
            db.session.add(visit)
            db.session.flush()
            db.session.add(
                Review(doctor_id=doctor.id, patient_id=patient.id, appointment_id=visit.id, rating=1 + number % 5)
            )
    return Filled(signed_in(app, "patient"), f"/doctors/{doctor.id}/reviews", {})


def _calendar_tokens(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    for _ in range(count):
        client.post("/calendar/tokens")
    return Filled(client, "/calendar/tokens", {})


def _appointments(path: str, **query: str) -> Callable[[Flask, int], Filled]:
    """Fill a doctor's calendar with visits of one patient; one user is the desk, the doctor and the patient."""

    def fill(app: Flask, count: int) -> Filled:
        user = make_user(app, "receptionist", "doctor", "patient")
        doctor, patient = make_doctor(app, user_id=user.id), make_patient(app, user_id=user.id, last_name="Visitor")
        make_appointments(app, doctor.id, patient.id, count)
        return Filled(signed_in(app, user=user), path, query)

    return fill


def _appointment_history(app: Flask, count: int) -> Filled:
    doctor, patient = make_doctor(app), make_patient(app)
    (one,) = make_appointments(app, doctor.id, patient.id, 1)
    add_events(app, one, count)
    return Filled(signed_in(app, "admin"), f"/appointments/{one}/history", {})


def fill_doctors(app: Flask, count: int) -> list[uuid.UUID]:
    """Add so many doctors."""
    with app.app_context(), command("tests.fill", "doctor"):
        return [
            profiles.add(
                actor=None,
                first_name=f"Given{number}",
                last_name=NAMES[number % len(NAMES)],
                specialties=["cardiology", "urology"],
                consultation_fee=number % 7 * 100,
            ).id
            for number in range(count)
        ]


def _doctors(path: str, **query: str) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        fill_doctors(app, count)
        return Filled(signed_in(app, "patient"), path, query)

    return fill


def _favorites(app: Flask, count: int) -> Filled:
    patient = signed_in(app, "patient")
    doctor_ids = fill_doctors(app, count)
    with app.app_context(), command("tests.fill", "doctor"):
        db.session.add_all(Favorite(user_id=patient.user.id, doctor_id=one) for one in doctor_ids)
    return Filled(patient, "/doctors/me/favorites", {})


def _specialties(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "specialty"):
        for number in range(count):
            specialties.add(name=NAMES[number % len(NAMES)], code=f"code{next(_numbers)}")
    return Filled(signed_in(app, "admin"), "/specialties", {})


def _holidays(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "holiday"):
        first = date(1990, 1, 1)
        db.session.add_all(Holiday(held_on=first + timedelta(days=next(_numbers)), name="Day") for _ in range(count))
    return Filled(signed_in(app, "nurse"), "/clinic/holidays", {})


def _waitlist(app: Flask, count: int) -> Filled:
    doctor = make_doctor(app)
    patients = [make_patient(app) for _ in range(count)]
    with app.app_context(), command("tests.fill", "waitlist_entry"):
        today = clock.today()
        db.session.add_all(
            WaitlistEntry(patient_id=one.id, doctor_id=doctor.id, first_day=today, last_day=today) for one in patients
        )
    return Filled(signed_in(app, "receptionist"), "/waitlist", {})


def _of_doctor(path: str, make: Callable[[uuid.UUID, int], Any]) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        user = make_user(app, "doctor")
        doctor_id = make_doctor(app, user_id=user.id).id
        with app.app_context(), command("tests.fill", "availability"):
            db.session.add_all(make(doctor_id, number) for number in range(count))
        return Filled(signed_in(app, user=user), f"/doctors/{doctor_id}/{path}", {})

    return fill


def _window(doctor_id: uuid.UUID, number: int) -> Window:
    start = number % 5 * 60
    return Window(doctor_id=doctor_id, weekday=number % 7, start_minute=start, end_minute=start + 60, slot_minutes=30)


def _override(doctor_id: uuid.UUID, number: int) -> Override:
    return Override(doctor_id=doctor_id, held_on=date(2026, 1, 1 + number % 28), kind="closed", windows=[])


def _time_off(doctor_id: uuid.UUID, number: int) -> TimeOff:
    starts_at = clock.now() + timedelta(days=number % 9)
    return TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=starts_at + timedelta(days=1))


FILLERS: dict[str, Callable[[Flask, int], Filled]] = {
    f"{API}/patients": _patients,
    f"{API}/patients/search": _search,
    f"{API}/users": _users,
    f"{API}/patients/{{patient_id}}/allergies": _chart(
        "allergies", chart.add_allergy, substance="Substance", severity="mild"
    ),
    f"{API}/patients/{{patient_id}}/conditions": _chart("conditions", chart.add_condition, display="Condition"),
    f"{API}/patients/{{patient_id}}/care-team": _care_team,
    f"{API}/patients/{{patient_id}}/timeline": _timeline,
    f"{API}/patients/{{patient_id}}/contacts": _contacts,
    f"{API}/patients/{{patient_id}}/access-log": _access_log,
    f"{API}/auth/sessions": _sessions,
    f"{API}/users/{{user_id}}/sessions": _sessions_of_another,
    f"{API}/notifications": _notifications,
    f"{API}/doctors": _doctors("/doctors"),
    f"{API}/doctors/search": _doctors("/doctors/search", q="given"),
    f"{API}/doctors/me/favorites": _favorites,
    f"{API}/specialties": _specialties,
    f"{API}/clinic/holidays": _holidays,
    f"{API}/doctors/{{doctor_id}}/reviews": _reviews,
    f"{API}/doctors/{{doctor_id}}/availability": _of_doctor("availability", _window),
    f"{API}/doctors/{{doctor_id}}/availability-overrides": _of_doctor("availability-overrides", _override),
    f"{API}/doctors/{{doctor_id}}/time-off": _of_doctor("time-off", _time_off),
    f"{API}/calendar/tokens": _calendar_tokens,
    f"{API}/appointments": _appointments("/appointments"),
    f"{API}/appointments/search": _appointments("/appointments/search", q="visitor"),
    f"{API}/appointments/me": _appointments("/appointments/me"),
    f"{API}/appointments/doctor/me": _appointments("/appointments/doctor/me"),
    f"{API}/appointments/{{appointment_id}}/history": _appointment_history,
    f"{API}/waitlist": _waitlist,
    f"{API}/audit-logs": _requests("/audit-logs"),
    f"{API}/user-activities": _requests("/user-activities"),
}
