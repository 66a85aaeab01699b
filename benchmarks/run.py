"""`make bench`: print what our answers cost against a floor and a peer, and what grows. See docs/benchmarks.md.

`python -m benchmarks.run [--full] [--only hot,search,...] [--patients N] [--seconds S]`
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import bookings, cases, charts, contend, hot, imports, medications, memory, scale
from benchmarks.clinic import Clinic, Clinics, clinics

FEW, SOME, MANY = 10_000, 100_000, 1_000_000
# Load before anything is started.
_BUSY = 1.0
SHORT_SECONDS, FULL_SECONDS = 0.7, 3.0


@dataclass(frozen=True)
class Run:
    """What is measured on: the clinics, how large, how long."""

    clinics: Clinics
    is_full: bool
    patients: int
    seconds: float

    def clinic(self, patients: int | None = None) -> Clinic:
        """Return a clinic whose staff have just signed in."""
        clinic = self.clinics.of(self.patients if patients is None else patients)
        clinic.sign_in()
        return clinic


def measure_hot(run: Run) -> list[str]:
    """Goals 1 and 2."""
    clinic = run.clinic()
    compared = cases.reads(clinic)
    with clinic.serving("ours", "peer", "floor") as servers:
        for case in compared:
            cases.compare(case, {name: server.port for name, server in servers.items()}, clinic.tokens[0])
        return hot.compare_table(compared, servers, seconds=run.seconds)


def measure_book(run: Run) -> list[str]:
    """Goals 1 and 2, for a booking."""
    clinic = run.clinic()
    supply = bookings.Supply(clinic)
    with clinic.serving("ours", "peer", "floor") as servers:
        bookings.compare(supply, {name: server.port for name, server in servers.items()}, clinic.tokens[0])
        return hot.compare_table([bookings.case(supply)], servers, seconds=run.seconds)


def measure_counted(run: Run) -> list[str]:
    """Goals 3 and 9."""
    from benchmarks import counted  # it brings the tests along, which the other parts do without

    return counted.measure(run.clinic(0))


def measure_audit(run: Run) -> list[str]:
    """Goal 8."""
    clinic = run.clinic()
    with clinic.serving("ours", "unaudited") as servers:
        return hot.audit_table(cases.reads(clinic), servers, seconds=run.seconds)


def measure_memory(run: Run) -> list[str]:
    """Goal 12."""
    clinic = run.clinic()
    kinds = [*cases.reads(clinic), bookings.case(bookings.Supply(clinic))]
    return memory.measure(clinic, kinds, memory.MARKS if run.is_full else memory.SHORT_MARKS)


PARTS: dict[str, Callable[[Run], list[str]]] = {
    "hot": measure_hot,
    "book": measure_book,
    "counted": measure_counted,
    "audit": measure_audit,
    "growth": lambda run: scale.growth(run.clinic(FEW), run.clinic(MANY)),
    "search": lambda run: scale.search(run.clinic(MANY)),
    "slots": lambda run: scale.slots(run.clinic(MANY)),
    "contend": lambda run: contend.measure(run.clinic()),
    "memory": measure_memory,
    "charts": lambda run: charts.measure(run.clinic()),
    "medications": lambda run: medications.measure(run.clinic()),
}
SHORT = ("hot", "book", "counted")


def main() -> int:
    """Print the tables of the chosen parts; the import, which brings its own databases, comes last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="all goals at full size")
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--patients", type=int)
    parser.add_argument("--seconds", type=float, help="of one window")
    asked = parser.parse_args()
    if importlib.util.find_spec("fastapi") is None:
        print("The peer is not installed: make bench does that, or pipenv sync --categories benchmark")
        return 1
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores{_warning()}", flush=True)
    names = asked.only.split(",") if asked.only else list(PARTS if asked.full else SHORT)
    with clinics() as found:
        patients = asked.patients or (SOME if asked.full else FEW)
        run = Run(found, asked.full, patients, asked.seconds or (FULL_SECONDS if asked.full else SHORT_SECONDS))
        for name in names:
            began = time.perf_counter()
            print("\n".join(PARTS[name](run)), flush=True)
            print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    return imports.main([]) if asked.full and not asked.only else 0


def _warning() -> str:
    """Return a warning where others work on this machine; servers that wait often then cost more than they would."""
    return ": TOO BUSY, the figures of the peer above all come out too high" if os.getloadavg()[0] > _BUSY else ""


if __name__ == "__main__":
    sys.exit(main())
