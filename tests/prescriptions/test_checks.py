"""What the safety checks find, each kind on both sides of its boundary, and who may go on all the same."""

from datetime import timedelta
from decimal import Decimal

import pytest

from server.core import clock
from server.modules.medications import knowledge
from server.modules.medications.knowledge import Limit
from server.modules.prescriptions.service.checks import doses
from tests.factories.people import signed_in
from tests.patients.support import refused
from tests.prescriptions.support import (
    act,
    done,
    found,
    give,
    make_imported_allergy,
    make_scene,
    path,
    rows,
    tag,
)

AMOXICILLIN = {
    "name": "Amoxicillin 500 MG Oral Capsule",
    "ingredients": [{"name": "amoxicillin", "rxnorm_code": "723"}],
}
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def check(scene, someone=None, **fields):
    """Return what a dry run finds."""
    body = {name: value for name, value in scene.body(**fields).items() if name not in ("quantity", "status")}
    return found((someone or scene.doctor).post("/prescriptions/check", json=body))


def told(findings):
    return [(one["kind"], one["severity"], one["evidence"].get("match")) for one in findings]


# Allergies


def test_nothing_is_found_of_a_patient_without_allergies(scene):
    assert check(scene, medication_id=scene.drug(**AMOXICILLIN)) == []


def test_a_list_that_was_never_asked_for_is_a_finding_of_its_own(app):
    scene = make_scene(app, asked=False)
    drug = scene.drug()
    answer = scene.send(medication_id=drug)
    refused(answer, 409, "safety_check_failed")
    assert told(found(answer)) == [("allergies_unknown", "warning", None)]
    ids = [one["id"] for one in found(answer)]
    assert scene.prescribe(medication_id=drug, acknowledge=ids)["findings"][0]["is_acknowledged"] is True


@pytest.mark.parametrize(
    ("allergy", "expected"),
    [
        ({"substance": "Amoxicillin", "code": {"system": RXNORM, "code": "723"}}, ("contraindicated", "code")),
        ({"substance": "amoxicillin"}, ("contraindicated", "name")),
        ({"substance": "AMOXICILLIN trihydrate"}, ("contraindicated", "name")),
        ({"substance": "Allergy to amoxicillin (finding)"}, ("contraindicated", "name")),
        ({"substance": "amoxicillin", "severity": "moderate"}, ("contraindicated", "name")),
        ({"substance": "amoxicillin", "severity": "mild"}, ("warning", "name")),
        ({"substance": "Penicillins"}, ("contraindicated", "class")),
        ({"substance": "penicillin allergy", "severity": "mild"}, ("warning", "class")),
        ({"substance": "Ampicillin"}, ("contraindicated", "class")),
        ({"substance": "Cephalexin"}, ("warning", "class")),
    ],
)
def test_an_allergy_is_met_by_code_name_or_class(scene, allergy, expected):
    scene.allergy(**allergy)
    assert told(check(scene, medication_id=scene.drug(**AMOXICILLIN))) == [("allergy", *expected)]


def test_other_allergies_are_none_of_it(scene):
    scene.allergy("Latex", **{"class": "environment"})
    scene.allergy("Ibuprofen")
    scene.allergy("Peanut", code={"system": RXNORM, "code": "999"}, **{"class": "food"})
    assert check(scene, medication_id=scene.drug(**AMOXICILLIN)) == []


def test_an_allergy_that_is_over_or_was_an_error_is_none(scene):
    allergy = scene.allergy("Amoxicillin")
    drug = scene.drug(**AMOXICILLIN)
    where = f"/patients/{scene.patient.id}/allergies/{allergy['id']}"
    over = done(scene.doctor.patch(where, json={"status": "inactive"}, headers=tag(allergy)))
    assert check(scene, medication_id=drug) == []
    query = {"reason": "Another patient's"}
    assert scene.doctor.delete(where, query_string=query, headers=tag(over)).status_code == 204
    # Nobody has asked any more: the list is empty and nothing was stated.
    assert told(check(scene, medication_id=drug)) == [("allergies_unknown", "warning", None)]


def test_an_imported_allergy_has_no_severity_and_counts_as_severe(app):
    scene = make_scene(app, asked=False)
    code = {"system": "http://snomed.info/sct", "code": "294505008"}
    make_imported_allergy(app, scene.patient.id, "Allergy to amoxicillin", code=code)
    findings = check(scene, medication_id=scene.drug(**AMOXICILLIN))
    assert told(findings) == [("allergy", "contraindicated", "name")]
    assert findings[0]["evidence"]["severity"] is None


def test_an_allergy_named_by_a_brand_is_one_to_what_is_in_it(scene):
    scene.drug("Zimotrim 1 MG Oral Tablet", brands=["Zimo"], ingredients=[{"name": "zimoxane"}])
    scene.allergy("Zimo")
    other = scene.drug("Generic zimoxane", ingredients=[{"name": "zimoxane"}])
    assert told(check(scene, medication_id=other)) == [("allergy", "contraindicated", "name")]
    assert check(scene, medication_id=scene.drug()) == []


# Together


def test_what_harms_together_is_found_among_new_ones_and_beside_old_ones(app, scene, interaction):
    one, other = interaction
    together = [{"medication_id": one, "quantity": 1}, {"medication_id": other, "quantity": 1}]
    findings = check(scene, items=together, quantity=None)
    assert [(f["kind"], f["severity"], f["item_index"]) for f in findings] == [("interaction", "contraindicated", 1)]
    assert findings[0]["evidence"]["source"] == "Test"
    first = scene.prescribe(medication_id=one)
    beside = check(scene, medication_id=other)
    assert [(f["kind"], f["evidence"]["other"]["rx_number"]) for f in beside] == [("interaction", first["rx_number"])]
    assert check(scene, medication_id=scene.drug()) == []
    done(act(scene.doctor, first, "stop"))
    assert check(scene, medication_id=other) == []


@pytest.fixture
def interaction(app, scene, monkeypatch):
    """Give two medications that must not be taken together."""
    pair = knowledge.Pair("alphadrug", "betadrug", "contraindicated", "They stop the heart.", "Test")
    known = {("alphadrug", "betadrug"): pair}
    monkeypatch.setattr("server.modules.medications.knowledge.interactions._shipped", lambda: known)
    return scene.drug("Alphadrug 1 MG Oral Tablet"), scene.drug("Betadrug 1 MG Oral Tablet")


def test_the_same_substance_twice_is_a_warning(scene):
    drug, again = (scene.drug(f"Testolium {mg} MG Oral Tablet") for mg in (5, 10))
    first = scene.prescribe(medication_id=drug)
    findings = check(scene, medication_id=again)
    assert told(findings) == [("duplicate", "warning", None)]
    assert findings[0]["evidence"]["other"]["rx_number"] == first["rx_number"]
    assert check(scene, medication_id=again, prescription_id=first["id"]) == []


def test_what_was_handed_out_counts_while_it_lasts(app, clock_, scene):
    drug = scene.drug()
    first = scene.prescribe(medication_id=drug, quantity=10, duration_days=10)
    give(app, first, 10)
    assert done(scene.doctor.get(path(first)))["status"] == "filled"
    assert told(check(scene, medication_id=drug)) == [("duplicate", "warning", None)]
    clock_(10)
    assert len(check(scene, signed_in(app, user=scene.doctor.user), medication_id=drug)) == 1
    clock_(1)
    assert check(scene, signed_in(app, user=scene.doctor.user), medication_id=drug) == []


@pytest.fixture
def clock_(clock):
    """Give a function that lets days pass."""
    return lambda days: clock.shift(timedelta(days=days))


def test_drafts_are_taken_by_nobody(scene):
    drug = scene.drug()
    scene.prescribe(medication_id=drug, status="draft")
    assert check(scene, medication_id=drug) == []


# Doses


@pytest.fixture
def limits(monkeypatch):
    """Have one substance be bounded: 1,000 mg at once and 4,000 mg in a day, and nothing below the age of two."""

    def known(key, age_in_days, _weight=None):
        if key != "testolium":
            return None
        most = (None, Decimal(0)) if age_in_days < 730 else (Decimal(1000), Decimal(4000))
        return Limit(*most, "mg", 0, "Label")

    monkeypatch.setattr(doses, "dose_limits", known)


@pytest.mark.parametrize(
    ("dose", "times", "expected"),
    [
        ({"value": 1000, "unit": "mg"}, 4, None),
        ({"value": 1, "unit": "g"}, 4, None),
        ({"value": 1001, "unit": "mg"}, 1, "warning"),
        ({"value": 1000, "unit": "mg"}, 5, "warning"),
        ({"value": 2000, "unit": "mg"}, 1, "contraindicated"),
        ({"value": 2, "unit": "tablets"}, 4, None),
        ({"value": 3, "unit": "tablets"}, 1, "warning"),
        ({"value": 3, "unit": "spoons"}, 1, None),
        ({"value": 1500, "unit": "mcg"}, 48, None),
    ],
)
def test_a_dose_is_held_against_what_is_too_much(scene, limits, dose, times, expected):
    drug = scene.drug("Testolium 500 MG Oral Tablet", strength="500 MG", ingredients=[{"name": "Testolium"}])
    findings = check(scene, medication_id=drug, dose=dose, frequency={"times_per_day": times})
    assert [one["severity"] for one in findings] == ([expected] if expected else [])


def test_what_is_not_for_an_age_is_contraindicated_without_a_dose(app, limits):
    with app.app_context():
        born = clock.today() - timedelta(days=400)
    scene = make_scene(app, date_of_birth=born)
    drug = scene.drug("Testolium 500 MG Oral Tablet")
    assert told(check(scene, medication_id=drug)) == [("dose", "contraindicated", None)]


# Answering for what was found


@pytest.fixture
def allergic(scene):
    """Give a scene whose patient is severely allergic to a medication, and its id."""
    scene.allergy("Amoxicillin")
    return scene, scene.drug(**AMOXICILLIN)


def test_a_contraindication_takes_its_id_and_a_reason_and_both_are_kept(app, allergic):
    scene, drug = allergic
    answer = scene.send(medication_id=drug)
    finding = found(answer)[0]
    assert {"id", "kind", "severity", "message", "item_index", "evidence"} == finding.keys()
    ids = [finding["id"]]
    refused(scene.send(medication_id=drug, acknowledge=ids), 422, "validation_failed", "override_reason")
    refused(scene.send(medication_id=drug, override_reason="Tolerated"), 409, "safety_check_failed")
    refused(scene.send(medication_id=drug, acknowledge=[*ids, "x" * 43]), 409, "safety_check_failed")
    assert rows(app, "SELECT id FROM prescriptions") == []
    made = scene.prescribe(medication_id=drug, acknowledge=ids, override_reason="Tolerated since & before")
    kept = made["findings"][0]
    assert {name: kept[name] for name in finding} == finding
    assert (kept["stage"], kept["is_acknowledged"], kept["override_reason"], kept["user_id"]) == (
        "prescribe",
        True,
        "Tolerated since & before",
        str(scene.doctor.user.id),
    )


def test_an_acknowledgement_holds_until_its_evidence_changes(allergic):
    scene, drug = allergic
    first = found(scene.send(medication_id=drug))
    assert found(scene.send(medication_id=drug)) == first
    answer = scene.doctor.get(f"/patients/{scene.patient.id}/allergies").json["data"][0]
    where = f"/patients/{scene.patient.id}/allergies/{answer['id']}"
    done(scene.doctor.patch(where, json={"reaction": "Anaphylaxis"}, headers=tag(answer)))
    ids = [one["id"] for one in first]
    now = found(scene.send(medication_id=drug, acknowledge=ids, override_reason="Known"))
    assert [one["id"] for one in now] != ids


def test_a_warning_needs_no_reason(scene):
    scene.allergy("Amoxicillin", severity="mild")
    drug = scene.drug(**AMOXICILLIN)
    ids = [one["id"] for one in found(scene.send(medication_id=drug))]
    assert scene.prescribe(medication_id=drug, acknowledge=ids)["findings"][0]["override_reason"] is None


@pytest.mark.parametrize(
    ("role", "expected"), [("pharmacist", 200), ("pharmacy_manager", 200), ("pharmacy_technician", 403), ("nurse", 403)]
)
def test_who_may_look(app, allergic, role, expected):
    scene, drug = allergic
    body = {"patient_id": str(scene.patient.id), "medication_id": drug}
    assert signed_in(app, role).post("/prescriptions/check", json=body).status_code == expected


def test_a_pharmacist_overrides_what_came_from_outside(allergic, pharmacist):
    scene, drug = allergic
    sent = {"medication_id": drug, "doctor_name": "Dr. Else"}
    ids = [one["id"] for one in found(scene.send(pharmacist, **sent))]
    made = scene.prescribe(pharmacist, **sent, acknowledge=ids, override_reason="The doctor was called")
    assert made["findings"][0]["user_id"] == str(pharmacist.user.id)


def test_a_doctor_who_does_not_care_for_the_patient_may_not_look(app, allergic):
    scene, drug = allergic
    body = {"patient_id": str(scene.patient.id), "medication_id": drug}
    refused(signed_in(app, "doctor").post("/prescriptions/check", json=body), 404, "not_found")


def test_a_check_takes_as_many_statements_however_much_is_taken(app, scene):
    from tests.chart.clinic import statements

    drug = scene.drug()
    counted = []
    for _ in range(2):
        with statements(app) as noted:
            check(scene, medication_id=drug)
        counted.append(len(noted))
        for _ in range(3):
            scene.prescribe()
    assert counted[0] == counted[1]


def test_a_check_writes_nothing(app, allergic):
    scene, drug = allergic
    check(scene, medication_id=drug)
    assert rows(app, "SELECT id FROM safety_findings") == []
