"""Two patients who are one person become one, with every row, and can be parted again."""

import uuid
from typing import Any

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.chart.queries.schema import STAYING, columns_naming_a_patient, moved_columns
from server.modules.patients import merge_rules, signals
from tests.chart.support import dump, fill, tables_with_a_unique_rule_on_the_patient
from tests.factories.database import audit_rows, query
from tests.factories.people import PASSWORD, make_patient, make_user, relate, signed_in
from tests.patients.support import facts, ids, path, refused, register

# A row's own fields were changed and changed back: its version counts on, so that nobody's If-Match is met by mistake.
COUNTED = ("version", "updated_at")


def merge(someone: Any, survivor: Any, duplicate: Any, **more: Any) -> Any:
    duplicate_id = duplicate["id"] if isinstance(duplicate, dict) else getattr(duplicate, "id", duplicate)
    return someone.post(path(survivor, "merge"), json={"duplicate_id": str(duplicate_id), **more})


@pytest.fixture
def pair(app):
    """Give a patient and the same one again."""
    return make_patient(app), make_patient(app)


def filled(app: Any, pair: Any) -> set[str]:
    user = make_user(app, "nurse")
    for one, word in zip(pair, ("one", "two"), strict=True):
        names = fill(app, one.id, user.id, differently=word)
    return names


def test_every_row_of_every_table_moves_and_comes_back(app, admin, pair):
    survivor, duplicate = pair
    names = filled(app, pair)
    assert names == {table.name for table, _ in moved_columns()} - {"patients"}
    before = dump(app, without=COUNTED)
    answer = merge(admin, survivor, duplicate)
    assert answer.status_code == 200, answer.text
    data = answer.json["data"]
    assert (data["id"], data["duplicate_id"]) == (str(survivor.id), str(duplicate.id))
    assert data["moved"].keys() >= names
    for table, column in moved_columns():
        if table.name != "patients":
            left = query(
                app, f"SELECT count(*) AS n FROM {table.name} WHERE {column.name} = :id", id=sql(app, duplicate.id)
            )
            assert left == [{"n": 0}], table.name
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    assert dump(app, without=COUNTED) == before


def sql(app: Any, value: uuid.UUID) -> Any:
    with app.app_context():
        return value if db.engine.dialect.name == "postgresql" else value.hex


def test_a_move_is_no_change_of_the_row(app, admin, pair):
    filled(app, pair)
    before = dump(app)
    merge(admin, *pair)
    after = dump(app)
    for name in ("conditions", "patient_contacts", "proxies", "broken_glass"):
        for key, row in before[name].items():
            assert {**row, "patient_id": pair[0].id} == after[name][key], name


def test_a_table_with_a_unique_rule_on_the_patient_makes_room(app):
    assert tables_with_a_unique_rule_on_the_patient() - merge_rules.resolvers().keys() == set(), (
        "register a resolver with server.modules.patients.merge_rules.resolve for these tables"
    )


def test_what_stays_is_there_and_has_a_reason(app):
    there = {(table.name, column.name) for table, column in columns_naming_a_patient()}
    assert STAYING.keys() <= there
    assert all(STAYING.values())


def test_a_dry_run_says_the_same_and_changes_nothing(app, admin, pair):
    filled(app, pair)
    before = dump(app)
    rehearsed = merge(admin, *pair, dry_run=True).json["data"]
    assert dump(app) == before
    assert query(app, "SELECT count(*) AS n FROM patient_merges") == [{"n": 0}]
    row = audit_rows(app)[-1]
    assert (row["note"], row["changed"]) == ("dry_run", [])
    done = merge(admin, *pair).json["data"]
    for told in (rehearsed, done):
        assert told.pop("merged_at")
    assert (rehearsed.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert rehearsed == done


def test_the_old_id_and_number_find_who_it_is_now(app, admin, pair):
    survivor, duplicate = pair
    doctor = signed_in(app, "doctor")
    relate(app, duplicate.id, doctor.user.id)
    assert merge(admin, survivor, duplicate).status_code == 200
    for someone in (admin, doctor):
        answer = someone.get(path(duplicate))
        assert answer.status_code == 200
        assert answer.json["data"]["id"] == str(survivor.id)
    assert doctor.get(path(duplicate, "medical-history")).json["data"]["patient_id"] == str(survivor.id)
    made = doctor.post(path(duplicate, "conditions"), json={"display": "Gout"})
    assert made.status_code == 201
    assert ids(doctor.get(path(survivor, "conditions"))) == [made.json["data"]["id"]]
    assert admin.patch(path(duplicate), json={"occupation": "Smith"}).json["data"]["id"] == str(survivor.id)
    assert ids(admin.get("/patients/lookup", query_string={"mrn": duplicate.mrn})) == [str(survivor.id)]
    assert str(duplicate.id) not in ids(admin.get("/patients?per_page=100"))
    assert ids(admin.get("/patients/search", query_string={"q": duplicate.last_name})) == [str(survivor.id)]
    assert audit_rows(app)[-5]["patient_id"] == survivor.id
    stranger = signed_in(app, "doctor")
    assert stranger.get(path(duplicate)).status_code == 404
    refused(admin.delete(path(duplicate)), 409, "patient_merged")
    refused(admin.post(path(duplicate, "reactivate")), 409, "patient_merged")


def test_refusals(app, admin, pair):
    survivor, duplicate = pair
    refused(merge(admin, survivor, survivor), 422, "validation_failed", "duplicate_id")
    refused(merge(admin, survivor, uuid.uuid4()), 404, "not_found")
    refused(merge(admin, uuid.uuid4(), duplicate), 404, "not_found")
    refused(admin.post(path(survivor, "merge"), json={}), 422, "validation_failed", "duplicate_id")
    refused(admin.post(path(survivor, "unmerge")), 409, "not_merged")
    refused(admin.post(path(uuid.uuid4(), "unmerge")), 404, "not_found")
    assert merge(admin, survivor, duplicate).status_code == 200
    refused(merge(admin, survivor, duplicate), 409, "patient_merged")
    refused(merge(admin, duplicate, make_patient(app)), 409, "patient_merged")
    assert admin.post(path(duplicate, "unmerge")).status_code == 200
    refused(admin.post(path(duplicate, "unmerge")), 409, "not_merged")


def test_merges_stand_on_each_other(app, admin):
    first, second, third, fourth = (make_patient(app) for _ in range(4))
    before = dump(app, without=COUNTED)
    assert merge(admin, second, first).status_code == 200
    assert merge(admin, third, second).status_code == 200
    assert merge(admin, third, fourth).status_code == 200
    for one in (first, second, third, fourth):
        assert admin.get(path(one)).json["data"]["id"] == str(third.id)
    refused(admin.post(path(first, "unmerge")), 409, "later_merge")
    refused(admin.post(path(third, "unmerge"), json={"duplicate_id": str(second.id)}), 409, "later_merge")
    assert admin.post(path(third, "unmerge")).json["data"]["duplicate_id"] == str(fourth.id)
    assert admin.post(path(third, "unmerge"), json={"duplicate_id": str(second.id)}).status_code == 200
    assert admin.get(path(first)).json["data"]["id"] == str(second.id)
    assert admin.post(path(first, "unmerge")).status_code == 200
    assert dump(app, without=COUNTED) == before


def test_allergies_of_both_stand_once_and_the_graver_one_stays(app, admin):
    doctor = signed_in(app, "doctor")
    survivor, duplicate = (register(doctor, last_name=name) for name in ("Abel", "Zorn"))
    kept = {"substance": "Latex", "severity": "severe"}
    for one, severity in ((survivor, "mild"), (duplicate, "severe")):
        doctor.post(path(one, "allergies"), json={"substance": "Penicillin", "severity": severity})
    doctor.post(path(survivor, "allergies"), json=kept)
    doctor.post(path(duplicate, "allergies"), json={**kept, "severity": "mild"})
    report = merge(admin, survivor, duplicate).json["data"]
    assert {one["table"] for one in report["conflicts"]} >= {"allergies", "care_relations"}
    listed = doctor.get(path(survivor, "allergies")).json["data"]
    assert sorted((one["substance"], one["severity"]) for one in listed) == [
        ("Latex", "severe"),
        ("Penicillin", "severe"),
    ]
    reasons = query(app, "SELECT void_reason FROM allergies WHERE status = 'entered_in_error'")
    assert len(reasons) == 2
    assert all(row["void_reason"] for row in reasons)
    assert len(ids(doctor.get(path(survivor, "care-team")))) == 1


def test_none_known_does_not_stand_beside_an_allergy(app, admin):
    doctor = signed_in(app, "doctor")
    survivor, duplicate, third = (register(doctor, last_name=name) for name in ("Abel", "Zorn", "Quist"))
    for one in (survivor, third):
        assert doctor.put(path(one, "allergies", "none-known"), json={}).status_code == 200
    assert merge(admin, survivor, third).status_code == 200
    assert doctor.get(path(survivor, "medical-history")).json["data"]["no_known_allergies"]
    doctor.post(path(duplicate, "allergies"), json={"substance": "Latex", "severity": "mild"})
    assert merge(admin, survivor, duplicate).status_code == 200
    assert doctor.get(path(survivor, "medical-history")).json["data"]["no_known_allergies"] is None
    doctor.post(path(survivor, "allergies"), json={"substance": "Nickel", "severity": "mild"})
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    history = doctor.get(path(survivor, "medical-history")).json["data"]
    assert history["no_known_allergies"] is None
    assert [one["substance"] for one in history["allergies"]] == ["Nickel"]


def test_histories_are_united(app, admin):
    doctor = signed_in(app, "doctor")
    survivor, duplicate = (register(doctor, last_name=name) for name in ("Abel", "Zorn"))

    def write(one: Any, **fields: Any) -> None:
        answer = doctor.patch(path(one, "medical-history"), json={"version": 1, **fields})
        assert answer.status_code == 200, answer.text

    write(survivor, blood_type="A+", past_surgeries=["Appendix", "Knee"], social_history="Smokes")
    write(duplicate, blood_type="B-", past_surgeries=["Knee", "Hip"], social_history="Dives", chronic_notes="Asthma")
    report = merge(admin, survivor, duplicate).json["data"]
    assert {"medical_histories", "patients"} <= {one["table"] for one in report["conflicts"]}
    assert any(one["what"] == "blood_type" for one in report["conflicts"])
    history = doctor.get(path(survivor, "medical-history")).json["data"]
    assert history["blood_type"] == "A+"
    assert history["past_surgeries"] == ["Appendix", "Knee", "Hip"]
    assert (history["social_history"], history["chronic_notes"]) == ("Smokes\n\nDives", "Asthma")
    assert doctor.patch(
        path(survivor, "medical-history"), json={"version": history["version"], "chronic_notes": "Gout"}
    )
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    mine, other = (doctor.get(path(one, "medical-history")).json["data"] for one in (survivor, duplicate))
    assert (mine["past_surgeries"], mine["chronic_notes"]) == (["Appendix", "Knee"], "Gout")
    assert (other["blood_type"], other["chronic_notes"]) == ("B-", "Asthma")


def test_what_was_changed_since_goes_home_changed_and_what_was_added_stays(app, admin):
    doctor = signed_in(app, "doctor")
    survivor, duplicate = (register(doctor, last_name=name) for name in ("Abel", "Zorn"))
    moved = doctor.post(path(duplicate, "conditions"), json={"display": "Gout"}).json["data"]
    assert merge(admin, survivor, duplicate).status_code == 200
    changed = doctor.patch(path(survivor, "conditions", moved["id"]), json={"display": "Gout, left", "version": 1})
    assert changed.status_code == 200, changed.text
    added = doctor.post(path(duplicate, "conditions"), json={"display": "Asthma"}).json["data"]
    assert admin.post(path(duplicate, "unmerge")).status_code == 200
    assert [(one["id"], one["display"]) for one in doctor.get(path(duplicate, "conditions")).json["data"]] == [
        (moved["id"], "Gout, left")
    ]
    assert ids(doctor.get(path(survivor, "conditions"))) == [added["id"]]


def test_the_account_moves_to_a_survivor_without_one(app, admin):
    owner = signed_in(app, "patient")
    survivor, duplicate = make_patient(app), make_patient(app, user_id=owner.user.id)
    assert merge(admin, survivor, duplicate).json["data"]["account"] == "moved"
    assert owner.get("/patients/me").json["data"]["id"] == str(survivor.id)
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    assert owner.get("/patients/me").json["data"]["id"] == str(duplicate.id)


def test_a_second_account_is_closed_and_opened_again(app, admin):
    first, second = signed_in(app, "patient"), signed_in(app, "patient")
    survivor = make_patient(app, user_id=first.user.id)
    duplicate = make_patient(app, user_id=second.user.id)
    assert merge(admin, survivor, duplicate, dry_run=True).json["data"]["account"] == "deactivated"
    assert second.get("/auth/me").status_code == 200
    assert merge(admin, survivor, duplicate).json["data"]["account"] == "deactivated"
    assert second.get("/auth/me").status_code == 401
    entry = {"identifier": second.user.email, "password": PASSWORD}
    assert app.test_client().post("/api/v1/auth/login", json=entry).status_code in (401, 403)
    assert first.get("/patients/me").json["data"]["id"] == str(survivor.id)
    reopened = admin.post(f"/users/{second.user.id}/reactivate")
    assert (reopened.status_code, reopened.json["code"]) == (409, "patient_merged")
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    again = signed_in(app, user=second.user)
    assert again.get("/patients/me").json["data"]["id"] == str(duplicate.id)


def test_the_account_of_staff_is_not_closed(app, admin):
    doctor, owner = make_user(app, "doctor"), make_user(app, "patient")
    survivor, duplicate = make_patient(app, user_id=owner.id), make_patient(app, user_id=doctor.id)
    before = dump(app)
    refused(merge(admin, survivor, duplicate), 409, "staff_account")
    assert dump(app) == before


def test_a_failure_in_the_middle_leaves_both_as_they_were(app, admin, pair):
    filled(app, pair)
    before = dump(app)

    def fail(_sender: object, **_said: Any) -> None:
        raise merging_refused

    from server.core.errors import Conflict

    merging_refused = Conflict("Not today.")
    signals.merged.connect(fail)
    try:
        refused(merge(admin, *pair), 409, "conflict")
    finally:
        signals.merged.disconnect(fail)
    assert dump(app) == before
    assert query(app, "SELECT count(*) AS n FROM merged_rows") == [{"n": 0}]


def test_identifiers_are_united_and_differences_told(app, admin, pair):
    survivor, duplicate = pair
    with app.app_context(), command("tests.identify", "patient"):
        from server.modules.patients.models import Patient

        for one, value in ((survivor, "1"), (duplicate, "2")):
            db.session.get_one(Patient, one.id).identifiers = [
                {"system": "s", "value": value},
                {"system": "s", "value": "both"},
            ]
    report = merge(admin, survivor, duplicate).json["data"]
    shown = admin.get(path(survivor)).json["data"]
    assert [one["value"] for one in shown["identifiers"]] == ["1", "both", "2"]
    assert {"first_name", "last_name"} <= {one["what"] for one in report["conflicts"]}


def test_the_audit_row_names_both(app, admin, pair):
    survivor, duplicate = pair
    merge(admin, survivor, duplicate)
    row = audit_rows(app)[-1]
    assert (row["action"], row["object_id"], row["patient_id"]) == ("patients.merge", survivor.id, survivor.id)
    assert set(row["object_ids"]) == {str(survivor.id), str(duplicate.id)}
    admin.post(path(survivor, "unmerge"))
    assert set(audit_rows(app)[-1]["object_ids"]) == {str(survivor.id), str(duplicate.id)}


def test_registering_a_merged_one_again_finds_the_survivor(app, admin):
    survivor = register(admin)
    duplicate = register(admin, confirm_new=True)
    assert merge(admin, survivor, duplicate).status_code == 200
    answer = admin.post("/patients", json=facts())
    assert [one["id"] for one in answer.json["candidates"]] == [survivor["id"]]
