"""Every mark in docs/coverage.md is true of the routes as they are."""

import re
from pathlib import Path

import pytest

from server.core.declare import endpoints

COVERAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
ROW = re.compile(r"^\|(?P<theirs>[^|]+)\|[^|]+\|(?P<routes>[^|]*)\| (?P<state>alive|not yet) \|$")
ROWS = [match for line in COVERAGE.read_text().splitlines() if (match := ROW.match(line))]


def test_the_table_is_read():
    assert len(ROWS) > 40
    assert all(re.search(r"`[A-Z]+ /", row["routes"]) for row in ROWS), "every row names its routes"


@pytest.mark.only("sqlite")
def test_every_mark_is_true(app):
    prefix = app.extensions["settings"].api_prefix
    there = {(endpoint.verb.upper(), endpoint.path) for endpoint in endpoints(app)}
    wrong = []
    for row in ROWS:
        named = re.findall(r"`([A-Z]+) (/[^`]*)`", row["routes"])
        full = {(verb, path[1:] if path.startswith("//") else prefix + path) for verb, path in named}
        is_alive = full <= there
        if is_alive != (row["state"] == "alive"):
            wrong.append((row["theirs"].strip(), row["state"], sorted(full - there)))
    assert wrong == []
