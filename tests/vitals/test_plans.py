"""A series is one scan of one index, and the last values a seek for each kind: the plans are the databases' own."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from server.core.db import db
from server.core.ids import new_id
from server.modules.vitals.models import Measurement, VitalSet
from server.modules.vitals.queries.series import latest_of
from tests.factories.bulk import load
from tests.factories.people import make_patient, relate, signed_in
from tests.vitals.support import of_patient

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
KINDS = ("heart_rate", "systolic", "diastolic", "weight")
SETS = 1_000


def rows_of(patient_ids: list[uuid.UUID]) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of many sets of each patient."""
    sets, values = [], []
    for patient_id in patient_ids:
        for number in range(SETS):
            said = {"patient_id": patient_id, "measured_at": BEGAN + timedelta(hours=number), "status": "final"}
            set_id = new_id()
            times = {"created_at": BEGAN, "updated_at": BEGAN, "version": 1}
            sets.append({"id": set_id, "source": "imported", **said, **times})
            kept = {"unit": "/min", "entered_unit": "/min", "loinc": "8867-4", "recorded_at": BEGAN, **said}
            values += [
                {"id": new_id(), "set_id": set_id, "kind": kind, "value": 70.0, "entered_value": 70.0, **kept}
                for kind in KINDS
            ]
    return {VitalSet.__table__: sets, Measurement.__table__: values}


@pytest.fixture
def plans_of(app):
    """Give a way to see the plans of what is asked of measurements."""
    with app.app_context():
        engine = db.engine

    def plans(act: Any) -> str:
        found: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            if "vital_measurements" in statement and statement.startswith("SELECT"):
                found.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            act()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        ((statement, parameters),) = found
        how = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        with app.app_context(), engine.connect() as connection:
            return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{how} {statement}", parameters))

    return plans


def test_the_index_does_the_work(app, plans_of):
    made = [make_patient(app) for _ in range(5)]
    patients = [one.id for one in made]
    load(app, rows_of(patients))
    doctor = signed_in(app, "doctor")
    relate(app, patients[0], doctor.user.id)
    where = of_patient(made[0])

    def ask() -> None:
        answer = doctor.get(where, query_string={"kind": "weight", "per_page": 50, "from": "2020-01-10"})
        assert len(answer.json["data"]) == 50

    def ask_for_the_latest() -> None:
        with app.app_context(), db.engine.connect() as connection:
            latest = latest_of(connection, patients[1])
        assert {one["kind"] for one in latest} == set(KINDS)
        assert {one["at"] for one in latest} == {BEGAN + timedelta(hours=SETS - 1)}

    for act in (ask, ask_for_the_latest):
        plan = plans_of(act)
        assert "ix_vital_measurements_series" in plan, plan
        assert "Seq Scan on vital_measurements" not in plan, plan
        assert "SCAN vital_measurements" not in plan, plan
