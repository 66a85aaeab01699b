"""Bookings: an endless supply of free times of the doctors who have no appointments, each for another patient."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from benchmarks import seed
from benchmarks.cases import API, Case, Differs, ask, difference
from benchmarks.clinic import Clinic
from benchmarks.load import request
from benchmarks.seed_calendar import BUSY, DOCTORS, PER_DAY, free_doctor, starts_at, working_days

PATH = f"{API}/appointments"
_FREE = DOCTORS - BUSY
# What the three answers to three bookings may differ in.
_OWN = ("id", "created_at", "updated_at", "starts_at", "ends_at", "local_start")


class Supply:
    """Hand out each free time once: first one time of every doctor, then the next."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        today = datetime.now(clinic.zone).date()
        # The last week before the horizon is left out.
        days = itertools.takewhile(
            lambda day: day < today + timedelta(days=173), working_days(today + timedelta(days=2))
        )
        self.starts = [starts_at(day, place, clinic.zone) for day in days for place in range(PER_DAY)]

    def bodies(self) -> Iterator[dict[str, Any]]:
        """Yield what is sent, until all times are gone."""
        for number in self._clinic.booked:
            turn, doctor = divmod(number, _FREE)
            if turn == len(self.starts):
                raise RuntimeError("all free times are booked")
            yield self.body(str(free_doctor(doctor)), number, self.starts[turn])

    def body(self, doctor_id: str, patient: int, start: datetime) -> dict[str, Any]:
        """Return what is sent to book a time."""
        return {
            "patient_id": str(seed.patient_id(patient % self._clinic.patients + 1)),
            "doctor_id": doctor_id,
            "starts_at": start.isoformat().replace("+00:00", "Z"),
            "reason": "Check",
        }

    def requests(self) -> Iterator[bytes]:
        """Yield what is sent, by the staff in turn."""
        tokens = self._clinic.tokens
        for number, body in enumerate(self.bodies()):
            yield request("POST", PATH, tokens[number % len(tokens)], body)


def case(supply: Supply) -> Case:
    """Return the booking as a kind of request."""
    return Case("book", supply.requests, list, expected=201)


def compare(supply: Supply, ports: dict[str, int], token: str) -> None:
    """Raise `Differs` where two servers answer a booking differently, ids and times aside."""
    answers = {}
    for (name, port), body in zip(ports.items(), supply.bodies(), strict=False):
        status, found = ask(port, "POST", PATH, token, body)
        if status != 201:
            raise Differs(f"{name}: POST {PATH} answers {status}: {found}")
        data = found["data"]
        if datetime.fromisoformat(data["local_start"]) != datetime.fromisoformat(body["starts_at"]):
            raise Differs(f"{name}: {data['local_start']} is not {body['starts_at']}")
        kept = {key: value for key, value in data.items() if key not in _OWN}
        whose = {key: kept.pop(key) for key in ("patient", "doctor", "patient_name", "doctor_name")}
        ids = (kept.pop("patient_id"), kept.pop("doctor_id"))
        if ids != (body["patient_id"], body["doctor_id"]) or {whose["patient"]["id"], whose["doctor"]["id"]} != set(
            ids
        ):
            raise Differs(f"{name} names others: {whose}")
        shape = {key: sorted(one) if isinstance(one, dict) else "text" for key, one in whose.items()}
        answers[name] = {**kept, "shape": shape, "message": found["message"]}
    (first, wanted), *others = answers.items()
    for name, found in others:
        where = difference(wanted, found)
        if where:
            raise Differs(f"{first} and {name}: POST {PATH}: {where}")
