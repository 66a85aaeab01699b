"""Goal 7: 64 clients after the same times of one doctor.

One winner a time, no free time refused, no 5xx; and how many requests a second are answered, against the same booking
under `SELECT ... FOR UPDATE`. The form alone is compared on the floor, where both ways of booking differ in nothing
else; the whole application stands beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks import seed
from benchmarks.bookings import PATH, Supply
from benchmarks.clinic import Clinic
from benchmarks.load import Load, drive, request
from benchmarks.seed_calendar import free_doctor
from benchmarks.servers import Server
from benchmarks.stats import Goal, ratios, spread

GOAL = Goal(1.5, 3, is_least=True)
CLIENTS = 64
TIMES = 32
RIVALS = 16
ROUNDS = 7
LOCKED = f"/locked{PATH}"


@dataclass(frozen=True)
class Way:
    """A way of booking: whose, and where."""

    name: str
    server: str
    path: str


WAYS = (Way("ours", "ours", PATH), Way("floor", "floor", PATH), Way("floor, locked", "floor", LOCKED))


def measure(clinic: Clinic) -> list[str]:
    """Return the table."""
    crowds = _crowds(clinic)
    rates: dict[str, list[float]] = {way.name: [] for way in WAYS}
    wrong: list[str] = []
    with clinic.serving("ours", "floor") as servers:
        for number in range(ROUNDS + 1):
            for way in WAYS:
                bodies = next(crowds)
                load = _rush(clinic, servers[way.server], way.path, bodies)
                wrong += [f"{way.name}: {fault}" for fault in faults(clinic, bodies, load)]
                if number:
                    rates[way.name].append(load.per_second)
    form, whole = (ratios(rates[name], rates["floor, locked"]) for name in ("floor", "ours"))
    shown = ", ".join(f"{name} {spread(found).median:.0f}/s" for name, found in rates.items())
    return [
        f"Goal 7, {CLIENTS} clients, {TIMES} times of one doctor, {RIVALS} rivals each, {ROUNDS} rounds: {GOAL}",
        f"  {'one winner a time, none refused that was free, no 5xx':56}{'reached' if not wrong else 'NOT REACHED'}",
        *(f"    {fault}" for fault in wrong),
        f"  {'floor ÷ floor under SELECT FOR UPDATE':36}{form!s:>20}  {GOAL.verdict(form.median)}",
        f"  {'ours ÷ floor under SELECT FOR UPDATE':36}{whole!s:>20}  no goal: the floor does nothing else",
        f"  {shown}",
    ]


def _crowds(clinic: Clinic) -> Iterator[list[dict[str, Any]]]:
    """Yield what a crowd sends: each time of a doctor asked for by several patients, in any order."""
    supply, chance = Supply(clinic), Random(seed.SEED)
    # From the last doctor on, and the last times: what `book` takes begins at the other end.
    starts = supply.starts[-TIMES:]
    patients = itertools.count()
    for doctor in itertools.count(1):
        doctor_id = str(free_doctor(-doctor))
        bodies = [supply.body(doctor_id, next(patients), start) for start in starts for _ in range(RIVALS)]
        yield chance.sample(bodies, len(bodies))


def _rush(clinic: Clinic, server: Server, path: str, bodies: list[dict[str, Any]]) -> Load:
    tokens = clinic.tokens
    requests = [request("POST", path, tokens[number % len(tokens)], body) for number, body in enumerate(bodies)]
    return drive(server.port, requests, connections=CLIENTS)


def faults(clinic: Clinic, bodies: list[dict[str, Any]], load: Load) -> list[str]:
    """Return what is wrong with the answers, and with what is stored."""
    wanted = {body["starts_at"] for body in bodies}
    found = []
    if set(load.statuses) - {201, 409}:
        found.append(f"answers {dict(load.statuses)}")
    if load.statuses[201] != len(wanted):
        found.append(f"{load.statuses[201]} winners of {len(wanted)} times")
    with clinic.connect() as connection:
        stored = connection.execute(
            "SELECT count(*), count(DISTINCT starts_at) FROM appointments WHERE doctor_id = %s AND starts_at = ANY(%s)",
            [bodies[0]["doctor_id"], sorted(wanted)],
        ).fetchone()
    if stored != (len(wanted), len(wanted)):
        found.append(f"{stored} stored of {len(wanted)} times")
    return found
