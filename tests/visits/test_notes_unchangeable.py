"""What is signed stays, for those too who write SQL; and of two who act at once one is told."""

import json

import pytest
from sqlalchemy.exc import DBAPIError

from tests.factories.database import query
from tests.patients.test_races import at_once, send
from tests.visits.notes_support import drafted, make_scene, signed
from tests.visits.test_notes import hash_of

ON_NOTES = [
    f"{change} WHERE signed_at IS NOT NULL"
    for change in (
        *(
            f"UPDATE visit_notes SET {part} = 'x'"
            for part in ("subjective", "objective", "assessment", "plan", "sha256")
        ),
        "UPDATE visit_notes SET plan = NULL",
        "UPDATE visit_notes SET signed_at = NULL, signed_by = NULL, sha256 = NULL, status = 'draft'",
        "UPDATE visit_notes SET recorded_by = NULL",
        "DELETE FROM visit_notes",
    )
]
ON_ADDENDA = ["UPDATE note_addenda SET text = 'x'", "DELETE FROM note_addenda"]
ON_SQLITE = [
    "INSERT OR REPLACE INTO visit_notes SELECT * FROM visit_notes",
    (
        "UPDATE OR REPLACE visit_notes SET id = (SELECT id FROM visit_notes WHERE signed_at IS NOT NULL)"
        " WHERE signed_at IS NULL"
    ),
    "INSERT OR REPLACE INTO note_addenda SELECT * FROM note_addenda",
]
ON_POSTGRES = ["TRUNCATE visit_notes CASCADE", "TRUNCATE note_addenda"]


@pytest.fixture
def scene(app):
    return make_scene(app)


def stays(app, scene, statement):
    done = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes, plan="Rest"))
    scene.doctor.post(f"{scene.notes}/{done['id']}/addenda", json={"text": "More"})
    drafted(scene.doctor, scene.notes, plan="Draft")
    before = [query(app, f"SELECT * FROM {table} ORDER BY id") for table in ("visit_notes", "note_addenda")]
    assert [len(rows) for rows in before] == [2, 1]
    with pytest.raises(DBAPIError, match="never changed"):
        query(app, statement)
    assert [query(app, f"SELECT * FROM {table} ORDER BY id") for table in ("visit_notes", "note_addenda")] == before


@pytest.mark.parametrize("statement", ON_NOTES)
def test_sql_changes_no_signed_note(app, scene, statement):
    stays(app, scene, statement)


@pytest.mark.parametrize("statement", ON_ADDENDA)
def test_sql_changes_no_addendum(app, scene, statement):
    stays(app, scene, statement)


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("statement", ON_SQLITE)
def test_sql_replaces_nothing(app, scene, statement):
    stays(app, scene, statement)


@pytest.mark.only("postgres")
@pytest.mark.parametrize("statement", ON_POSTGRES)
def test_sql_empties_nothing(app, scene, statement):
    stays(app, scene, statement)


def test_sql_may_change_a_draft(app, scene):
    made = drafted(scene.doctor, scene.notes)
    query(app, "UPDATE visit_notes SET plan = 'x'")
    assert scene.doctor.get(f"{scene.notes}/{made['id']}").json["data"]["plan"] == "x"


def test_of_many_who_sign_at_once_one_does(scene, live_server):
    other = scene.another("doctor")
    made = drafted(scene.nurse, scene.notes)
    where = f"{scene.notes}/{made['id']}/sign"
    signers = [scene.doctor, other] * 5
    answers = at_once(len(signers), lambda n: send(live_server, signers[n], "POST", where, {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"note_signed"}
    (winner,) = [body["data"] for status, (body, _) in answers if status == 200]
    assert scene.doctor.get(f"{scene.notes}/{made['id']}").json["data"] == winner


def test_what_is_signed_is_what_the_hash_says_whoever_writes_beside(scene, live_server):
    for attempt in range(5):
        made = drafted(scene.doctor, scene.notes, plan=f"Before {attempt}")
        item = f"{scene.notes}/{made['id']}"
        acts = [("POST", f"{item}/sign", {}), ("PATCH", item, {"plan": f"After {attempt}", "version": 1})]
        answers = at_once(2, lambda n, acts=acts: send(live_server, scene.doctor, *acts[n]))
        (sign, _), (change, (told, _)) = answers
        assert sign == 200, answers
        shown = scene.doctor.get(item).json["data"]
        if change == 200:
            assert shown["plan"] == f"After {attempt}"
        else:
            assert (change, told["code"], shown["plan"]) == (409, "note_signed", f"Before {attempt}")
        assert shown["signed"]["sha256"] == hash_of(shown), json.dumps(shown)
