"""What two who act at once on a live server cannot do to a merge."""

from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import path, register
from tests.patients.test_races import at_once, send


def test_of_two_crossing_merges_one_wins(live_server, app, as_role):
    admin = as_role("admin")
    for _ in range(4):
        pair = make_patient(app), make_patient(app)

        def cross(number: int, pair: tuple = pair) -> tuple:
            body = {"duplicate_id": str(pair[1 - number].id)}
            return send(live_server, admin, "POST", path(pair[number], "merge"), body)

        answers = at_once(2, cross)
        assert sorted(status for status, _ in answers) == [200, 409], answers
        (refusal,) = [body for status, (body, _) in answers if status == 409]
        assert refusal["code"] == "patient_merged"
    assert query(app, "SELECT count(*) AS n FROM patient_merges") == [{"n": 4}]


def test_a_row_written_while_a_merge_runs_is_the_survivors(live_server, app, as_role):
    admin, doctor = as_role("admin"), signed_in(app, "doctor")
    for attempt in range(4):
        survivor, duplicate = (register(doctor, last_name=f"{name}{'abcd'[attempt] * 5}") for name in ("Abel", "Zorn"))

        def act(number: int, pair: tuple = (survivor, duplicate)) -> tuple:
            if number == 0:
                return send(live_server, admin, "POST", path(pair[0], "merge"), {"duplicate_id": pair[1]["id"]})
            return send(live_server, doctor, "POST", path(pair[1], "conditions"), {"display": f"Gout {number}"})

        answers = at_once(5, act)
        assert [status for status, _ in answers] == [200, 201, 201, 201, 201], answers
        shown = doctor.get(path(survivor, "conditions")).json["data"]
        assert sorted(one["display"] for one in shown) == [f"Gout {number}" for number in range(1, 5)]
