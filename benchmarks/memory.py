"""Goal 12: what a worker holds after 100,000 requests ÷ after 1,000."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases import Case
from benchmarks.clinic import Clinic
from benchmarks.load import drive
from benchmarks.servers import Server
from benchmarks.stats import Goal

GOAL = Goal(1.1)
FIRST = 1_000
# In the order of the table; between them the requests of all kinds take turns.
MARKS = (FIRST, 10_000, 50_000, 100_000)
SHORT_MARKS = (FIRST, 5_000)


def measure(clinic: Clinic, cases: Sequence[Case], marks: Sequence[int] = MARKS) -> list[str]:
    """Return the table: the PSS of one worker after so many requests of all kinds."""
    lines = ["Goal 12, memory of a worker (PSS), requests of all kinds in turns"]
    with clinic.serving("ours", workers=1) as servers:
        sent, first, last = 0, 0, 0
        for mark in marks:
            sent += _send(servers["ours"], cases, mark - sent)
            last = sum(servers["ours"].worker_memory())
            first = first or last
            lines.append(f"  {sent:>9,} requests{last / 2**20:>10.1f} MiB{last / first:>8.3f}")
    return [*lines, f"  {last / first:.3f}  {GOAL.verdict(last / first)}, {GOAL}"]


def _send(server: Server, cases: Sequence[Case], count: int) -> int:
    turns = [case.work() for case in cases]
    mixed = (next(turns[number % len(turns)]) for number in range(count))
    load = drive(server.port, mixed)
    if not set(load.statuses) <= {case.expected for case in cases}:
        raise RuntimeError(f"answers {dict(load.statuses)}")
    return load.requests
