"""Rules are written as JSON and come back the same; what is in no known form names its place."""

import copy
import json

import pytest

from server.modules.vaccines.engine import builtin_rules
from server.modules.vaccines.engine.codec import from_json, to_json
from tests.vaccines.engine.support import rules_of, series, target

SMALL = to_json(rules_of(series(target(1, {"minimum": "6 weeks", "effective_on": "2020-01-01"}))))


def test_the_built_in_rules_come_back():
    assert from_json(json.loads(json.dumps(to_json(builtin_rules())))) == builtin_rules()


def test_defaults_are_not_written():
    assert SMALL["series"][0]["doses"][0]["ages"] == [{"minimum": "6 weeks", "effective_on": "2020-01-01"}]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("series.0.doses.0.ages.0.minimum", "soon", "rules.series.0.doses.0.ages.0.minimum"),
        ("series.0.doses.0.ages.0.minimum", 6, "rules.series.0.doses.0.ages.0.minimum"),
        ("series.0.doses.0.ages.0.effective_on", "yesterday", "rules.series.0.doses.0.ages.0.effective_on"),
        ("series.0.doses.0.number", "1", "rules.series.0.doses.0.number"),
        ("series.0.doses.0.number", True, "rules.series.0.doses.0.number"),
        ("series.0.doses", "none", "rules.series.0.doses"),
        ("series.0.dozes", [], "rules.series.0: unknown dozes"),
        ("series.0", [], "rules.series.0"),
    ],
)
def test_another_form_is_refused_by_place(path, value, place):
    body = copy.deepcopy(SMALL)
    *parents, last = path.split(".")
    at = body
    for step in parents:
        at = at[int(step)] if step.isdigit() else at[step]
    at[int(last) if last.isdigit() else last] = value
    with pytest.raises(ValueError, match=place):
        from_json(body)


def test_what_must_be_there_is_named():
    body = {name: value for name, value in SMALL.items() if name != "edition"}
    with pytest.raises(ValueError, match="missing edition"):
        from_json(body)
