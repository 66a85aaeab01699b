"""A bundle becomes a patient with allergies and conditions, field by field."""

import uuid
from datetime import date

from tests.fhir.tools import DATA, bundle, patient, rows, run_import

ONE = "5b0c7f3e-0a57-4d3c-9f61-1c54a2f0c00"


def test_a_patient_comes_with_digits_and_accents(app):
    result = run_import(app, DATA / "bundle.json")
    assert result.exit_code == 0, result.output
    (found,) = rows(app, "patients")
    assert found["id"] == uuid.UUID(f"{ONE}1")
    assert {
        name: found[name]
        for name in (
            *("prefix", "first_name", "middle_name", "last_name", "preferred_name", "maiden_name", "date_of_birth"),
            *("sex", "phone", "email", "language", "marital_status", "status", "mrn", "version"),
        )
    } == {
        "prefix": "Dr.",
        "first_name": "Zoë2",
        "middle_name": "Ana3 Lí",
        "last_name": "O'Brien-Núñez47",
        "preferred_name": "Zo",
        "maiden_name": "Łęcka",
        "date_of_birth": date(1956, 8, 3),
        "sex": "female",
        "phone": "+16175550134",
        "email": "zoe@mail.example",
        "language": "pt-BR",
        "marital_status": "widowed",
        "status": "deceased",
        "mrn": "MRN-000001",
        "version": 1,
    }
    # Half past eleven at night in UTC is the next day on the clinic's wall clock in Berlin.
    assert found["deceased_on"] == date(2020, 1, 1)
    assert [found[f"address_{part}"] for part in ("line1", "line2", "city", "state", "postal_code", "country")] == [
        *("12 Mill Lane", "Flat 3", "Peabody", "Massachusetts", None, "US")
    ]
    assert found["identifiers"] == [
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-11-2222", "type": "SS"},
        {"system": "urn:example:mrn", "value": "A-17"},
    ]
    assert " zoe2 " in found["search_text"]
    assert " obriennunez47 " in found["search_text"]
    assert " lecka " in found["search_text"]
    (history,) = rows(app, "medical_histories")
    assert history["patient_id"] == found["id"]


def test_allergies_and_conditions_are_placed_and_the_rest_is_kept(app, tmp_path):
    report = tmp_path / "report.tsv"
    result = run_import(app, DATA / "bundle.json", "--report", report)
    names = ("substance", "code_system", "code", "allergy_class", "reaction", "severity", "status", "noted_on")
    assert sorted(tuple(row[name] for name in names) for row in rows(app, "allergies")) == [
        ("Penicillin", None, None, "drug", "Hives, Wheezing", "severe", "inactive", None),
        ("Shellfish allergy", "snomed", "300913006", "drug", None, None, "active", date(1990, 6, 1)),
    ]
    names = ("display", "code_system", "code", "status", "onset_on", "resolved_on", "version")
    assert sorted(tuple(row[name] for name in names) for row in rows(app, "conditions")) == [
        ("Asthma", "snomed", "195967001", "active", date(1991, 6, 8), None, 1),
        ("Type 2 diabetes", "icd10cm", "E11.9", "resolved", None, date(2010, 2, 3), 1),
    ]
    kept = {str(row["resource_id"]): row["reason"] for row in rows(app, "fhir_resources")}
    assert {key[-1]: reason for key, reason in kept.items()} == {
        "1": None,
        "2": None,
        "3": None,
        "4": "duplicate",
        "5": None,
        "6": None,
        "7": "entered_in_error",
        "8": "no_room",
    }
    assert "Patient: 1 added" in result.output
    assert "Condition: 2 added" in result.output
    assert "Observation 1" in result.output
    lines = [line.split("\t") for line in report.read_text(encoding="utf-8").splitlines()]
    assert sorted((kind, why) for _, kind, _, why, _ in lines) == [
        ("AllergyIntolerance", "duplicate"),
        ("Condition", "entered_in_error"),
        ("Condition", "left out"),
        ("Observation", "no_room"),
    ]
    assert "Zoë" not in report.read_text(encoding="utf-8")


def test_odd_optional_fields_are_left_out_and_named(app, tmp_path):
    odd = patient(
        1,
        telecom=[{"system": "phone", "value": "ask my son"}, {"system": "email", "value": "nowhere"}],
        address=[{"city": "Bad<br>Name", "country": "Narnia", "postalCode": "1" * 21}],
        communication=[{"language": {"coding": [{"code": "xx-klingon"}]}}],
        deceasedDateTime="2015",
        name=[{"text": "Only Text"}],
        identifier=[{"system": "urn:x"}, "no object"],
    )
    (tmp_path / "odd.json").write_bytes(bundle(odd))
    report = tmp_path / "report.tsv"
    assert run_import(app, tmp_path / "odd.json", "--report", report).exit_code == 0
    (found,) = rows(app, "patients")
    assert (found["first_name"], found["last_name"], found["status"]) == ("Only", "Text", "deceased")
    assert [found[name] for name in ("phone", "email", "address_city", "language", "deceased_on")] == [None] * 5
    told = {line.split("\t")[4].partition(":")[0] for line in report.read_text().splitlines()}
    assert told == {
        *("phone", "email", "language", "deceased_on", "identifiers"),
        *("address.city", "address.country", "address.postal_code"),
    }


def test_what_cannot_be_a_patient_is_kept_with_the_reason(app, tmp_path):
    wrong = [
        patient(1, birthDate="1980"),
        patient(2, name=[]),
        patient(3, gender="robot"),
        patient(4, birthDate="2999-01-01"),
        patient(5, name="text", telecom=7, address={}, communication=[1], identifier=None, maritalStatus=[]),
    ]
    (tmp_path / "wrong.json").write_bytes(bundle(*wrong, patient(6)))
    result = run_import(app, tmp_path / "wrong.json")
    assert result.exit_code == 0
    assert [row["first_name"] for row in rows(app, "patients")] == ["Ana6"]
    assert "Not placed: Patient 5 (invalid)" in result.output
    assert len(rows(app, "fhir_resources")) == 6


def test_no_known_allergies_never_becomes_an_allergy(app, tmp_path):
    from tests.fhir.tools import allergy

    one = patient(1)
    none_known = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}]}
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    resources = (one, allergy(1, one["id"], "", code=none_known), allergy(2, one["id"], "Latex", **refuted))
    (tmp_path / "none.json").write_bytes(bundle(*resources))
    result = run_import(app, tmp_path / "none.json")
    assert rows(app, "allergies") == []
    assert "(states_no_known_allergies)" in result.output
    assert "(refuted)" in result.output
