import pytest

from tests.patients.support import blamed, path, refused, register

WHOLE = {
    "blood_type": "AB-",
    "past_surgeries": ["Appendectomy 1999", "Hernia <2 cm\n& mesh"],
    "family_history": ["Father: T2DM", "Großmutter: Brustkrebs"],
    "social_history": "Smokes <5/day\nمتقاعد",
    "chronic_notes": "K+ >5.5 twice 🧪",
}


@pytest.fixture
def where(doctor):
    """Give the path of a patient's history."""
    return path(register(doctor), "medical-history")


def test_a_new_patient_has_an_empty_history(doctor, where):
    answer = doctor.get(where)
    shown = answer.json["data"]
    assert answer.headers["ETag"] == '"1"'
    assert shown["version"] == 1
    assert (shown["blood_type"], shown["past_surgeries"], shown["social_history"]) == (None, [], None)
    assert (shown["allergies"], shown["conditions"], shown["no_known_allergies"]) == ([], [], None)


def test_every_field_is_kept(doctor, where):
    answer = doctor.patch(where, json={**WHOLE, "version": 1})
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert {name: shown[name] for name in WHOLE} == WHOLE
    assert shown["version"] == 2
    assert doctor.get(where).json["data"] == shown
    changed = doctor.patch(where, json={"blood_type": None}, headers={"If-Match": '"2"'}).json["data"]
    assert changed["blood_type"] is None
    assert changed["past_surgeries"] == WHOLE["past_surgeries"]


def test_the_version_is_required(doctor, where):
    refused(doctor.patch(where, json={"blood_type": "A+"}), 428, "version_required")
    refused(doctor.patch(where, json={"blood_type": "A+", "version": 2}), 412, "stale_version")
    assert blamed(doctor.patch(where, json={"blood_type": "A+", "version": None})) == {"version"}
    assert doctor.get(where).json["data"]["blood_type"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"blood_type": "C+"}, "blood_type"),
        ({"past_surgeries": "none"}, "past_surgeries"),
        ({"past_surgeries": None}, "past_surgeries"),
        ({"past_surgeries": [1]}, "past_surgeries.0"),
        ({"family_history": ["x"] * 101}, "family_history"),
        ({"social_history": ""}, "social_history"),
        ({"chronic_notes": "x" * 10_001}, "chronic_notes"),
    ],
)
def test_what_is_not_valid_is_refused(doctor, where, change, field):
    refused(doctor.patch(where, json={**change, "version": 1}), 422, "validation_failed", field)


def test_allergies_and_conditions_are_not_written_here(doctor, where):
    refused(doctor.patch(where, json={"allergies": [], "version": 1}), 422, "read_only", "allergies")


def test_nurses_write_it_too(as_role):
    nurse = as_role("nurse")
    where = path(register(nurse), "medical-history")
    assert nurse.patch(where, json={"blood_type": "0", "version": 1}).status_code == 422
    assert nurse.patch(where, json={"blood_type": "O+", "version": 1}).status_code == 200
