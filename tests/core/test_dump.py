"""The compiled dump of a row is what marshmallow makes of an entity, for every answer of every endpoint."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings, strategies as st
from marshmallow import fields

from server.core import fields as f
from server.core.declare import endpoints
from server.core.dump import columns_of, entity_dumper, page_dumper, row_dumper, to_json
from server.modules.appointments.calendar.facts import Hours

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds
# What the inputs of computed fields hold, by the names of their columns.
INPUTS = {
    **dict.fromkeys(("date_of_birth", "deceased_on"), st.dates(date(1900, 1, 1), date(2026, 1, 1))),
    **dict.fromkeys(("voided_at",), st.none() | INSTANTS),
    **dict.fromkeys(("actor_roles",), st.lists(TEXT, max_size=3)),
    "role_names": st.sampled_from(["", "admin", "nurse,admin"]),
    **dict.fromkeys(("actor_id", "voided_by", "user_id"), st.none() | st.uuids()),
    **dict.fromkeys(("rating_count", "rating_sum"), st.integers(0, 10**6)),
    "doctor_timezone": st.sampled_from([None, "Asia/Kolkata", "America/New_York"]),
    "weekday": st.integers(0, 6),
    "change": st.integers(-(10**6), 10**6),
    **dict.fromkeys(("start_minute", "end_minute"), st.integers(0, 1439)),
    "windows": st.just([{**dict.fromkeys(Hours.__slots__, 5), "location": None}]),
}
# Columns that the database holds to less than their kind could be.
HELD = {"pack_size": st.integers(1, 10**6)}


def values_of(field: Any) -> st.SearchStrategy[Any]:
    """Return what the column behind a field can hold."""
    kinds: list[tuple[type, st.SearchStrategy[Any]]] = [
        (fields.UUID, st.uuids()),
        (f.Instant, INSTANTS),
        (f.Money, st.integers(0, 10**9)),
        (f.Percent, st.integers(0, 10_000)),
        (fields.Date, st.dates()),
        (fields.Boolean, st.booleans()),
        (fields.Integer, st.integers(-(2**31), 2**31)),
        (fields.Float, st.floats(-1e9, 1e9)),
        (fields.List, st.lists(TEXT, max_size=3)),
        (fields.Dict, st.dictionaries(TEXT, TEXT, max_size=3)),
        (fields.String, TEXT),
        (fields.Raw, st.dictionaries(TEXT, TEXT, max_size=3)),
    ]
    strategy = next(strategy for kind, strategy in kinds if isinstance(field, kind))
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Dict):
        strategy = st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2)
    return st.none() | strategy if field.allow_none else strategy


def schemas_of(app: Any) -> list[Any]:
    """Return the schemas of all answers, nested ones included, that rows are dumped with."""
    found: dict[str, Any] = {}

    def add(schema: Any) -> None:
        if schema.__name__ in found:
            return
        found[schema.__name__] = schema
        for field in schema().dump_fields.values():
            inner = field.inner if isinstance(field, fields.List) else field
            if isinstance(inner, fields.Nested):
                add(type(inner.schema))

    for endpoint in endpoints(app):
        if endpoint.declaration.out is not None:
            add(endpoint.declaration.out)
    return [one for one in found.values() if not any(_is_nested(field) for field in one().dump_fields.values())]


def _is_nested(field: Any) -> bool:
    return isinstance(field, fields.Nested) or (
        isinstance(field, fields.List) and isinstance(field.inner, fields.Nested)
    )


def column_strategies(schema: Any) -> dict[str, st.SearchStrategy[Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in schema().dump_fields.items():
        if isinstance(field, f.Computed):
            for source in field.inputs:
                found.setdefault(source, INPUTS.get(source, TEXT))
        else:
            column = field.attribute or name
            found[column] = HELD[column] if column in HELD else values_of(field)
    return found


def check(app: Any, schema: Any, strategies: dict[str, st.SearchStrategy[Any]]) -> None:
    """Try one schema with rows of all kinds, the columns in either order."""
    columns = tuple(columns_of(schema))

    @given(st.fixed_dictionaries(strategies))
    @settings(max_examples=40, deadline=None, database=None)
    def agree(values: dict[str, Any]) -> None:
        with app.app_context():
            wanted = orjson.loads(to_json(schema().dump(SimpleNamespace(**values))))
            by_entity = to_json(entity_dumper(schema)(SimpleNamespace(**values)))
            rows = [
                to_json(dumper(schema, order)([values[name] for name in order]))
                for dumper in (row_dumper, page_dumper)
                for order in (columns, columns[::-1])
            ]
        for written in (by_entity, *rows):
            assert orjson.loads(written) == wanted
            assert list(orjson.loads(written)) == list(wanted)

    agree()


@pytest.mark.only("sqlite")
def test_rows_entities_and_marshmallow_agree(app):
    schemas = schemas_of(app)
    assert len(schemas) >= 8
    for schema in schemas:
        strategies = column_strategies(schema)
        assert set(strategies) == set(columns_of(schema)), schema
        check(app, schema, strategies)


def test_instants_are_written_in_utc():
    assert to_json({"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}) == b'{"at":"2026-01-02T03:04:05Z"}'
