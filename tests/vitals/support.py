"""Vital signs as tests send them, and short ways to send them."""

from typing import Any

from tests.factories.people import SignedIn

UNITS = {
    "heart_rate": "/min",
    "systolic": "mm[Hg]",
    "diastolic": "mm[Hg]",
    "temperature": "Cel",
    "respiratory_rate": "/min",
    "spo2": "%",
    "weight": "kg",
    "height": "cm",
    "glucose": "mg/dL",
    "pain": "{score}",
}


def measured(**values: Any) -> list[dict[str, Any]]:
    """Return measurements; a bare number is in the canonical unit, a pair is (value, unit)."""
    pairs = {kind: value if isinstance(value, tuple) else (value, UNITS[kind]) for kind, value in values.items()}
    return [{"kind": kind, "value": value, "unit": unit} for kind, (value, unit) in pairs.items()]


def of_visit(visit_id: Any) -> str:
    """Return the path of a visit's vital signs."""
    return f"/visits/{visit_id}/vitals"


def of_patient(patient: Any) -> str:
    """Return the path of a patient's vital signs."""
    return f"/patients/{patient.id}/vitals"


def one(entry: Any, *more: str) -> str:
    """Return the path of a set, or of something below."""
    return "/".join(["/vitals", str(entry["id"]), *more])


def take(someone: SignedIn, visit_id: Any, *, at: str | None = None, **values: Any) -> dict[str, Any]:
    """Take a set and return what was answered."""
    body: dict[str, Any] = {"measurements": measured(**values), **({"measured_at": at} if at else {})}
    answer = someone.post(of_visit(visit_id), json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def amend(someone: SignedIn, entry: Any, *, version: int | None = None, **values: Any) -> dict[str, Any]:
    """Amend a set and return what was answered."""
    body = {"measurements": measured(**values), "reason": "misread", "version": version or entry["version"]}
    answer = someone.post(one(entry, "amend"), json=body)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def value(entry: Any, kind: str, status: str = "final") -> dict[str, Any]:
    """Return the one value of a kind with this status in a set."""
    (found,) = [row for row in entry["measurements"] if (row["kind"], row["status"]) == (kind, status)]
    assert isinstance(found, dict)
    return found


def shown(entry: Any) -> dict[str, float]:
    """Return the values that stand in a set."""
    return {row["kind"]: row["value"] for row in entry["measurements"] if row["status"] == "final"}
