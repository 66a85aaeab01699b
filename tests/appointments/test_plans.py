"""At 100,000 appointments every read finds its rows by an index: the plans are the databases' own."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import pytest
from flask import Flask
from sqlalchemy import event

from server.core.db import db
from server.core.ids import new_id
from server.core.search import search_text
from server.core.text import fold, fold_key
from server.modules.appointments.models import Appointment
from server.modules.appointments.queries import appointments as queries
from server.modules.doctors.models import Doctor
from server.modules.patients.models import CareRelation, Patient
from tests.factories.bulk import load
from tests.factories.people import make_user, signed_in

PATIENTS, DOCTORS, APPOINTMENTS = 20_000, 100, 100_000
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(days=700)
LATER = {"created_at": BEGAN, "updated_at": BEGAN, "version": 1}
# Nothing in a plan may hold so many rows: not what is read, not what is sorted. A search looks for 10,000 candidates.
MANY = 20_000
# A doctor's whole reach is one pass: PostgreSQL rather reads a hundred thousand rows than looks up a thousand patients.
ONE_PASS = {"/appointments", "/appointments/search?q=family1234"}


@dataclass
class Clinic:
    """A clinic of some size, and the accounts of one doctor and one patient of it."""

    app: Flask
    doctor: Any
    patient: Any
    doctors: list[uuid.UUID]
    patients: list[uuid.UUID]
    appointment: uuid.UUID


def names(number: int) -> tuple[str, str]:
    return f"Given{number % 977}", f"Family{number}"


def rows_of(clinic: Clinic) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Yield the rows of each table."""
    doctors, patients, visits, relations = [], [], [], []
    for number, doctor_id in enumerate(clinic.doctors):
        first, last = f"Doc{number}", f"Healer{number}"
        user_id = clinic.doctor.id if number == 0 else None
        keys = {"last_name_key": fold_key(last), "search_text": search_text(fold(first), fold(last)), "city_key": None}
        lists = {"qualifications": [], "languages": [], "language_keys": ""}
        counts = {"rating_count": 0, "rating_sum": 0, "rating_thousandths": 0, "calendar_version": 0, "fee_key": 0}
        facts = {"first_name": first, "last_name": last, "status": "active", **counts, **lists, **keys, **LATER}
        doctors.append({"id": doctor_id, "user_id": user_id, **facts})
    yield Doctor.__table__, doctors
    for number, patient_id in enumerate(clinic.patients):
        first, last = names(number)
        text = search_text(fold(first), fold(last))
        facts = {"first_name": first, "last_name": last, "date_of_birth": date(1980, 1, 1), "sex": "female"}
        keys = {"last_name_key": fold_key(last), "first_name_key": fold_key(first), "search_text": text}
        owner = clinic.patient.id if number == 0 else None
        patients.append(
            {
                "id": patient_id,
                "number": 1_000_000 + number,
                "mrn": f"MRN-{1_000_000 + number}",
                "user_id": owner,
                "status": "active",
                "possible_duplicate": False,
                "identifiers": [],
                "card_text": text,
                **facts,
                **keys,
                **LATER,
            }
        )
    yield Patient.__table__, patients
    for number in range(APPOINTMENTS):
        # A hundred doctors work side by side, a visit each quarter of an hour of the day.
        starts_at = BEGAN + timedelta(days=number // 100, minutes=15 * (number % 97))
        doctor_id, patient_id = clinic.doctors[number * 7 % DOCTORS], clinic.patients[number * 13 % PATIENTS]
        status = "completed" if starts_at < NOW - timedelta(hours=6) else "scheduled"
        if starts_at < NOW and number % 11 == 0:
            status = "cancelled"
        reason = search_text(fold(f"complaint{number % 5003}")) if number % 3 else ""
        appointment_id = new_id()
        visits.append(
            {
                "id": appointment_id,
                "doctor_id": doctor_id,
                "patient_id": patient_id,
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(minutes=15),
                "status": status,
                "type": "consultation",
                "timed_at": BEGAN,
                "search_text": reason,
                **LATER,
            }
        )
        if doctor_id == clinic.doctors[0]:
            source = {"source": "appointment", "source_id": appointment_id, "starts_at": BEGAN}
            relations.append({"id": new_id(), "patient_id": patient_id, "user_id": clinic.doctor.id, **source})
    clinic.appointment = visits[-1]["id"]
    yield Appointment.__table__, visits
    yield CareRelation.__table__, relations


@pytest.fixture
def clinic(app, clock):
    """Fill a clinic."""
    clock.move_to(NOW)
    return fill(app)


def fill(app):
    found = Clinic(
        app,
        make_user(app, "doctor"),
        make_user(app, "patient"),
        [new_id() for _ in range(DOCTORS)],
        [new_id() for _ in range(PATIENTS)],
        new_id(),
    )
    load(app, dict(rows_of(found)))
    return found


class Plans:
    """The plans of what a request has asked of appointments."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.found: list[tuple[str, Any]] = []
        with app.app_context():
            self.engine = db.engine

    def __enter__(self) -> Self:
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_exc: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "appointments" in statement and statement.startswith("SELECT"):
            self.found.append((statement, parameters))

    def faults(self, most: int = MANY) -> list[str]:
        """Return what is wrong with the plans: tables that are read whole, and steps with too many rows."""
        assert self.found
        with self.app.app_context(), self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                lines = [
                    row[3]
                    for statement, parameters in self.found
                    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                ]
                return [line for line in lines if line.startswith("SCAN") and _is_whole(line)]
            faults: list[str] = []
            for statement, parameters in self.found:
                explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
                (plan,) = explained.scalar_one()
                _walk(plan["Plan"], faults, most)
            return faults


def _is_whole(line: str) -> bool:
    """Whether SQLite reads a large table from end to end, and not in the order of an index until it has a page."""
    tables = ("appointments ", "appointments_1 ", "patients ")
    return any(f"SCAN {name}" in f"{line} " for name in tables) and "INDEX" not in line


def _walk(node: dict[str, Any], faults: list[str], most: int) -> None:
    name, rows = node["Node Type"], node["Actual Rows"] * node["Actual Loops"]
    read = rows + node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
    # Twenty thousand patients are so few that PostgreSQL rather reads them all than by trigrams.
    if read > most and not (name == "Seq Scan" and node["Relation Name"] == "patients"):
        faults.append(f"{name} of {read:.0f} rows: {json.dumps({k: v for k, v in node.items() if k != 'Plans'})}")
    for below in node.get("Plans", ()):
        _walk(below, faults, most)


RANGE = "from=2026-03-02&to=2026-03-08"


def test_every_read_finds_its_rows_by_an_index(app, clinic):
    desk, doctor = signed_in(app, "receptionist"), signed_in(app, user=clinic.doctor)
    patient, cashier = signed_in(app, user=clinic.patient), signed_in(app, "cashier")
    mine, whose = clinic.doctors[0], clinic.patients[0]
    asked = [
        (desk, "/appointments"),
        (desk, "/appointments?sort=-starts_at&per_page=100"),
        (desk, f"/appointments?{RANGE}"),
        (desk, f"/appointments?doctor_id={mine}&{RANGE}"),
        (desk, f"/appointments?patient_id={whose}"),
        (desk, f"/appointments?patient_id={whose}&doctor_id={mine}&status=scheduled"),
        (desk, f"/appointments?status=scheduled&{RANGE}"),
        (desk, f"/appointments/{clinic.appointment}"),
        (desk, f"/appointments/{clinic.appointment}/history"),
        (desk, "/appointments/queue"),
        (desk, f"/appointments/queue?doctor_id={mine}"),
        (desk, "/appointments/search?q=complaint77"),
        (desk, "/appointments/search?q=family1234"),
        (desk, "/appointments/search?q=healer7%20family1234"),
        (desk, "/appointments/search?q=nobody"),
        (desk, f"/patients/{whose}"),
        (cashier, "/appointments?per_page=50"),
        (cashier, "/appointments/search?q=family1234"),
        (doctor, "/appointments"),
        (doctor, f"/appointments?{RANGE}"),
        (doctor, f"/appointments?doctor_id={mine}&{RANGE}"),
        (doctor, f"/appointments?patient_id={whose}"),
        (doctor, "/appointments/doctor/me"),
        (doctor, "/appointments/doctor/me?when=today"),
        (doctor, "/appointments/doctor/me?when=past"),
        (doctor, "/appointments/search?q=family1234"),
        (doctor, f"/appointments/{clinic.appointment}"),
        (patient, "/appointments"),
        (patient, "/appointments/me"),
        (patient, "/appointments/me?when=upcoming"),
        (patient, "/appointments/me?when=past"),
        (patient, "/appointments/search?q=complaint"),
        (desk, "/appointments/search?q=complaint"),
        (desk, "/appointments/search?q=o"),
    ]
    # Where nothing, or a common word, narrows the list, SQLite counts to the cap in the order of the table.
    unbounded = {"/appointments", "/appointments?sort=-starts_at&per_page=100", "/appointments?per_page=50"}
    unbounded |= {"/appointments/search?q=complaint", "/appointments/search?q=o"}
    faults = {}
    for someone, path in asked:
        with Plans(app) as plans:
            assert someone.get(path).status_code in (200, 404)
        is_one_pass = someone is doctor and path in ONE_PASS
        found = plans.faults(APPOINTMENTS if is_one_pass else MANY)
        if found and not (path in unbounded and plans.engine.dialect.name == "sqlite"):
            faults[someone.user.roles[0], path] = found
    with app.app_context(), Plans(app) as plans, db.engine.connect() as connection:
        live = queries.live_between(connection, doctor_id=mine, since=NOW, until=NOW + timedelta(days=30))
    assert live
    if plans.faults():
        faults["live_between"] = plans.faults()
    assert not faults, json.dumps({str(key): value for key, value in faults.items()}, indent=1)
