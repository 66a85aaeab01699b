from datetime import date

import pytest

from tests.factories.people import make_patient, signed_in
from tests.patients.support import LOOKUP_CARD, blamed, path, refused

WHO = {"last_name": "Nuñez Łuczak", "first_name": "José", "date_of_birth": "1980-02-03"}


def look_up(someone, **query):
    return someone.get("/patients/lookup", query_string=query)


@pytest.fixture
def jose(app):
    """Give a patient with accents."""
    return make_patient(app, first_name="José", last_name="Nuñez Łuczak", date_of_birth=date(1980, 2, 3))


@pytest.mark.parametrize(
    "role",
    ["admin", "doctor", "nurse", "receptionist", "technician", "pharmacist", "pharmacy_manager", "pharmacy_technician"],
)
def test_lookup_finds_in_the_whole_clinic(as_role, jose, role):
    answer = look_up(as_role(role), **WHO)
    assert answer.status_code == 200
    (card,) = answer.json["data"]
    assert set(card) == LOOKUP_CARD
    assert card["id"] == str(jose.id)
    assert card["name"] == "José Nuñez Łuczak"


@pytest.mark.parametrize("role", ["cashier", "patient"])
def test_lookup_is_not_for_all(as_role, jose, role):
    refused(look_up(as_role(role), mrn=jose.mrn), 403, "forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"first_name": "jose"},
        {"first_name": "JOSÉ", "last_name": "NUNEZ LUCZAK"},
        {"last_name": "nun\u0303ez luczak"},
    ],
)
def test_case_and_accents_are_ignored(as_role, jose, change):
    assert len(look_up(as_role("nurse"), **{**WHO, **change}).json["data"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Jos"},
        {"last_name": "Nuñez"},
        {"date_of_birth": "1980-02-04"},
        {"first_name": "%"},
        {"first_name": "J_sé"},
    ],
)
def test_everything_else_is_exact(as_role, jose, change):
    assert look_up(as_role("nurse"), **{**WHO, **change}).json["data"] == []


def test_an_mrn_is_enough(as_role, jose):
    nurse = as_role("nurse")
    assert look_up(nurse, mrn=jose.mrn).json["data"][0]["id"] == str(jose.id)
    assert look_up(nurse, mrn=jose.mrn.lower()).json["data"][0]["id"] == str(jose.id)
    assert look_up(nurse, mrn=jose.mrn[:-1]).json["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"last_name": "Nuñez"},
        {"last_name": "Nuñez", "first_name": "José"},
        {"mrn": "MRN-000001", **WHO},
        {"mrn": "MRN-000001", "last_name": "Nuñez"},
        {"mrn": ""},
        {**WHO, "date_of_birth": "3.2.1980"},
        {**WHO, "sex": "male"},
        {**WHO, "page": "1"},
    ],
)
def test_wrong_combinations_are_refused(as_role, query):
    answer = look_up(as_role("nurse"), **query)
    refused(answer, 422, "validation_failed")
    assert blamed(answer)


def test_at_most_five_are_shown(app, as_role, jose):
    for _ in range(7):
        make_patient(app, first_name="José", last_name="Nuñez Łuczak", date_of_birth=date(1980, 2, 3))
    assert len(look_up(as_role("nurse"), **WHO).json["data"]) == 5


def test_deactivated_patients_are_not_found(as_role, jose):
    as_role("admin").delete(path(jose))
    assert look_up(as_role("nurse"), **WHO).json["data"] == []


def test_lookup_is_on_record(as_role, jose):
    look_up(as_role("nurse"), **WHO)
    (row,) = as_role("admin").get("/audit-logs?action=patients.lookup").json["data"]
    assert row["object_ids"] == [str(jose.id)]


def test_lookup_has_a_limit_of_its_own(make_app):
    app = make_app(RATE_LIMITS_FACTOR="1", RATE_LOOKUP="3 per minute")
    nurse = signed_in(app, "nurse")
    statuses = [look_up(nurse, mrn="MRN-000001").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert nurse.get("/patients").status_code == 200
