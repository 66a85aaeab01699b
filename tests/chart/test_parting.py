"""What a merge takes over, what it refuses, and what happens when it is taken back after others have gone on."""

import re
import uuid
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import update

from server.core.db import db
from server.core.uow import command
from server.modules.patients.models import Allergy, Patient
from tests.chart.test_merging import merge
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.legs import MIGRATIONS
from tests.patients.support import ids, path, refused, register


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor."""
    return signed_in(app, "doctor")


@pytest.fixture
def pair(doctor):
    """Give two patients of the doctor's."""
    return register(doctor, last_name="Abel"), register(doctor, last_name="Zorn")


def merged(someone: Any, survivor: Any, duplicate: Any) -> dict[str, Any]:
    answer = merge(someone, survivor, duplicate)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def parted(someone: Any, survivor: Any) -> dict[str, Any]:
    answer = someone.post(path(survivor, "unmerge"))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def told(report: dict[str, Any], table: str) -> dict[str, str]:
    return {one["what"]: one["resolution"] for one in report["conflicts"] if one["table"] == table}


def add_allergy(someone: Any, patient: Any, substance: str, **fields: Any) -> dict[str, Any]:
    answer = someone.post(path(patient, "allergies"), json={"substance": substance, "severity": "mild", **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def void_allergy(someone: Any, patient: Any, allergy_id: str) -> None:
    shown = someone.get(path(patient, "allergies")).json["data"]
    (version,) = [one["version"] for one in shown if one["id"] == allergy_id]
    answer = someone.delete(
        path(patient, "allergies", allergy_id),
        query_string={"reason": "typo"},
        headers={"If-Match": f'"{version}"'},
    )
    assert answer.status_code in (200, 204), answer.text


def write_history(someone: Any, patient: Any, **fields: Any) -> None:
    version = someone.get(path(patient, "medical-history")).json["data"]["version"]
    answer = someone.patch(path(patient, "medical-history"), json={"version": version, **fields})
    assert answer.status_code == 200, answer.text


def test_a_statement_made_anew_stands_when_the_old_one_comes_back(admin, doctor, pair):
    survivor, duplicate = pair
    assert doctor.put(path(survivor, "allergies", "none-known"), json={}).status_code == 200
    allergy = add_allergy(doctor, duplicate, "Penicillin")
    merged(admin, survivor, duplicate)
    void_allergy(doctor, survivor, allergy["id"])
    assert doctor.put(path(survivor, "allergies", "none-known"), json={}).status_code == 200
    report = parted(admin, survivor)
    assert "taken its place" in told(report, "allergy_statements")["withdrawn_at"]
    assert report["stayed"] == {"allergy_statements": 1}
    assert doctor.get(path(survivor, "medical-history")).json["data"]["no_known_allergies"]
    assert doctor.get(path(duplicate, "allergies")).json["data"] == []


def test_an_allergy_whose_place_is_taken_stays_marked(app, admin, doctor, pair):
    survivor, duplicate = pair
    mild = add_allergy(doctor, survivor, "Latex")
    grave = add_allergy(doctor, duplicate, "Latex", severity="severe")
    merged(admin, survivor, duplicate)
    void_allergy(doctor, survivor, grave["id"])
    again = add_allergy(doctor, survivor, "Latex", severity="moderate")
    report = parted(admin, survivor)
    (what,) = told(report, "allergies")
    assert "void_reason" in what
    assert ids(doctor.get(path(survivor, "allergies"))) == [again["id"]]
    assert query(app, "SELECT count(*) AS n FROM allergies WHERE status <> 'entered_in_error'") == [{"n": 1}]
    assert mild["id"] not in ids(doctor.get(path(survivor, "allergies")))


def test_a_row_whose_place_at_home_is_taken_stays_and_the_others_go(app, admin, doctor, pair):
    survivor, duplicate = pair
    first, second = add_allergy(doctor, duplicate, "Latex"), add_allergy(doctor, duplicate, "Nickel")
    other = add_allergy(doctor, register(doctor, last_name="Quist"), "Latex")
    merged(admin, survivor, duplicate)
    with app.app_context(), command("tests.slip", "allergy"):
        # No door leads here; a mistake of the house must not make the way back impossible.
        slip = update(Allergy.__table__).where(Allergy.id == uuid.UUID(other["id"]))
        db.session.execute(slip.values(patient_id=uuid.UUID(duplicate["id"])))
    report = parted(admin, survivor)
    assert "taken its place" in told(report, "allergies")[first["id"]]
    assert report["moved"]["allergies"] == 1
    assert sorted(ids(doctor.get(path(duplicate, "allergies")))) == sorted([other["id"], second["id"]])
    assert ids(doctor.get(path(survivor, "allergies"))) == [first["id"]]


def test_what_came_from_the_duplicate_leaves_a_history_that_was_changed_since(admin, doctor, pair):
    survivor, duplicate = pair
    write_history(doctor, survivor, past_surgeries=["Appendix"], social_history="Smokes")
    write_history(doctor, duplicate, past_surgeries=["Hip"], family_history=["Gout"], social_history="Dives")
    merged(admin, survivor, duplicate)
    write_history(
        doctor, survivor, past_surgeries=["Appendix", "Hip", "Knee"], social_history="Smokes\n\nDives\n\nCycles"
    )
    report = told(parted(admin, survivor), "medical_histories")
    history = doctor.get(path(survivor, "medical-history")).json["data"]
    assert (history["past_surgeries"], history["family_history"]) == (["Appendix", "Knee"], [])
    assert history["social_history"] == "Smokes\n\nDives\n\nCycles"
    assert report == {
        "past_surgeries": "changed since; what came from the duplicate was taken out",
        "social_history": "changed since, left as it is",
    }
    other = doctor.get(path(duplicate, "medical-history")).json["data"]
    assert (other["past_surgeries"], other["social_history"]) == (["Hip"], "Dives")


def test_what_the_survivor_was_given_since_is_counted(app, clock, doctor):
    admin = signed_in(app, "admin")
    doctor = signed_in(app, "doctor")
    survivor, duplicate = (register(doctor, last_name=name) for name in ("Abel", "Zorn"))
    doctor.post(path(survivor, "conditions"), json={"display": "Asthma"})
    doctor.post(path(duplicate, "conditions"), json={"display": "Flu"})
    clock.shift(60)
    assert merged(admin, survivor, duplicate)["stayed"] == {}
    clock.shift(60)
    doctor.post(path(survivor, "conditions"), json={"display": "Gout"})
    assert doctor.put(path(survivor, "allergies", "none-known"), json={}).status_code == 200
    report = parted(admin, survivor)
    assert report["stayed"] == {"conditions": 1, "allergy_statements": 1}
    assert report["conflicts"] == []


@pytest.mark.parametrize("who_died", [0, 1])
def test_the_dead_and_the_living_are_not_merged(admin, doctor, pair, who_died):
    died = admin.patch(path(pair[who_died]), json={"deceased_on": "2025-01-01"})
    assert died.status_code == 200, died.text
    for rehearses in (True, False):
        answer = merge(admin, *pair, dry_run=rehearses)
        refused(answer, 409, "status_differs")
        assert {"active", "deceased", "reactivate"} <= set(re.findall(r"\w+", answer.json["message"]))
    assert admin.patch(path(pair[1 - who_died]), json={"deceased_on": "2025-01-02"}).status_code == 200
    assert "deceased_on" in told(merged(admin, *pair), "patients")
    assert admin.get(path(pair[0])).json["data"]["status"] == "deceased"
    parted(admin, pair[0])
    assert {admin.get(path(one)).json["data"]["status"] for one in pair} == {"deceased"}


def test_who_is_out_of_the_lists_is_not_merged_into_one_who_is_in(admin, pair):
    assert admin.delete(path(pair[1])).status_code in (200, 204)
    answer = merge(admin, *pair)
    refused(answer, 409, "status_differs")
    assert "inactive" in answer.json["message"]
    assert admin.post(path(pair[1], "reactivate")).status_code == 200
    merged(admin, *pair)


def test_blanks_are_filled_from_the_duplicate(admin, doctor):
    address = {"line1": "Weg 5", "city": "Bremen", "country": "DE"}
    survivor = register(doctor, last_name="Abel", occupation="Smith", notes="Left-handed")
    duplicate = register(
        doctor,
        last_name="Zorn",
        phone="+16175550123",
        email="zorn@example.com",
        address=address,
        language="de",
        occupation="Baker",
        notes="Hard of hearing",
    )
    report = told(merged(admin, survivor, duplicate), "patients")
    taken = {name for name, what in report.items() if what == "taken from the duplicate"}
    assert taken == {"phone", "email", "address", "language"}
    assert report["occupation"] == "kept of the survivor"
    shown = admin.get(path(survivor)).json["data"]
    assert (shown["phone"], shown["email"], shown["language"]) == ("+16175550123", "zorn@example.com", "de")
    assert (shown["address"]["city"], shown["occupation"]) == ("Bremen", "Smith")
    assert shown["notes"] == "Left-handed\n\nHard of hearing"
    for asked in ({"q": "zorn@example.com"}, {"q": "6175550123"}):
        assert ids(admin.get("/patients/search", query_string=asked)) == [survivor["id"]]
    assert ids(admin.get("/patients", query_string={"city": "bremen"})) == [survivor["id"]]
    answer = admin.patch(path(survivor), json={"phone": "+16175550199"})
    assert answer.status_code == 200, answer.text
    left = parted(admin, survivor)
    assert told(left, "patients") == {"phone": "changed since, left as it is"}
    shown = admin.get(path(survivor)).json["data"]
    assert (shown["phone"], shown["email"], shown["address"]) == ("+16175550199", None, None)
    assert shown["notes"] == "Left-handed"
    assert ids(admin.get("/patients/search", query_string={"q": "zorn@example.com"})) == [duplicate["id"]]
    assert ids(admin.get("/patients", query_string={"city": "bremen"})) == [duplicate["id"]]


def test_of_two_addresses_no_lines_are_mixed(admin, doctor):
    survivor = register(doctor, last_name="Abel", address={"city": "Bremen"})
    duplicate = register(doctor, last_name="Zorn", address={"line1": "Weg 5", "city": "Kiel"})
    assert told(merged(admin, survivor, duplicate), "patients")["address"] == "kept of the survivor"
    assert admin.get(path(survivor)).json["data"]["address"]["line1"] is None


def test_names_and_numbers_of_all_who_were_merged_find_who_they_are_now(admin, doctor):
    first, second, third = (register(doctor, last_name=name) for name in ("Zorn", "Yilmaz", "Abel"))
    merged(admin, second, first)
    merged(admin, third, second)
    assert admin.patch(path(third), json={"occupation": "Smith"}).status_code == 200
    for asked in ("zorn", "yilmaz", first["mrn"], second["mrn"], first["mrn"].removeprefix("MRN-")):
        assert ids(admin.get("/patients/search", query_string={"q": asked})) == [third["id"]], asked
        assert ids(admin.get("/patients", query_string={"q": asked})) == [third["id"]], asked
    parted(admin, third)
    assert ids(admin.get("/patients/search", query_string={"q": "zorn"})) == [second["id"]]
    parted(admin, second)
    assert ids(admin.get("/patients/search", query_string={"q": "zorn"})) == [first["id"]]
    assert ids(admin.get("/patients/search", query_string={"q": "yilmaz"})) == [second["id"]]


def test_the_allergy_that_stays_knows_what_the_other_knew(admin, doctor, pair):
    survivor, duplicate = pair
    code = {"system": "http://snomed.info/sct", "code": "764146007"}
    known = {"class": "drug", "reaction": "Hives", "noted_on": "2020-01-01", "code": code}
    add_allergy(doctor, survivor, "Penicillin", severity="severe", status="inactive")
    add_allergy(doctor, duplicate, "Penicillin", **known)
    add_allergy(doctor, survivor, "Latex", reaction="Rash")
    add_allergy(doctor, duplicate, "Latex", reaction="Wheeze")
    report = told(merged(admin, survivor, duplicate), "allergies")
    shown = {one["substance"]: one for one in doctor.get(path(survivor, "allergies")).json["data"]}
    penicillin = shown["Penicillin"]
    assert {name: penicillin[name] for name in known} == known
    assert (penicillin["severity"], penicillin["status"]) == ("severe", "active")
    assert shown["Latex"]["reaction"] == "Rash"
    assert {"Latex: reaction", "Penicillin: status"} <= report.keys()
    assert told(parted(admin, survivor), "allergies") == {}
    (mine,) = [one for one in doctor.get(path(survivor, "allergies")).json["data"] if one["substance"] == "Penicillin"]
    assert (mine["status"], mine["reaction"], mine["code"], mine["class"]) == ("inactive", None, None, None)


def test_a_code_under_which_another_entry_stands_is_not_taken_over(admin, doctor, pair):
    survivor, duplicate = pair
    code = {"system": "http://snomed.info/sct", "code": "764146007"}
    add_allergy(doctor, survivor, "Penicillin", code=code)
    add_allergy(doctor, duplicate, "Penicillin", severity="severe")
    add_allergy(doctor, duplicate, "Ampicillin", code=code)
    assert "Penicillin: code" in told(merged(admin, survivor, duplicate), "allergies")
    listed = doctor.get(path(survivor, "allergies")).json["data"]
    assert sorted((one["substance"], bool(one["code"])) for one in listed) == [
        ("Ampicillin", True),
        ("Penicillin", False),
    ]
    parted(admin, survivor)
    assert len(ids(doctor.get(path(survivor, "allergies")))) == 1


def test_an_account_that_an_admin_touched_since_is_left_closed(app, admin):
    first, second = signed_in(app, "patient"), signed_in(app, "patient")
    survivor = make_patient(app, user_id=first.user.id)
    duplicate = make_patient(app, user_id=second.user.id)
    merged(admin, survivor, duplicate)
    user = f"/users/{second.user.id}"
    assert admin.patch(user, json={"last_name": "Closed-For-Cause"}).status_code == 200
    assert "left as it is" in told(parted(admin, survivor), "users")["account"]
    assert admin.get(user).json["data"]["status"] == "deactivated"


def test_an_account_that_was_closed_before_stays_closed(app, admin):
    first, second = signed_in(app, "patient"), signed_in(app, "patient")
    survivor = make_patient(app, user_id=first.user.id)
    duplicate = make_patient(app, user_id=second.user.id)
    user = f"/users/{second.user.id}"
    assert admin.delete(user).status_code in (200, 204)
    merged(admin, survivor, duplicate)
    assert told(parted(admin, survivor), "users") == {}
    assert admin.get(user).json["data"]["status"] == "deactivated"


def test_the_mark_of_a_possible_duplicate_is_the_desks(app, admin, pair):
    assert admin.patch(path(pair[0]), json={"possible_duplicate": True}).status_code == 200
    merged(admin, *pair)
    assert admin.get(path(pair[0])).json["data"]["possible_duplicate"] is True


def test_a_standing_merge_is_not_forgotten_by_going_back(leg, make_app):
    app = make_app(DATABASE_URI=leg.empty_database())
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
    admin = signed_in(app, "admin")
    survivor, duplicate = register(admin), register(admin, confirm_new=True)
    merged(admin, survivor, duplicate)
    with app.app_context():
        with pytest.raises(SystemExit):
            flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0011")
        assert db.session.get_one(Patient, uuid.UUID(duplicate["id"])).merged_into_id is not None
    parted(admin, survivor)
    with app.app_context():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0011")
        flask_migrate.upgrade(directory=str(MIGRATIONS))
    assert sorted(ids(admin.get("/patients"))) == sorted([survivor["id"], duplicate["id"]])
