"""Whose an entry is, and at which visit, is said once: a PUT may repeat it and does not move the entry."""

import uuid
from typing import Any

import pytest

from server.core import clock
from server.core.declare import endpoints
from tests.chart.clinic import Clinic, make_clinic
from tests.patients.support import blamed, refused

# Where each takes words, and the least that is said of it.
WORDS = {"/treatments": "notes", "/procedures": "indication", "/records": "notes", "/vaccines": "notes"}
ENTRIES = {
    "/treatments": {"name": "Dressing"},
    "/procedures": {"name": "ECG"},
    "/records": {"notes": "Seen"},
    "/vaccines": {"vaccine_code": "115"},
}
# What there is of a product and until when: said of the first lot, and from then on the shelf's to say. It moves while
# somebody edits the product, so a PUT passes it over as it does what only the server writes.
OF_THE_SHELF = {"/api/v1/medications/{medication_id}": {"quantity", "expiration_date"}}


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def read(clinic: Clinic, where: str) -> dict[str, Any]:
    answer = clinic.doctor.get(where)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def made(clinic: Clinic, kind: str) -> str:
    with clinic.app.app_context():
        day = {"administered_on": str(clock.today())} if kind == "/vaccines" else {}
    answer = clinic.doctor.post(kind, json={"visit_id": str(clinic.visit_id), **ENTRIES[kind], **day})
    assert answer.status_code == 201, answer.text
    return f"{kind}/{answer.json['data']['id']}"


def put(clinic: Clinic, where: str, **changes: Any) -> Any:
    more = {"reason": "Misread"} if where.startswith("/records") else {}
    return clinic.doctor.put(where, json={**read(clinic, where), **more, **changes})


@pytest.mark.parametrize("name", ["patient_id", "visit_id"])
@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_stays_where_it_was_made(clinic, kind, name):
    where = made(clinic, kind)
    before = read(clinic, where)
    for other in (str(uuid.uuid4()), None, 7, "", []):
        refused(put(clinic, where, **{WORDS[kind]: "moved", name: other}), 422, "read_only", name)
    assert read(clinic, where) == before
    same = put(clinic, where, **{name: before[name].upper()})
    assert same.status_code == 200, same.text


@pytest.mark.parametrize("name", ["patient_id", "doctor_id", "appointment_id", "started_at"])
def test_a_visit_stays_whose_it_is(clinic, name):
    before = read(clinic, clinic.visit)
    for other in (str(uuid.uuid4()), "2026-03-01T08:00:00Z", "2026-03-01T08:00:00", "soon", 7):
        refused(put(clinic, clinic.visit, notes="moved", **{name: other}), 422, "read_only", name)
    assert read(clinic, clinic.visit) == before
    assert put(clinic, clinic.visit, notes="Pale").status_code == 200


def test_a_time_may_be_repeated_in_other_words(clinic):
    started = read(clinic, clinic.visit)["started_at"]
    answer = put(clinic, clinic.visit, started_at=started.replace("Z", "+00:00"))
    assert answer.status_code == 200, answer.text


def test_all_that_would_move_is_named(clinic):
    answer = put(clinic, made(clinic, "/treatments"), patient_id=str(uuid.uuid4()), visit_id=str(uuid.uuid4()))
    refused(answer, 422, "read_only")
    assert blamed(answer) == {"patient_id", "visit_id"}


def test_what_is_said_only_at_the_beginning_is_fixed_in_every_room(app):
    """Name in `fixed=` what a POST takes and the PUT of the same thing does not: nothing is passed over in silence."""
    declared = {(one.verb, one.path): one.declaration for one in endpoints(app)}
    found = {}
    for (verb, path), declaration in declared.items():
        begun = declared.get(("post", path.rpartition("/")[0]))
        if verb != "put" or begun is None or begun.body is None or not path.endswith("}"):
            continue
        written = {field.data_key or name for name, field in declaration.body().load_fields.items()}
        said = {field.data_key or name for name, field in begun.body().load_fields.items()}
        shown = {field.data_key or name for name, field in declaration.out().dump_fields.items()}
        # A full name is another way to say two names, which a PUT takes.
        once = said & shown - written - {"id", "name"} - OF_THE_SHELF.get(path, set())
        found[path] = (set(declaration.fixed), once)
    assert {path for path, (fixed, once) in found.items() if fixed != once} == set(), found
    assert sum(bool(fixed) for fixed, _ in found.values()) >= len(ENTRIES) + 1
