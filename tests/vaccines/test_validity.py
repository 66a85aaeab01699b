"""Whether a dose counts is judged by the schedule after each write, for all doses of the patient."""

from datetime import date, timedelta

import pytest

from server.modules.patients.enums import RelationSource
from tests.chart.test_merging import merge
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import path
from tests.patients.test_races import at_once, send
from tests.vaccines.support import BORN, DTAP, HEP_B, MMR, TODAY, child_of, dose, item, record, verdict

FIRST = date(2026, 1, 1)


def after(days: int) -> str:
    return (FIRST + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (28, ("valid", None)),
        (24, ("valid", None)),
        (23, ("not_valid", "too_soon")),
    ],
)
def test_four_days_of_grace(doctor, child, days, found):
    record(doctor, child, on=after(0))
    assert verdict(doctor, record(doctor, child, on=after(days))) == found


def test_the_order_in_which_doses_are_written_down_is_none_of_its_business(doctor, child):
    later = record(doctor, child, on=after(20))
    assert verdict(doctor, later) == ("valid", None)
    earlier = record(doctor, child, on=after(0))
    assert verdict(doctor, earlier) == ("valid", None)
    assert verdict(doctor, later) == ("not_valid", "too_soon")


def test_a_corrected_date_judges_the_others_anew(doctor, child):
    first, second = record(doctor, child, on=after(0)), record(doctor, child, on=after(30))
    assert verdict(doctor, second) == ("valid", None)
    assert doctor.patch(item(first), json={"administered_on": after(20), "version": 1}).status_code == 200
    assert verdict(doctor, second) == ("not_valid", "too_soon")


def test_lateness_restarts_no_series(clock, app):
    doctor = signed_in(app, "doctor")
    patient = child_of(doctor, date_of_birth="2016-01-01")
    doses = [record(doctor, patient, on=on) for on in ("2016-01-02", "2019-06-01", "2025-12-30")]
    assert [verdict(doctor, one) for one in doses] == [("valid", None)] * 3
    groups = {one["vaccine_group"]: one for one in doctor.get(path(patient, "vaccines/due")).json["data"]}
    assert groups["HepB"]["series_status"] == "complete"


def test_one_more_than_needed_is_extraneous(clock, app):
    doctor = signed_in(app, "doctor")
    patient = child_of(doctor, date_of_birth="2016-01-01")
    doses = [record(doctor, patient, on=on) for on in ("2016-01-02", "2016-03-01", "2017-01-01", "2018-01-01")]
    assert [verdict(doctor, one)[0] for one in doses] == ["valid", "valid", "valid", "extraneous"]


def test_each_patient_and_each_vaccine_is_judged_alone(doctor, child):
    other = child_of(doctor, first_name="Bo", date_of_birth="2025-11-30")
    record(doctor, child, on=after(0))
    assert verdict(doctor, record(doctor, child, DTAP, on=after(43))) == ("valid", None)
    assert verdict(doctor, record(doctor, other, on=after(10))) == ("valid", None)


def test_another_birth_date_judges_anew(doctor, child):
    measles = record(doctor, child, MMR, on=TODAY)
    assert verdict(doctor, measles) == ("not_valid", "too_soon")
    assert doctor.patch(path(child), json={"date_of_birth": "2024-12-01"}).status_code == 200
    assert verdict(doctor, measles) == ("valid", None)
    assert doctor.patch(path(child), json={"date_of_birth": BORN}).status_code == 200
    assert verdict(doctor, measles) == ("not_valid", "too_soon")


def test_a_merge_brings_doses_together_and_a_parting_takes_them_apart(app, doctor, child):
    admin, twice = signed_in(app, "admin"), make_patient(app, date_of_birth=date.fromisoformat(BORN))
    relate(app, twice.id, doctor.user.id, source=RelationSource.CARE_TEAM)
    first, second = record(doctor, child, on=after(0)), record(doctor, twice, on=after(20))
    assert verdict(doctor, second) == ("valid", None)
    assert merge(admin, child, twice).status_code == 200
    assert (verdict(doctor, first), verdict(doctor, second)) == (("valid", None), ("not_valid", "too_soon"))
    assert admin.post(path(child, "unmerge")).status_code == 200
    assert (verdict(doctor, first), verdict(doctor, second)) == (("valid", None), ("valid", None))


def test_of_doses_written_down_at_once_each_is_judged_by_all(live_server, as_role):
    doctor, days = as_role("doctor"), (0, 20, 60)
    for attempt in range(4):
        patient = child_of(doctor, last_name=f"Quist{'abcd'[attempt] * 9}")
        sent = at_once(
            len(days),
            lambda number, patient=patient: send(
                live_server, doctor, "POST", "/vaccines", dose(patient, HEP_B, after(days[number]))
            ),
        )
        assert [status for status, _ in sent] == [201] * 3, sent
        made = [body["data"] for _, (body, _) in sent]
        assert [verdict(doctor, one)[0] for one in made] == ["valid", "not_valid", "valid"]
