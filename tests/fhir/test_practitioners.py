"""A Practitioner becomes a doctor without an account, a general practitioner until more is said."""

import uuid
from typing import Any

from tests.doctors.support import look
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.fhir.tools import bundle, content, rows, run_import

NPI = "http://hl7.org/fhir/sid/us-npi"


def practitioner(number: int, **changes: Any) -> dict[str, Any]:
    """Return a Practitioner resource; the same number is the same person."""
    return {
        "resourceType": "Practitioner",
        "id": str(uuid.UUID(int=30_000_000 + number, version=4)),
        "active": True,
        "name": [{"family": f"Łuczak{number}", "given": ["Ana", "Lí"], "prefix": ["Dr."]}],
        "identifier": [{"system": "urn:other", "value": "A-1"}, {"system": NPI, "value": f"9{number}"}],
        "address": [{"use": "home", "city": "Home"}, {"use": "work", "city": "SOMERSET"}],
        **changes,
    }


def take(app, tmp_path, *resources, name="some.json"):
    (tmp_path / name).write_bytes(bundle(*resources))
    result = run_import(app, tmp_path / name)
    assert result.exit_code == 0, result.output
    return result.output


def test_field_by_field(app, client, tmp_path):
    spoken = [{"coding": [{"code": "pt-BR"}]}, {"coding": [{"code": "xx-klingon"}]}, {"coding": [{"code": "pt-BR"}]}]
    taught = [{"code": {"text": "MD"}}, {"code": {"coding": [{"display": "Fellow"}]}}]
    output = take(app, tmp_path, practitioner(1, communication=spoken, qualification=taught))
    assert "Practitioner: 1 added" in output
    assert "Left out: languages of 1 Practitioner" in output
    made = signed_in(app, "admin").get(f"/doctors/{practitioner(1)['id']}").json["data"]
    expected = {
        "first_name": "Ana Lí",
        "last_name": "Łuczak1",
        "title": "Dr.",
        "license_number": "91",
        "city": "SOMERSET",
        "languages": ["pt-BR"],
        "qualifications": ["MD", "Fellow"],
        "specialties": ["general_practice"],
        "status": "active",
        "user_id": None,
        "consultation_fee": None,
        "version": 1,
    }
    assert {name: made[name] for name in expected} == expected
    for found in ({"q": "luczak1"}, {"city": "somerset"}, {"specialty": "general_practice"}, {"language": "pt"}):
        assert look(client, "/doctors", **found).json["meta"]["total"] == 1, found


def test_again_changes_nothing_and_a_new_copy_what_differs(app, tmp_path):
    take(app, tmp_path, practitioner(1))
    before = content(app)
    assert "Practitioner: 1 unchanged" in take(app, tmp_path, practitioner(1))
    assert content(app) == before
    admin = signed_in(app, "admin")
    path = f"/doctors/{practitioner(1)['id']}"
    admin.patch(path, json={"city": "Boston", "specialties": ["cardiology"]})
    moved = practitioner(1, identifier=[{"system": NPI, "value": "95"}], active=False)
    assert "Practitioner: 1 changed" in take(app, tmp_path, moved)
    shown = admin.get(path).json["data"]
    assert (shown["license_number"], shown["city"], shown["specialties"]) == ("95", "Boston", ["cardiology"])
    # Who sees patients here is decided here.
    assert shown["status"] == "active"


def test_odd_ones(app, tmp_path):
    odd = (
        practitioner(1, active=False),
        practitioner(2, name=[{"family": "<b>x</b>", "given": ["A"]}]),
        practitioner(3, name="text", identifier=7, address=[1], communication={}, qualification=[{}]),
        practitioner(4, identifier=[], name=[{"text": "Only Text"}], address=[{"city": "x" * 101}]),
    )
    output = take(app, tmp_path, *odd)
    assert "Practitioner: 2 added" in output
    assert "Not placed: Practitioner 2 (invalid)" in output
    found = {row["last_name"]: (row["status"], row["license_number"], row["city"]) for row in rows(app, "doctors")}
    assert found == {"Łuczak1": ("inactive", "91", "SOMERSET"), "Text": ("active", None, None)}


def test_kept_ones_are_offered_again(app, tmp_path):
    take(app, tmp_path, practitioner(1))
    # As it was kept before there was a room for it.
    query(app, "DELETE FROM doctor_specialties")
    query(app, "DELETE FROM doctors")
    query(app, "UPDATE fhir_resources SET reason = 'no_room', object_type = NULL, object_id = NULL")
    assert "Practitioner: 2 added" in take(app, tmp_path, practitioner(2), name="other.json")
    assert len(rows(app, "doctors")) == 2


def test_an_id_that_is_taken_is_not_taken_over(app, tmp_path):
    admin = signed_in(app, "admin")
    admin.post("/doctors", json={"first_name": "A", "last_name": "B", "id": practitioner(1)["id"]})
    take(app, tmp_path, practitioner(1))
    assert sorted(row["last_name"] for row in rows(app, "doctors")) == ["B", "Łuczak1"]


def test_without_general_practice_there_is_no_specialty(app, tmp_path):
    query(app, "DELETE FROM specialties WHERE code = 'general_practice'")
    take(app, tmp_path, practitioner(1))
    assert len(rows(app, "doctors")) == 1
    assert rows(app, "doctor_specialties") == []
