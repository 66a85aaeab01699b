"""Charts that were imported are seen and guarded as those that were written here."""

import pytest

from tests.factories.people import signed_in
from tests.fhir.tools import (
    at,
    bundle,
    condition,
    encounter,
    immunization,
    patient,
    pressure,
    procedure,
    run_import,
)
from tests.patients.support import refused

ONE = patient(1)
OF = ONE["id"]
SEEN = encounter(1, OF, reasonCode=[{"text": "Cough"}])
HERE = {"encounter": at(SEEN)}


@pytest.fixture
def doctor(app, tmp_path):
    """Import a chart, and give a doctor who opened it by breaking the glass."""
    chart = [kind(1, OF, **HERE) for kind in (condition, procedure, immunization)]
    path = tmp_path / "in.json"
    path.write_bytes(bundle(ONE, SEEN, *chart, pressure(1, OF, 142, 88, **HERE)))
    assert run_import(app, path).exit_code == 0
    someone = signed_in(app, "doctor")
    assert someone.get(f"/patients/{OF}/vitals").status_code == 404
    assert someone.post(f"/patients/{OF}/break-glass", json={"reason": "Emergency"}).status_code == 201
    return someone


def test_lists_show_what_was_imported(doctor):
    for path in (f"/visits?patient_id={OF}", f"/procedures?patient_id={OF}", f"/vaccines?patient_id={OF}"):
        (found,) = doctor.get(path).json["data"]
        assert (found["source"], found["doctor"], found["patient_id"]) == ("imported", None, OF)
    (found,) = doctor.get(f"/patients/{OF}/vitals").json["data"]
    assert found["visit_id"] == SEEN["id"]
    assert {one["kind"]: one["value"] for one in found["measurements"]} == {"systolic": 142, "diastolic": 88}


def test_a_visit_shows_its_diagnoses_and_number(doctor):
    found = doctor.get(f"/visits/{SEEN['id']}").json["data"]
    assert (found["number"], found["status"], found["chief_complaint"]) == ("V-000001", "completed", "Cough")
    assert [one["display"] for one in found["diagnoses"]] == ["Asthma"]


def test_timeline_and_summary_tell_of_it(doctor):
    kinds = {one["object_type"] for one in doctor.get(f"/patients/{OF}/timeline").json["data"]}
    assert {"visit", "procedure"} <= kinds
    assert doctor.get(f"/patients/{OF}/summary").status_code == 200
    assert doctor.get(f"/visits/{SEEN['id']}/summary.pdf").status_code == 200


def test_nobody_writes_into_a_closed_visit_that_was_imported(doctor):
    pulse = {"measurements": [{"kind": "heart_rate", "value": 72, "unit": "/min"}]}
    refused(doctor.post(f"/visits/{SEEN['id']}/vitals", json=pulse), 409, "visit_closed")
    refused(doctor.post("/procedures", json={"visit_id": SEEN["id"], "name": "Suture"}), 409, "visit_closed")
