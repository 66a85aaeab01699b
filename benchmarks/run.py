"""`make bench`: print what our answers cost against a floor and a peer. See docs/benchmarks.md.

`python -m benchmarks.run [--full] [--only hot,audit,...] [--patients N] [--seconds S]`
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import cases, hot
from benchmarks.clinic import Clinics, clinics

SHORT_PATIENTS, FULL_PATIENTS = 10_000, 100_000
SHORT_SECONDS, FULL_SECONDS = 0.7, 3.0


@dataclass(frozen=True)
class Plan:
    """How large and how long."""

    is_full: bool
    patients: int
    seconds: float


def measure_hot(found: Clinics, plan: Plan) -> list[str]:
    """Goals 1 and 2."""
    clinic = found.of(plan.patients)
    with clinic.serving("ours", "peer", "floor") as servers:
        compared = cases.reads(clinic)
        for case in compared:
            cases.compare(case, {name: server.port for name, server in servers.items()}, clinic.tokens[0])
        return hot.compare_table(compared, servers, seconds=plan.seconds)


def measure_audit(found: Clinics, plan: Plan) -> list[str]:
    """Goal 8."""
    clinic = found.of(plan.patients)
    with clinic.serving("ours", "unaudited") as servers:
        return hot.audit_table(cases.reads(clinic), servers, seconds=plan.seconds)


PARTS: dict[str, Callable[[Clinics, Plan], list[str]]] = {"hot": measure_hot, "audit": measure_audit}
SHORT = ("hot",)


def main() -> int:
    """Print the tables of the chosen parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="all goals at full size")
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--patients", type=int)
    parser.add_argument("--seconds", type=float, help="of one window")
    asked = parser.parse_args()
    if importlib.util.find_spec("fastapi") is None:
        print("The peer is not installed: make bench does that, or pipenv sync --categories benchmark")
        return 1
    plan = Plan(
        asked.full,
        asked.patients or (FULL_PATIENTS if asked.full else SHORT_PATIENTS),
        asked.seconds or (FULL_SECONDS if asked.full else SHORT_SECONDS),
    )
    names = asked.only.split(",") if asked.only else list(PARTS if asked.full else SHORT)
    with clinics() as found:
        for name in names:
            began = time.perf_counter()
            print("\n".join(PARTS[name](found, plan)), flush=True)
            print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
