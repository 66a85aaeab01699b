"""Goals 1, 2 and 8: what an answer costs, as a ratio to the peer, to the floor and to ourselves without audit rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.cases import Case
from benchmarks.load import drive
from benchmarks.servers import Server
from benchmarks.stats import RESTLESS, Goal, ratios, restlessness, spread

PEER = Goal(0.75, 0.40)
FLOOR = Goal(3.5, 2.0)
AUDIT = Goal(1.3, 1.15)
ROUNDS = 7
TRIES = 3
CONNECTIONS = 8


@dataclass
class Window:
    """One server under one kind of request for a moment."""

    cpu: float
    rate: float


Windows = dict[str, list[Window]]


def measure(case: Case, servers: Mapping[str, Server], *, seconds: float, rounds: int = ROUNDS) -> Windows:
    """Let the servers take turns, A B C A B C, after each has warmed up."""
    windows: Windows = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            window = _window(case, server, seconds)
            if number:
                windows[name].append(window)
    return windows


def _window(case: Case, server: Server, seconds: float) -> Window:
    before = server.cpu_seconds()
    load = drive(server.port, case.work(), connections=CONNECTIONS, seconds=seconds)
    used = server.cpu_seconds() - before
    if set(load.statuses) != {case.expected}:
        raise RuntimeError(f"{server.name} answers {case.name} with {dict(load.statuses)}")
    return Window(used / load.requests, load.per_second)


def settled(
    case: Case, servers: Mapping[str, Server], *, seconds: float, rounds: int = ROUNDS, calm: str = "floor"
) -> tuple[Windows, float]:
    """Measure until the floor is at rest, three times at most; return the windows and how restless it was."""
    windows: Windows = {}
    rest = 0.0
    for _ in range(TRIES):
        windows = measure(case, servers, seconds=seconds, rounds=rounds)
        rest = restlessness([window.cpu for window in windows[calm]])
        if rest <= RESTLESS:
            break
    return windows, rest


def compare_table(cases: Sequence[Case], servers: Mapping[str, Server], *, seconds: float) -> list[str]:
    """Return the table of goals 1 and 2."""
    lines = [
        f"Server CPU per request, {ROUNDS} rounds of {seconds:g} s; goal 1 (peer): {PEER}; goal 2 (floor): {FLOOR}",
        f"{'':12}{'ours ÷ peer':>20}{'':18}{'ours ÷ floor':>20}{'':18}{'all three, ms':>26}{'requests/s':>20}  rest",
    ]
    for case in cases:
        windows, rest = settled(case, servers, seconds=seconds)
        cpu = {name: [window.cpu for window in found] for name, found in windows.items()}
        rate = {name: spread([window.rate for window in found]).median for name, found in windows.items()}
        to_peer, to_floor = ratios(cpu["ours"], cpu["peer"]), ratios(cpu["ours"], cpu["floor"])
        costs = " / ".join(f"{spread(cpu[name]).median * 1000:.2f}" for name in ("ours", "peer", "floor"))
        rates = " / ".join(f"{rate[name]:.0f}" for name in ("ours", "peer", "floor"))
        lines.append(
            f"{case.name:12}{to_peer!s:>20}  {PEER.verdict(to_peer.median):16}{to_floor!s:>20}"
            f"  {FLOOR.verdict(to_floor.median):16}{costs:>26}{rates:>20}  {_rest(rest)}"
        )
    return lines


def audit_table(cases: Sequence[Case], servers: Mapping[str, Server], *, seconds: float) -> list[str]:
    """Return the table of goal 8."""
    lines = [f"Goal 8, audited read ÷ the same with audit off, server CPU: {AUDIT}"]
    for case in cases:
        windows, rest = settled(case, servers, seconds=seconds, calm="unaudited")
        cpu = {name: [window.cpu for window in found] for name, found in windows.items()}
        found = ratios(cpu["ours"], cpu["unaudited"])
        lines.append(f"{case.name:12}{found!s:>20}  {AUDIT.verdict(found.median):16}  {_rest(rest)}")
    return lines


def _rest(rest: float) -> str:
    return f"{rest:.2f}" + ("" if rest <= RESTLESS else " unsettled")
