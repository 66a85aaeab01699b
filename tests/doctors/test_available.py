"""Doctors with a free time on a day are found, in as many statements for one doctor as for forty."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from server.core.db import db
from tests.core.listed import fill_doctors
from tests.doctors.support import add, last_names, look
from tests.factories.calendar import at, open_hours, take_leave
from tests.factories.people import signed_in


def test_who_is_free_on_a_day(app, client, clock, admin):
    free, away, closed = (add(admin, last_name=name) for name in ("Free", "Away", "Closed"))
    for one in (free, away):
        open_hours(app, uuid.UUID(one["id"]))
    take_leave(app, uuid.UUID(away["id"]), at(1, "00:00") - timedelta(days=1), at(3, "00:00"))
    assert last_names(look(client, "/doctors", available_on="2026-03-03")) == ["Free"]
    assert last_names(look(client, "/doctors", available_on="2026-03-06")) == ["Away", "Free"]
    assert last_names(look(client, "/doctors/search", available_on="2026-03-06", q="fr")) == ["Free"]
    assert last_names(look(client, "/doctors", available_on="2026-03-01")) == []
    assert (
        signed_in(app, "admin").post("/clinic/holidays", json={"date": "2026-03-06", "name": "Day"}).status_code == 201
    )
    assert last_names(look(client, "/doctors", available_on="2026-03-06")) == []
    admin.delete(f"/doctors/{closed['id']}")


def test_a_day_costs_the_same_for_one_and_for_forty(app, client, clock):
    counted = {}
    for count in (1, 40):
        for doctor_id in fill_doctors(app, count):
            open_hours(app, doctor_id)
        look(client, "/doctors", available_on="2026-03-06")
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, into: list[str] = statements) -> None:
            into.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            found = look(client, "/doctors", available_on="2026-03-06", per_page=100)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert found.json["meta"]["total"] >= count
        counted[count] = len(statements)
    assert counted[1] == counted[40]
