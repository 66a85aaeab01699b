"""A correction leaves what stood before; what was entered in error leaves the lists and stays readable."""

import uuid

import pytest

from tests.factories.people import named, relate, signed_in
from tests.patients.support import ids, path, refused
from tests.vaccines.support import DTAP, HEP_B, TODAY, item, read, record, verdict, void


@pytest.fixture
def made(doctor, child):
    """Give a dose that the doctor gave."""
    return record(doctor, child, lot_number="A1", notes="Left thigh")


def versions(someone, entry):
    answer = someone.get(f"{item(entry)}/versions")
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_a_correction_needs_the_version(doctor, made):
    for verb, body in (("PATCH", {"notes": "x"}), ("PUT", {"vaccine_code": HEP_B, "administered_on": TODAY})):
        refused(doctor.open(verb, item(made), json=body), 428, "version_required")
        refused(doctor.open(verb, item(made), json={**body, "version": 7}), 412, "stale_version")
    assert read(doctor, made) == made


def test_what_stood_before_stays_readable(app, doctor, child, made, clock):
    nurse = signed_in(app, "nurse")
    relate(app, uuid.UUID(child["id"]), nurse.user.id)
    answer = nurse.patch(
        item(made),
        json={"lot_number": "A2", "administered_on": "2026-03-01", "change_reason": "Misread the vial", "version": 1},
    )
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert (changed["lot_number"], changed["administered_on"], changed["version"]) == ("A2", "2026-03-01", 2)
    assert answer.headers["ETag"] == '"2"'
    # Who gave it and who wrote it down stay; who corrected it stands beside what was corrected.
    assert changed["administered_by"] == changed["recorded_by"] == str(doctor.user.id)
    assert changed["vaccinator"] == changed["author"] == named(doctor)
    (before,) = versions(doctor, made)
    assert before["number"] == 1
    assert (before["said"]["lot_number"], before["said"]["administered_on"]) == ("A1", TODAY)
    assert before["said"]["notes"] == "Left thigh"
    assert before["superseded"] == {
        "at": "2026-03-02T08:00:00Z",
        "by": named(nurse),
        "reason": "Misread the vial",
    }
    assert doctor.patch(item(made), json={"notes": None, "version": 2}).status_code == 200
    assert [one["number"] for one in versions(doctor, made)] == [2, 1]


def test_a_correction_of_nothing_leaves_no_version(doctor, made):
    answer = doctor.patch(item(made), json={"lot_number": "A1", "version": 1})
    assert (answer.status_code, answer.json["data"]["version"]) == (200, 1)
    assert versions(doctor, made) == []


def test_get_edit_put(doctor, made):
    answer = doctor.put(item(made), json={**read(doctor, made), "notes": "Right thigh"})
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert {name for name in made if made[name] != changed[name]} <= {"notes", "version", "updated_at"}
    assert changed["notes"] == "Right thigh"


def test_put_clears_what_is_left_out(doctor, made):
    answer = doctor.put(item(made), json={"vaccine_code": DTAP, "administered_on": TODAY, "version": 1})
    changed = answer.json["data"]
    assert (changed["vaccine_code"], changed["name"]) == (DTAP, "DTaP")
    assert (changed["lot_number"], changed["notes"]) == (None, None)
    assert versions(doctor, made)[0]["said"]["name"] == "Hep B, adolescent or pediatric"


@pytest.mark.parametrize("field", ["patient_id", "visit_id", "source", "administered_by", "recorded_by"])
def test_whose_it_is_and_by_whose_word_is_not_corrected(doctor, made, field):
    refused(doctor.patch(item(made), json={field: str(uuid.uuid4()), "version": 1}), 422, "read_only", field)


def test_the_rules_hold_for_corrections_too(doctor, made):
    for field, change in {
        "administered_on": {"administered_on": "2026-03-03"},
        "lot_expires_on": {"lot_expires_on": "2026-03-01"},
        "vaccine_code": {"vaccine_code": "777"},
        "not_done_reason": {"status": "not_done"},
        "next_due_on": {"next_due_on": "2026-03-01"},
    }.items():
        answer = doctor.patch(item(made), json={**change, "version": 1})
        refused(answer, 422, "validation_failed", field)
    assert read(doctor, made) == made
    assert versions(doctor, made) == []


def test_a_listed_name_goes_with_its_code_and_a_free_one_stays(doctor, child, made):
    changed = doctor.patch(item(made), json={"vaccine_code": DTAP, "version": 1}).json["data"]
    assert changed["name"] == "DTaP"
    free = record(doctor, child, on="2026-02-01", name="The blue one")
    kept = doctor.patch(item(free), json={"vaccine_code": DTAP, "version": 1}).json["data"]
    assert kept["name"] == "The blue one"
    listed = doctor.patch(item(free), json={"name": None, "version": 2}).json["data"]
    assert listed["name"] == "DTaP"


def test_what_was_not_given_after_all(app, doctor, child, made):
    nurse = signed_in(app, "nurse")
    relate(app, uuid.UUID(child["id"]), nurse.user.id)
    change = {"status": "not_done", "not_done_reason": "Vomited before", "version": 1}
    changed = nurse.patch(item(made), json=change).json["data"]
    assert (changed["validity"], changed["administered_by"]) == (None, None)
    given = nurse.patch(item(made), json={"status": "completed", "not_done_reason": None, "version": 2}).json["data"]
    assert given["validity"]["status"] == "valid"
    assert given["administered_by"] == str(nurse.user.id)
    assert versions(doctor, made)[-1]["said"]["administered_by"] == str(doctor.user.id)


# Entered in error


def test_entered_in_error(app, doctor, child, made):
    kept = record(doctor, child, DTAP)
    refused(doctor.delete(item(made), headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(doctor.delete(f"{item(made)}?reason=typo"), 428, "version_required")
    refused(doctor.delete(f"{item(made)}?reason=typo", headers={"If-Match": '"9"'}), 412, "stale_version")
    assert doctor.delete(f"{item(made)}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204
    assert doctor.delete(f"{item(made)}?reason=again").status_code == 204
    assert ids(doctor.get("/vaccines")) == [kept["id"]]
    assert ids(doctor.get("/vaccines?status=entered_in_error")) == [made["id"]]
    shown = read(doctor, made)
    assert (shown["status"], shown["validity"], shown["version"]) == ("entered_in_error", None, 2)
    assert shown["voided"] == {"at": "2026-03-02T08:00:00Z", "by": named(doctor), "reason": "typo"}
    refused(doctor.patch(item(made), json={"notes": "x", "version": 2}), 409, "entered_in_error")
    events = doctor.get(path(child, "timeline")).json["data"]
    assert [one["object_id"] for one in events if one["kind"] == "vaccine"] == [kept["id"]]


def test_only_the_author_says_that_it_was_an_error(app, child, made):
    nurse = signed_in(app, "nurse")
    relate(app, uuid.UUID(child["id"]), nurse.user.id)
    refused(void(nurse, made), 404, "not_found")


def test_the_others_are_judged_without_it(doctor, child):
    first = record(doctor, child, on="2026-02-01")
    second = record(doctor, child, on="2026-02-20")
    assert verdict(doctor, second) == ("not_valid", "too_soon")
    assert void(doctor, first).status_code == 204
    assert verdict(doctor, second) == ("valid", None)
    # The schedule's word is nobody's change.
    assert read(doctor, second)["version"] == 1
