"""What a booking costs: statements, trips to the database, and none of them compiled anew."""

import contextlib

import pytest
from sqlalchemy import event

from server.core.db import db
from server.modules.appointments.service import seat_statements
from tests.appointments.calls import booked, wish
from tests.core.test_round_trips import counting
from tests.factories.calendar import at, open_hours, signed_in_doctor
from tests.factories.people import make_patient, signed_in

# Doctor's time; patient and who is told; time, booking, history and relations; wishes, notice and mail; audit.
STATEMENTS = 7


@contextlib.contextmanager
def statements(app):
    """Collect what is executed."""
    seen = []
    with app.app_context():
        engine = db.engine

    def note(_connection, _cursor, statement, _parameters, context, _many):
        # What `core.direct` sends has no context: it was compiled before.
        seen.append((statement, context.cache_hit.name if context else "CACHE_HIT"))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def doctor(app):
    """Give a doctor with an account, who is told of each booking."""
    found = signed_in_doctor(app)[1]
    open_hours(app, found.id)
    return found


@pytest.mark.only("postgres")
def test_a_booking_makes_few_trips(app, desk, doctor, monkeypatch):
    with app.app_context():
        # A connection that other tests have used gives back prepared statements, in trips of its own.
        db.engine.dispose()
    for day in range(1, 9):
        booked(desk, doctor, make_patient(app), at(day))
    patient = make_patient(app)
    with statements(app) as seen, counting(app, monkeypatch) as trips:
        booked(desk, doctor, patient, at(20))
    # psycopg parses longer statements, and those with more than 50 parameters, each time.
    assert [statement for statement, _ in seen if len(statement) > 4096] == []
    assert len(seen) <= STATEMENTS, [statement[:60] for statement, _ in seen]
    assert trips.postgres <= STATEMENTS + 2  # BEGIN and COMMIT
    assert [sql[:60] for sql, hit in seen if hit != "CACHE_HIT"] == []


@pytest.mark.only("postgres")
def test_who_comes_second_writes_nothing(app, desk, doctor):
    booked(desk, doctor, make_patient(app))
    late = wish(doctor, make_patient(app), at(3))
    with statements(app) as seen:
        assert desk.post("/appointments", json=late).status_code == 409
    # Doctor's time, patient and who would be told, the INSERT that is out, why; then the audit row of the refusal.
    assert [statement.split()[0] for statement, _ in seen] == ["SELECT", "SELECT", "WITH", "SELECT", "INSERT"]


@pytest.mark.parametrize("on_postgres", [True, False])
@pytest.mark.parametrize("for_patient", [True, False])
def test_the_statements_of_a_seat_are_compiled_once(on_postgres, for_patient):
    for with_booking in (True, False):
        wanted = {"on_postgres": on_postgres, "for_patient": for_patient, "with_booking": with_booking}
        assert seat_statements.take(**wanted) is seat_statements.take(**wanted)
        assert seat_statements.take(**wanted)._generate_cache_key() is not None
    assert all(one._generate_cache_key() is not None for one in seat_statements.follow_by_itself())
    assert seat_statements.WHY._generate_cache_key() is not None


@pytest.mark.parametrize("role", ["receptionist", "admin", "nurse"])
def test_what_a_booking_answers_is_what_is_stored(app, doctor, role):
    someone = signed_in(app, role)
    sent = {**wish(doctor, make_patient(app), at(4)), "reason": "Knee", "notes": "Bring the scan", "location": "Room 7"}
    answer = someone.post("/appointments", json=sent)
    assert answer.status_code == 201
    read = someone.get(f"/appointments/{answer.json['data']['id']}")
    assert answer.json["data"] == read.json["data"]
    assert answer.headers["ETag"] == read.headers["ETag"]
