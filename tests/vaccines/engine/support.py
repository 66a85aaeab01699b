"""Short ways to ask the engine, and rules of one antigen to ask it by."""

from datetime import date, timedelta
from typing import Any

from server.modules.vaccines.engine import Dose, Due, Evaluation, Person, Rules, builtin_rules, evaluate
from server.modules.vaccines.engine.codec import from_json

BORN = date(2015, 1, 1)
AS_OF = date(2026, 3, 2)


def on(day: str | date) -> date:
    """Read a day."""
    return day if isinstance(day, date) else date.fromisoformat(day)


def days(number: int, start: date = BORN) -> date:
    """Give the day so many days later."""
    return start + timedelta(days=number)


def ask(
    *doses: tuple[str, str | date],
    rules: Rules | None = None,
    born: str | date = BORN,
    as_of: str | date = AS_OF,
    sex: str = "female",
) -> Evaluation:
    """Evaluate doses (code, day) numbered from 0; by the built-in schedule unless rules are given."""
    given = [Dose(number, cvx, on(day)) for number, (cvx, day) in enumerate(doses)]
    return evaluate(rules or builtin_rules(), Person(on(born), sex), given, on(as_of))


def verdicts(evaluation: Evaluation) -> list[tuple[str, str | None]]:
    """List what was found of each dose, in the order they were given in."""
    return [(str(one.validity), one.reason and str(one.reason)) for one in evaluation.verdicts]


def due(evaluation: Evaluation, group: str = "Testpox") -> Due:
    """Give the line of one vaccine group."""
    (line,) = [one for one in evaluation.due if one.vaccine_group == group]
    return line


def dates(line: Due) -> tuple[str | None, ...]:
    """Give the earliest, recommended and past due day of a line."""
    return tuple(day.isoformat() if day else None for day in (line.earliest_on, line.recommended_on, line.past_due_on))


def target(number: int, age: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Write a target dose that takes vaccine 900."""
    rules = {"number": number, "preferable_vaccines": [{"cvx": "900"}], **fields}
    return rules if age is None else {**rules, "ages": [age]}


def after(text: str, grace: str | None = None, **fields: Any) -> dict[str, Any]:
    """Write an interval from the previous dose."""
    return {"from_previous": True, "minimum": text, "absolute_minimum": grace or f"{text} - 4 days", **fields}


def skip(*conditions: dict[str, Any], context: str = "both", logic: str = "and") -> dict[str, Any]:
    """Write a conditional skip of one set."""
    return {"context": context, "sets": [{"conditions": list(conditions), "logic": logic}]}


def series(*doses: dict[str, Any], name: str = "Testpox series", **fields: Any) -> dict[str, Any]:
    """Write a series against testpox."""
    return {
        "name": name,
        "antigen": "Testpox",
        "vaccine_group": "Testpox",
        "doses": list(doses),
        "is_default": True,
        **fields,
    }


def rules_of(*several: dict[str, Any], **fields: Any) -> Rules:
    """Make rules of some series against testpox; vaccine 900 holds it, 901 too."""
    return from_json(
        {
            "name": "test",
            "edition": "1",
            "source": "tests",
            "groups": [{"name": "Testpox", "antigens": ["Testpox"]}],
            "vaccines": [{"cvx": cvx, "antigens": [{"antigen": "Testpox"}]} for cvx in ("900", "901")],
            "series": list(several),
            **fields,
        }
    )
