"""What an import corrects of a person, or a death it brings, has the same consequences as where people write it."""

import uuid

import pytest

from server.modules.patients import signals
from tests.factories.calendar import at, book, open_hours, signed_in_doctor
from tests.factories.charts import make_visit
from tests.factories.people import make_patient, relate
from tests.fhir.tools import bundle, patient, run_import
from tests.procedures.support import one, order
from tests.vaccines.support import MMR, record, verdict

ONE = patient(1, birthDate="2025-12-01")
OF = uuid.UUID(ONE["id"])
DIED = {"deceasedDateTime": "2026-01-04T10:00:00Z"}


@pytest.fixture
def take_in(app, tmp_path):
    """Give a way to import resources."""

    def run(*resources):
        path = tmp_path / "in.json"
        path.write_bytes(bundle(*resources))
        result = run_import(app, path)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def doctor(app, take_in):
    """Import a patient, and give a doctor who cares for them, with the profile."""
    take_in(ONE)
    someone, profile = signed_in_doctor(app)
    relate(app, OF, someone.user.id)
    return someone, profile


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"birthDate": "2024-12-01"}, 1),
        ({"gender": "male"}, 1),
        ({"birthDate": "2024-12-01", "gender": "male"}, 1),
        ({"telecom": [{"system": "phone", "value": "617-555-0177"}]}, 0),
    ],
)
def test_another_birth_date_or_sex_is_told_once(take_in, doctor, changes, expected):
    heard = []

    def hear(_sender, *, patient):
        heard.append(patient.id)

    with signals.corrected.connected_to(hear):
        assert "Patient: 1 changed" in take_in({**ONE, **changes})
        take_in({**ONE, **changes})
    assert heard == [OF] * expected


def test_doses_are_judged_by_an_imported_birth_date(take_in, doctor):
    someone, _profile = doctor
    measles = record(someone, {"id": str(OF)}, MMR, on="2026-01-04")
    assert verdict(someone, measles) == ("not_valid", "too_soon")
    take_in({**ONE, "birthDate": "2024-12-01"})
    assert verdict(someone, measles) == ("valid", None)


def test_a_death_that_is_imported_stops_what_is_open(app, take_in, doctor):
    someone, profile = doctor
    open_hours(app, profile.id)
    visit_id = make_visit(app, OF, profile.id)
    procedure = order(someone, patient_id=OF)
    coming = book(app, profile.id, OF, at(3))
    beside = make_patient(app)
    relate(app, beside.id, someone.user.id)
    of_other = order(someone, patient_id=beside.id)
    assert "Patient: 1 changed" in take_in({**ONE, **DIED})
    stopped = someone.get(one(procedure)).json["data"]
    assert (stopped["status"], stopped["cancel_reason"]) == ("cancelled", "patient_deceased")
    visit = someone.get(f"/visits/{visit_id}").json["data"]
    assert visit["status"] == "cancelled"
    appointment = someone.get(f"/appointments/{coming.id}").json["data"]
    assert (appointment["status"], appointment["cancelled"]["reason"]) == ("cancelled", "patient_deceased")
    assert someone.get(one(of_other)).json["data"]["status"] == "ordered"


def test_one_death_is_told_once(take_in, doctor):
    heard = []

    def hear(_sender, *, patient, actor, reason):
        heard.append((patient.id, patient.status, actor, reason))

    with signals.stopped.connected_to(hear):
        take_in({**ONE, **DIED})
        take_in({**ONE, "deceasedDateTime": "2026-01-03T10:00:00Z"})
        take_in(ONE)
    assert heard == [(OF, "deceased", None, "deceased")]
