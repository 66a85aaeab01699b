"""The 123 patients of Synthea: all accounted for, and a second import changes nothing."""

import tarfile
from functools import cache

import orjson
import pytest

from tests.factories.database import query
from tests.fhir.tools import content, rows, run_import

ARCHIVE = "synthea_r4_123_patients.tar.xz"
WITH_ACCENTS = 6
KEPT = {
    "CarePlan": 350,
    "Claim": 4124,
    "DiagnosticReport": 1179,
    "ExplanationOfBenefit": 3320,
    "Goal": 232,
    "ImagingStudy": 85,
    "MedicationRequest": 804,
}
# Blood pressures of telemedicine that say no unit, and observations of other kinds than vital signs.
WITHOUT_A_UNIT, OF_OTHER_KINDS = 97, 11576
# Echocardiograms under a code of LOINC that calls itself SNOMED CT.
MISCODED = 21
# The LOINC codes under which vital signs are kept, where a source says more.
SERIES = {"8331-1": "8310-5"}

KINDS = {"Encounter", "Observation", "Procedure", "Immunization", "Condition"}
CHARTS = ("visits", "visit_diagnoses", "vital_measurements", "conditions", "procedures", "immunizations")
SOURCED = ("visits", "vital_sets", "procedures", "immunizations")


@cache
def names_in(path):
    """Read the names beside the importer, letter by letter as they stand in the files."""
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                entries = orjson.loads(archive.extractfile(member).read())["entry"]
                for one in (entry["resource"] for entry in entries):
                    if one["resourceType"] == "Patient":
                        own, *maiden = one["name"]
                        family = maiden[0]["family"] if maiden else None
                        prefix = own.get("prefix", [None])[0]
                        found[one["id"]] = (prefix, " ".join(own["given"]), own["family"], family)
    assert sum(not "".join(filter(None, names)).isascii() for names in found.values()) == WITH_ACCENTS
    return found


def names_of(row):
    given = " ".join(filter(None, (row["first_name"], row["middle_name"])))
    return row["prefix"], given, row["last_name"], row["maiden_name"]


@cache
def charts_in(path):
    """Read beside the importer what is recorded of each patient, and the ids of observations that say no unit."""
    found = {table: [] for table in CHARTS}
    unitless = set()
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                for entry in orjson.loads(archive.extractfile(member).read())["entry"]:
                    _collect(entry["resource"], found, unitless)
    return {table: sorted(rows) for table, rows in found.items()}, unitless


def _collect(one, found, unitless):
    kind = one["resourceType"]
    if kind not in KINDS:
        return
    whose = (one.get("subject") or one.get("patient"))["reference"].removeprefix("urn:uuid:")
    at = one["encounter"]["reference"].removeprefix("urn:uuid:") if "encounter" in one else None
    if kind == "Encounter":
        doctors = [each["individual"]["reference"].removeprefix("urn:uuid:") for each in one.get("participant", [])]
        found["visits"].append((whose, one["id"], doctors[0] if doctors else ""))
    elif kind == "Observation" and one["category"][0]["coding"][0]["code"] == "vital-signs":
        parts = one.get("component") or [one]
        if any("unit" not in part["valueQuantity"] for part in parts):
            unitless.add(one["id"])
            return
        for part in parts:
            loinc = part["code"]["coding"][0]["code"]
            found["vital_measurements"].append((whose, at, SERIES.get(loinc, loinc), part["valueQuantity"]["value"]))
    elif kind == "Condition":
        found["conditions"].append((whose, at, one["id"]))
        found["visit_diagnoses"].append((whose, at, one["code"]["coding"][0]["code"]))
    elif kind in ("Procedure", "Immunization"):
        found[f"{kind.lower()}s"].append((whose, at, one["id"]))


def charts_of(app):
    """Read the same from the database."""
    visit_of = {row["id"]: str(row["visit_id"]) for row in rows(app, "vital_sets")}
    found = {
        "visits": [(row["id"], row["doctor_id"] or "") for row in rows(app, "visits")],
        "visit_diagnoses": [(row["visit_id"], row["code"]) for row in rows(app, "visit_diagnoses")],
        "vital_measurements": [
            (visit_of[row["set_id"]], row["loinc"], row["value"]) for row in rows(app, "vital_measurements")
        ],
    }
    for table in ("conditions", "procedures", "immunizations"):
        found[table] = [(row["visit_id"], row["id"]) for row in rows(app, table)]
    return {
        table: sorted(
            (str(row["patient_id"]), *(one if isinstance(one, float) else str(one) for one in said))
            for row, said in zip(rows(app, table), found[table], strict=True)
        )
        for table in CHARTS
    }


@pytest.mark.slow
def test_the_charts_of_the_123_patients_are_all_there(app, data_dir, tmp_path):
    report = tmp_path / "report.tsv"
    run_import(app, data_dir / ARCHIVE, "--report", report)
    wanted, unitless = charts_in(data_dir / ARCHIVE)
    found = charts_of(app)
    for table in CHARTS:
        assert found[table] == wanted[table], table
    lines = [line.split("\t") for line in report.read_text(encoding="utf-8").splitlines()]
    assert {line[2]: line[4] for line in lines if line[3] == "invalid"} == dict.fromkeys(
        unitless, "diastolic: no unit; systolic: no unit"
    )
    assert sum(line[1] == "Observation" and line[3] == "no_room" for line in lines) == OF_OTHER_KINDS
    assert {row["source"] for table in SOURCED for row in rows(app, table)} == {"imported"}
    assert {row["recorded_by"] for table in (*SOURCED, "conditions") for row in rows(app, table)} == {None}
    assert all(row["validity"] for row in rows(app, "immunizations"))
    assert len(rows(app, "vital_sets")) == len({row[1] for row in wanted["vital_measurements"]})
    assert rows(app, "care_relations") == rows(app, "notifications") == []


@pytest.mark.slow
def test_the_123_patients(app, data_dir, tmp_path):
    report = tmp_path / "report.tsv"
    result = run_import(app, data_dir / ARCHIVE, "--report", report)
    assert result.exit_code == 0, result.output
    # 302 of them came: 102 people, of whom 70 came once more with another count of visits and nothing else.
    practitioners = "Practitioner: 102 added, 70 changed, 130 unchanged"
    for sentence in ("Patient: 123 added", "AllergyIntolerance: 76 added", "Condition: 868 added", practitioners):
        assert f"{sentence}\n" in result.output
    for sentence in ("Encounter: 3320", "Observation: 5481", "Procedure: 2528", "Immunization: 1541"):
        assert f"{sentence} added\n" in result.output
    assert [line for line in result.output.splitlines() if line.startswith(("Not placed", "Left out"))] == [
        f"Not placed: Observation {WITHOUT_A_UNIT} (invalid)",
        f"Left out: code of {MISCODED} Procedure",
    ]
    kept = query(
        app,
        "SELECT resource_type, count(*) AS n, count(DISTINCT resource_id) AS ids, count(object_id) AS placed"
        " FROM fhir_resources GROUP BY resource_type",
    )
    counts = {row["resource_type"]: row["n"] for row in kept}
    assert (counts["Patient"], counts["AllergyIntolerance"], counts["Condition"]) == (123, 76, 868)
    assert {kind: counts[kind] for kind in KEPT} == KEPT
    by_kind = {row["resource_type"]: row for row in kept}
    assert by_kind["Practitioner"]["ids"] == by_kind["Organization"]["ids"] == 102
    assert {row["resource_type"]: row["placed"] for row in kept if row["placed"]} == {
        "Patient": 123,
        "AllergyIntolerance": 76,
        "Condition": 868,
        "Practitioner": 172,
        "Encounter": 3320,
        "Observation": 5481,
        "Procedure": 2528,
        "Immunization": 1541,
    }
    # Each resource that was not placed has its line, 36,308 in all; so has each code that was left out.
    lines = report.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 36308 - 123 - 76 - 868 - 302 - 3320 - 5481 - 2528 - 1541 + MISCODED
    patients = rows(app, "patients")
    assert sum(row["status"] == "deceased" for row in patients) == 29
    assert sum(row["deceased_on"] is not None for row in patients) == 29
    assert sum(row["maiden_name"] is not None for row in patients) == 32
    assert all(row["phone"].startswith("+1") for row in patients)
    assert {str(row["id"]): names_of(row) for row in patients} == names_in(data_dir / ARCHIVE)
    assert {row["severity"] for row in rows(app, "allergies")} == {None}
    conditions = rows(app, "conditions")
    assert {row["code_system"] for row in conditions} == {"snomed"}
    assert sum(row["status"] == "active" for row in conditions) == 434
    doctors = rows(app, "doctors")
    assert len(doctors) == len({row["license_number"] for row in doctors}) == 102
    assert {(row["title"], row["status"], row["user_id"], row["version"]) for row in doctors} == {
        ("Dr.", "active", None, 1)
    }
    assert len(rows(app, "doctor_specialties")) == 102

    before = content(app)
    result = run_import(app, data_dir / ARCHIVE)
    assert "Patient: 123 unchanged" in result.output
    assert "Practitioner: 302 unchanged" in result.output
    assert content(app) == before
