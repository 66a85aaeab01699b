"""Goals 4, 5 and 6: what grows with the clinic, as a ratio of times of one request after another, and the plans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from statistics import median
from urllib.parse import quote

from benchmarks import seed, seed_calendar
from benchmarks.cases import API, ask, difference
from benchmarks.clinic import Clinic
from benchmarks.cursors import cursor_of
from benchmarks.load import drive, request
from benchmarks.plans import plans
from benchmarks.stats import Goal, Spread, ratios

PAGE, ONE = Goal(2, 1.25), Goal(1.3, 1.1)
SEARCH = Goal(100, 20)
DAY, MONTH = Goal(4, 2), Goal(3)
ROUNDS = 7
EACH = 40
# Common and rare, begun and inside of words, several at once, what nobody has, and what everybody has.
WORDS = (
    *("smith", "ann", "son", "mar", "joh", "thornbrook", "zzz", "mary smith", "smith mar", "and johnson"),
    *("mrn000123", "1980", "201", "com", "example smith"),
)

Times = dict[str, list[float]]


def take_turns(asked: Mapping[str, tuple[int, list[bytes]]], rounds: int = ROUNDS) -> Times:
    """Send each port its requests, one after another, in turns; return the median time of each round."""
    times: Times = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, (port, requests) in asked.items():
            load = drive(port, requests, connections=1)
            if set(load.statuses) != {200}:
                raise RuntimeError(f"{name}: {dict(load.statuses)}")
            if number:
                times[name].append(median(load.latencies))
    return times


def gets(clinic: Clinic, paths: list[str]) -> list[bytes]:
    """Return prepared reads."""
    return [request("GET", path, clinic.tokens[number % len(clinic.tokens)]) for number, path in enumerate(paths)]


def _ones(clinic: Clinic) -> list[bytes]:
    chance = Random(seed.SEED)
    return gets(clinic, [_one(chance.randint(1, clinic.patients)) for _ in range(EACH)])


def _one(number: int) -> str:
    return f"{API}/patients/{seed.patient_id(number)}"


def _cursors(clinic: Clinic) -> list[str]:
    """Return pages that begin anywhere in the list of patients by name."""
    chance = Random(seed.SEED)
    wanted = [seed.patient_id(chance.randint(1, clinic.patients)) for _ in range(EACH)]
    with clinic.connect() as connection:
        rows = connection.execute("SELECT last_name_key, id FROM patients WHERE id = ANY(%s)", [wanted]).fetchall()
    return [f"{API}/patients?per_page=50&cursor={cursor_of('last_name', {}, row)}" for row in rows]


def growth(small: Clinic, large: Clinic) -> list[str]:
    """Return the table of goal 4."""
    with small.serving("ours", workers=1) as few, large.serving("ours", workers=1) as many:
        asked = {
            "page, few": (few["ours"].port, gets(small, _cursors(small))),
            "page, many": (many["ours"].port, gets(large, _cursors(large))),
            "one, few": (few["ours"].port, _ones(small)),
            "one, many": (many["ours"].port, _ones(large)),
        }
        times = take_turns(asked)
    lines = [f"Goal 4, {large.patients:,} patients ÷ {small.patients:,}, time of a request"]
    for name, goal in (("page", PAGE), ("one", ONE)):
        found = ratios(times[f"{name}, many"], times[f"{name}, few"])
        both = " / ".join(f"{median(times[f'{name}, {size}']) * 1000:.2f}" for size in ("many", "few"))
        lines.append(row(f"{name} by cursor" if name == "page" else "get one", found, goal, both))
    return [*lines, *plans(large, {"page by cursor": _cursors(large)[0], "get one": _one(large.patients // 2)})]


def search(clinic: Clinic) -> list[str]:
    """Return the table of goal 5: each search against reading one patient, and whether the full query says the same."""
    lines = [f"Goal 5, search ÷ get one at {clinic.patients:,} patients, time of a request; worst: {SEARCH}"]
    worst, paths = 0.0, {word: f"{API}/patients/search?q={quote(word)}" for word in WORDS}
    is_same = True
    with clinic.serving("ours", "floor", workers=1) as servers:
        port, floor = servers["ours"].port, servers["floor"].port
        base = median(take_turns({"one": (port, _ones(clinic))}, rounds=3)["one"])
        for word, path in paths.items():
            load = drive(port, gets(clinic, [path] * 5), connections=1)
            status, found = ask(port, "GET", path, clinic.tokens[0])
            where = difference(ask(floor, "GET", path, "")[1], found)
            is_same = is_same and where is None
            ratio = median(load.latencies) / base
            worst = max(worst, ratio if status == 200 else float("inf"))
            says = "as the full query" if where is None else f"DIFFERS {where}"
            says = says if status == 200 else f"status {status}"
            lines.append(f"  {word:28}{ratio:>10.1f}{median(load.latencies) * 1000:>12.1f} ms  {says[:100]}")
    same = "all the same as the full query" if is_same else "NOT all the same as the full query"
    return [*lines, f"  {'worst':28}{worst:>10.1f}  {SEARCH.verdict(worst)}, {same}", *plans(clinic, paths)]


def slots(clinic: Clinic) -> list[str]:
    """Return the table of goal 6."""
    first = datetime.now(clinic.zone).date() + timedelta(days=7)
    while first.weekday() > 4:
        first += timedelta(days=1)

    def path(number: int, days: int) -> str:
        last = first + timedelta(days=days - 1)
        return f"{API}/doctors/{seed_calendar.doctor_id(number + 1)}/availability/slots?from={first}&to={last}"

    title = f"Goal 6, free slots at {clinic.appointments:,} appointments ÷ get one, time of a request"
    with clinic.serving("ours", workers=1) as servers:
        port = servers["ours"].port
        status, answer = ask(port, "GET", path(0, 1), clinic.tokens[0])
        if status != 200 or not answer["data"]:
            return [title, f"  NOT MEASURED: {path(0, 1)} answers {status} {str(answer)[:100]}"]
        times = take_turns(
            {
                "one": (port, _ones(clinic)),
                "day": (port, gets(clinic, [path(number, 1) for number in range(EACH)])),
                "month": (port, gets(clinic, [path(number, 31) for number in range(EACH)])),
            }
        )
    day, month = ratios(times["day"], times["one"]), ratios(times["month"], times["day"])
    lines = [title]
    for name, found, goal, key in (("a day", day, DAY, "day"), ("a month ÷ a day", month, MONTH, "month")):
        lines.append(row(name, found, goal, f"{median(times[key]) * 1000:.2f}"))
    return [*lines, *plans(clinic, {"a day": path(0, 1), "a month": path(0, 31)})]


def row(name: str, found: Spread, goal: Goal, times: str) -> str:
    """Return one line of a table."""
    return f"  {name:28}{found!s:>20}  {goal.verdict(found.median):16}{times:>18} ms  {goal}"
