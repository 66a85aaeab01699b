"""What tests of immunisations share: short ways to record a dose and to look at one."""

from typing import Any

from tests.factories.people import SignedIn
from tests.patients.support import register

# The clock of tests stands at this day; the child was born three months before.
TODAY = "2026-03-02"
BORN = "2025-12-01"
HEP_B, DTAP, MMR, INFLUENZA, HBIG = "08", "20", "03", "140", "30"


def child_of(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Register a child of three months and return what was answered."""
    return register(someone, **{"date_of_birth": BORN, **fields})


def dose(patient: Any, code: str = HEP_B, on: str = TODAY, **fields: Any) -> dict[str, Any]:
    """Return the body of a dose given here."""
    patient_id = patient["id"] if isinstance(patient, dict) else str(patient.id)
    return {"patient_id": patient_id, "vaccine_code": code, "administered_on": on, **fields}


def record(someone: SignedIn, patient: Any, code: str = HEP_B, on: str = TODAY, **fields: Any) -> dict[str, Any]:
    """Record a dose and return what was answered."""
    answer = someone.post("/vaccines", json=dose(patient, code, on, **fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json["data"]
    return made


def item(entry: dict[str, Any]) -> str:
    """Return the path of an entry."""
    return f"/vaccines/{entry['id']}"


def read(someone: SignedIn, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as it stands now."""
    answer = someone.get(item(entry))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json["data"]
    return found


def verdict(someone: SignedIn, entry: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return whether a dose counts now, and why not."""
    found = read(someone, entry)["validity"] or {"status": None, "reason": None}
    return found["status"], found["reason"]


def void(someone: SignedIn, entry: dict[str, Any], reason: str = "Wrong patient") -> Any:
    """Mark an entry as entered in error."""
    return someone.delete(item(entry), query_string={"reason": reason}, headers={"If-Match": f'"{entry["version"]}"'})
