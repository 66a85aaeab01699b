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
    "Encounter": 3320,
    "ExplanationOfBenefit": 3320,
    "Goal": 232,
    "ImagingStudy": 85,
    "Immunization": 1541,
    "MedicationRequest": 804,
    "Observation": 17154,
    "Procedure": 2528,
}


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


@pytest.mark.slow
def test_the_123_patients(app, data_dir, tmp_path):
    report = tmp_path / "report.tsv"
    result = run_import(app, data_dir / ARCHIVE, "--report", report)
    assert result.exit_code == 0, result.output
    # 302 of them came: 102 people, of whom 70 came once more with another count of visits and nothing else.
    practitioners = "Practitioner: 102 added, 70 changed, 130 unchanged"
    for sentence in ("Patient: 123 added", "AllergyIntolerance: 76 added", "Condition: 868 added", practitioners):
        assert f"{sentence}\n" in result.output
    assert "Not placed" not in result.output
    assert "Left out" not in result.output
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
    }
    # Each resource that was not placed has its line: 36,308 in all.
    assert len(report.read_text(encoding="utf-8").splitlines()) == 36308 - 123 - 76 - 868 - 302
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
