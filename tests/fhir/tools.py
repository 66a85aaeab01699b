"""Make FHIR inputs, run the command, and compare what the database holds."""

import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import inspect

from server.core.db import db

DATA = Path(__file__).parent / "data"
# Everything that an import may write, but for the audit log.
TABLES = (
    *("patients", "allergies", "conditions", "medical_histories", "doctors", "doctor_specialties"),
    *("visits", "visit_diagnoses", "visit_events", "vital_sets", "vital_measurements", "procedures"),
    *("immunizations", "immunization_versions", "care_relations", "notifications"),
    *("fhir_resources", "import_progress", "counters"),
)


def run_import(app: Flask, *args: Any) -> Result:
    """Run `flask import fhir`."""
    return app.test_cli_runner().invoke(args=["import", "fhir", *map(str, args)])


def rows(app: Flask, table: str) -> list[dict[str, Any]]:
    """Return all rows of a table in the order of their keys."""
    with app.app_context(), db.engine.connect() as connection:
        found = db.metadata.tables[table]
        return [dict(row) for row in connection.execute(found.select().order_by(*found.primary_key)).mappings()]


def content(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """Return all that imports write."""
    with app.app_context():
        assert set(TABLES) <= set(inspect(db.engine).get_table_names())
    return {table: rows(app, table) for table in TABLES}


def patient(number: int, **changes: Any) -> dict[str, Any]:
    """Return a Patient resource; the same number is the same person."""
    return {
        "resourceType": "Patient",
        "id": str(uuid.UUID(int=number, version=4)),
        "name": [{"family": f"Núñez{number}", "given": [f"Ana{number}"]}],
        "gender": "female",
        "birthDate": "1980-02-03",
        **changes,
    }


def condition(number: int, of: str, **changes: Any) -> dict[str, Any]:
    """Return a Condition of a patient."""
    return {
        "resourceType": "Condition",
        "id": str(uuid.UUID(int=10_000_000 + number, version=4)),
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "195967001", "display": "Asthma"}]},
        "subject": {"reference": f"Patient/{of}"},
        **changes,
    }


def allergy(number: int, of: str, substance: str, **changes: Any) -> dict[str, Any]:
    """Return an AllergyIntolerance of a patient."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": str(uuid.UUID(int=20_000_000 + number, version=4)),
        "code": {"text": substance},
        "patient": {"reference": f"urn:uuid:{of}"},
        **changes,
    }


def encounter(number: int, of: str, **changes: Any) -> dict[str, Any]:
    """Return an Encounter of a patient that has ended."""
    return {
        "resourceType": "Encounter",
        "id": str(uuid.UUID(int=30_000_000 + number, version=4)),
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"urn:uuid:{of}"},
        "period": {"start": "2015-02-03T09:00:00+01:00", "end": "2015-02-03T09:15:00+01:00"},
        **changes,
    }


def at(visit: dict[str, Any]) -> dict[str, str]:
    """Return a reference to an Encounter."""
    return {"reference": f"Encounter/{visit['id']}"}


def coded(system: str, code: str, display: str = "Something") -> dict[str, Any]:
    """Return a concept with one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(value: Any, unit: str) -> dict[str, Any]:
    """Return a quantity in a unit of UCUM."""
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def vital(number: int, of: str, loinc: str, **changes: Any) -> dict[str, Any]:
    """Return an Observation of a vital sign; without `valueQuantity` or `component` it has no value."""
    return {
        "resourceType": "Observation",
        "id": str(uuid.UUID(int=40_000_000 + number, version=4)),
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": coded("http://loinc.org", loinc),
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2015-02-03T08:05:00Z",
        **changes,
    }


def pressure(number: int, of: str, systolic: Any, diastolic: Any, **changes: Any) -> dict[str, Any]:
    """Return a blood pressure panel."""
    components = [
        {"code": coded("http://loinc.org", loinc), "valueQuantity": quantity(value, "mm[Hg]")}
        for loinc, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return vital(number, of, "85354-9", component=components, **changes)


def procedure(number: int, of: str, **changes: Any) -> dict[str, Any]:
    """Return a Procedure that was performed."""
    return {
        "resourceType": "Procedure",
        "id": str(uuid.UUID(int=50_000_000 + number, version=4)),
        "status": "completed",
        "code": coded("http://snomed.info/sct", "73761001", "Colonoscopy"),
        "subject": {"reference": f"Patient/{of}"},
        "performedPeriod": {"start": "2015-02-03T08:05:00Z", "end": "2015-02-03T08:35:00Z"},
        **changes,
    }


def immunization(number: int, of: str, **changes: Any) -> dict[str, Any]:
    """Return an Immunization that was given."""
    return {
        "resourceType": "Immunization",
        "id": str(uuid.UUID(int=60_000_000 + number, version=4)),
        "status": "completed",
        "vaccineCode": coded("http://hl7.org/fhir/sid/cvx", "140", "Influenza"),
        "patient": {"reference": f"Patient/{of}"},
        "occurrenceDateTime": "2015-02-03T08:05:00Z",
        **changes,
    }


def bundle(*resources: dict[str, Any]) -> bytes:
    """Return a bundle file."""
    entries = [{"fullUrl": f"urn:uuid:{one.get('id')}", "resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def ndjson(*resources: dict[str, Any]) -> bytes:
    """Return one resource a line."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def archive(path: Path, files: dict[str, bytes]) -> Path:
    """Write a tar archive, compressed by what its name says."""
    mode = {".xz": "w:xz", ".gz": "w:gz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
