"""Encounters, vital signs, procedures and immunizations become what the chart holds, tied to each other."""

import uuid
from datetime import UTC, date, datetime

import pytest

from tests.fhir.tools import (
    at,
    bundle,
    coded,
    condition,
    encounter,
    immunization,
    patient,
    pressure,
    procedure,
    quantity,
    rows,
    run_import,
    vital,
)

ONE = patient(1)
OF = ONE["id"]
SEEN = encounter(1, OF)
SNOMED = "http://snomed.info/sct"
LATER = "2999-01-01T10:00:00Z"


def take_in(app, tmp_path, *resources, report=None):
    path = tmp_path / "in.json"
    path.write_bytes(bundle(ONE, *resources))
    result = run_import(app, path, *(("--report", report) if report else ()))
    assert result.exit_code == 0, result.output
    return result.output


def why_not(app, tmp_path, *resources):
    """Import, and return the reason and the detail of each resource that was not placed, by its id."""
    report = tmp_path / "report.tsv"
    take_in(app, tmp_path, *resources, report=report)
    lines = [line.split("\t") for line in report.read_text(encoding="utf-8").splitlines()]
    return {resource_id: (reason, detail) for _, _, resource_id, reason, detail in lines}


def test_an_encounter_becomes_a_closed_visit_with_its_doctor(app, tmp_path):
    doctor = {"resourceType": "Practitioner", "id": str(uuid.UUID(int=7, version=4)), "name": [{"text": "Eva Roe"}]}
    seen = encounter(
        1,
        OF,
        participant=[{"individual": {"reference": f"urn:uuid:{doctor['id']}"}}],
        reasonCode=[coded(SNOMED, "10509002", "Acute bronchitis"), {"text": "Cough"}],
    )
    take_in(app, tmp_path, seen, doctor)
    (found,) = rows(app, "visits")
    assert found["id"] == uuid.UUID(seen["id"])
    assert found["patient_id"] == uuid.UUID(OF)
    names = ("status", "source", "visit_type", "chief_complaint", "number", "recorded_by", "version")
    assert [found[name] for name in names] == [
        *("completed", "imported", "consultation", "Acute bronchitis, Cough", 1, None, 1)
    ]
    assert found["doctor_id"] == uuid.UUID(doctor["id"])
    assert (found["started_at"], found["ended_at"]) == (
        datetime(2015, 2, 3, 8, tzinfo=UTC),
        datetime(2015, 2, 3, 8, 15, tzinfo=UTC),
    )
    assert rows(app, "care_relations") == rows(app, "notifications") == []


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"status": "in-progress"}, "open", "consultation"),
        ({"status": "cancelled"}, "cancelled", "consultation"),
        ({"status": "unknown"}, "completed", "consultation"),
        ({"class": {"code": "EMER"}}, "completed", "emergency"),
        ({"type": [coded(SNOMED, "390906007")]}, "completed", "follow_up"),
        ({"type": [coded(SNOMED, "371883000")]}, "completed", "procedure"),
    ],
)
def test_what_an_encounter_is_called_here(app, tmp_path, changes, status, kind):
    take_in(app, tmp_path, encounter(1, OF, **changes))
    (found,) = rows(app, "visits")
    assert (found["status"], found["visit_type"], found["doctor_id"]) == (status, kind, None)
    assert (found["ended_at"] is None) == (status == "open")


def test_encounters_that_are_no_visits_are_kept_with_the_reason(app, tmp_path):
    others = [
        encounter(2, OF, status="planned"),
        encounter(3, OF, status="robot"),
        encounter(4, OF, period={"end": "2015-02-03T09:15:00Z"}),
        encounter(5, OF, period={"start": "2015-02"}),
        encounter(6, OF, period={"start": LATER}),
        encounter(7, OF, status="entered-in-error"),
        encounter(8, OF, status=["finished"]),
        encounter(9, OF, period="2015"),
    ]
    found = why_not(app, tmp_path, SEEN, *others)
    assert [found[one["id"]][0] for one in others] == [
        *("not_begun", "invalid", "invalid", "invalid", "invalid", "entered_in_error", "invalid", "invalid")
    ]
    assert len(rows(app, "visits")) == 1
    assert len(rows(app, "fhir_resources")) == 10


def test_what_was_measured_at_one_time_is_one_set(app, tmp_path):
    inside = {"encounter": at(SEEN)}
    take_in(
        app,
        tmp_path,
        pressure(1, OF, 142, 88, **inside),
        vital(2, OF, "8867-4", valueQuantity=quantity(72, "/min"), **inside),
        vital(3, OF, "29463-7", valueQuantity=quantity(150, "[lb_av]"), **inside),
        vital(4, OF, "8331-1", valueQuantity={"value": 98.6, "unit": "degF"}, **inside),
        pressure(5, OF, 131, 81, **inside),
        vital(6, OF, "8867-4", valueQuantity=quantity(75, "/min"), effectiveDateTime="2015-02-03T08:07:00Z", **inside),
        SEEN,
    )
    sets = {one["id"]: one for one in rows(app, "vital_sets")}
    assert {(one["source"], one["status"], str(one["visit_id"])) for one in sets.values()} == {
        ("imported", "final", SEEN["id"])
    }
    found = {}
    for one in rows(app, "vital_measurements"):
        found.setdefault(one["set_id"], {})[one["kind"]] = (one["value"], one["entered_value"], one["entered_unit"])
    assert sorted(found.values(), key=len) == [
        {"heart_rate": (75, 75, "/min")},
        {"systolic": (131, 131, "mm[Hg]"), "diastolic": (81, 81, "mm[Hg]")},
        {
            "systolic": (142, 142, "mm[Hg]"),
            "diastolic": (88, 88, "mm[Hg]"),
            "heart_rate": (72, 72, "/min"),
            "weight": (68.04, 150, "[lb_av]"),
            "temperature": (37.0, 98.6, "[degF]"),
        },
    ]
    (judged,) = [one for one in rows(app, "vital_measurements") if (one["kind"], one["value"]) == ("systolic", 142)]
    assert (judged["flag"], judged["range_high"], judged["recorded_by"]) == ("high", 129, None)


def test_vital_signs_that_cannot_be_are_kept_and_listed(app, tmp_path):
    def heart_rate(number, value, **changes):
        return vital(number, OF, "8867-4", valueQuantity=value, **changes)

    others = [
        heart_rate(2, quantity(400, "/min")),
        heart_rate(3, quantity(70, "mm[Hg]")),
        heart_rate(4, {"value": 70}),
        heart_rate(5, quantity("70", "/min")),
        heart_rate(6, quantity(70, "/min") | {"comparator": "<"}),
        vital(7, OF, "8867-4"),
        heart_rate(8, quantity(70, "/min"), effectiveDateTime=LATER),
        pressure(9, OF, 80, 120),
        heart_rate(10, quantity(70, "/min"), status="cancelled"),
    ]
    roomless = [
        vital(11, OF, "10230-1", valueQuantity=quantity(42, "%")),
        heart_rate(12, quantity(70, "/min"), category=[{"coding": [{"code": "laboratory"}]}]),
        heart_rate(13, quantity(70, "/min"), category=None),
    ]
    found = why_not(app, tmp_path, heart_rate(1, quantity(300, "/min")), *others, *roomless)
    assert [found[one["id"]] for one in others] == [
        ("invalid", "heart_rate: Expected 10 to 300 /min."),
        ("invalid", "heart_rate: Expected /min."),
        ("invalid", "heart_rate: no unit"),
        ("invalid", "heart_rate: no value"),
        ("invalid", "heart_rate: not an exact value"),
        ("invalid", "heart_rate: no value"),
        ("invalid", "effective: in the future"),
        ("invalid", "systolic: must exceed the diastolic pressure"),
        ("not_in_force", ""),
    ]
    assert [found[one["id"]][0] for one in roomless] == ["no_room"] * 3
    assert [one["value"] for one in rows(app, "vital_measurements")] == [300]


def test_a_panel_comes_without_the_value_that_cannot_be(app, tmp_path):
    panel = pressure(1, OF, 142, 5)
    assert why_not(app, tmp_path, panel) == {panel["id"]: ("left out", "diastolic: Expected 10 to 200 mm[Hg].")}
    assert [one["kind"] for one in rows(app, "vital_measurements")] == ["systolic"]


def test_procedures_keep_their_code_and_words(app, tmp_path):
    done = procedure(
        1,
        OF,
        encounter=at(SEEN),
        reasonCode=[{"text": "Screening"}],
        outcome={"text": "Clear"},
        complication=[{"text": "None"}],
        note=[{"text": "First"}, {"text": "Second"}],
    )
    left = procedure(2, OF, status="not-done", statusReason={"text": "Refused"}, code={"text": "Gastroscopy"})
    planned = procedure(3, OF, status="preparation", performedPeriod=None)
    take_in(app, tmp_path, SEEN, done, left, planned)
    found = {str(one["id"]): one for one in rows(app, "procedures")}
    names = ("status", "name", "code_system", "code", "indication", "outcome", "complications", "notes")
    assert [found[done["id"]][name] for name in names] == [
        *("performed", "Colonoscopy", "snomed", "73761001", "Screening", "Clear", "None", "First\n\nSecond")
    ]
    assert found[done["id"]]["performed_at"] == datetime(2015, 2, 3, 8, 5, tzinfo=UTC)
    assert str(found[done["id"]]["visit_id"]) == SEEN["id"]
    names = ("status", "name", "code", "cancel_reason", "performed_at", "visit_id", "source")
    assert [found[left["id"]][name] for name in names] == [
        *("cancelled", "Gastroscopy", None, "Refused", None, None, "imported")
    ]
    assert (found[planned["id"]]["status"], found[planned["id"]]["performed_at"]) == ("ordered", None)
    assert rows(app, "charges") == []


def test_procedures_without_a_name_or_in_the_future_are_kept_with_the_reason(app, tmp_path):
    others = [
        procedure(1, OF, code={}),
        procedure(2, OF, performedPeriod=None, performedDateTime=LATER),
        procedure(3, OF, status="unknown", performedPeriod=None),
        procedure(4, OF, code={"text": "<b>Bold</b>"}),
    ]
    found = why_not(app, tmp_path, *others)
    assert [found[one["id"]][0] for one in others] == ["invalid"] * 4
    assert rows(app, "procedures") == []


def test_two_entries_that_tell_of_one_dose_are_both_taken_and_one_counts(app, tmp_path):
    first = immunization(1, OF, encounter=at(SEEN))
    take_in(app, tmp_path, SEEN, first)
    again = immunization(2, OF)
    take_in(app, tmp_path, again)
    found = {str(one["id"]): one["validity"] for one in rows(app, "immunizations")}
    assert found.keys() == {first["id"], again["id"]}
    assert sorted(found.values()) == ["not_valid", "valid"]


def test_doses_are_judged_by_the_schedule_and_kept_whatever_their_date(app, tmp_path):
    doses = [
        immunization(
            1, OF, encounter=at(SEEN), lotNumber="A1", manufacturer={"display": "Maker"}, site={"text": "Arm"}
        ),
        immunization(2, OF, occurrenceDateTime="1979-05-01"),
        immunization(3, OF, occurrenceDateTime="2099-05-01"),
        immunization(4, OF, status="not-done", statusReason={"text": "Fever"}),
        immunization(5, OF, status="not-done"),
    ]
    take_in(app, tmp_path, SEEN, *doses)
    found = {str(one["id"]): one for one in rows(app, "immunizations")}
    names = ("status", "validity", "validity_reason", "not_done_reason", "administered_on")
    assert [[found[one["id"]][name] for name in names] for one in doses] == [
        ["completed", "valid", None, None, date(2015, 2, 3)],
        ["completed", "not_valid", "before_birth", None, date(1979, 5, 1)],
        ["completed", "not_valid", "in_future", None, date(2099, 5, 1)],
        ["not_done", None, None, "Fever", date(2015, 2, 3)],
        ["not_done", None, None, "Not said where it was imported from.", date(2015, 2, 3)],
    ]
    first = found[doses[0]["id"]]
    assert [first[name] for name in ("source", "vaccine_code", "name", "lot_number", "manufacturer", "site")] == [
        *("imported", "140", "Influenza", "A1", "Maker", "Arm")
    ]
    assert str(first["visit_id"]) == SEEN["id"]


def test_doses_of_no_known_code_or_day_are_kept_with_the_reason(app, tmp_path):
    cvx = "http://hl7.org/fhir/sid/cvx"
    others = [
        immunization(1, OF, vaccineCode=coded(cvx, "99999")),
        immunization(2, OF, vaccineCode=coded(SNOMED, "140")),
        immunization(3, OF, vaccineCode=coded(cvx, "998")),
        immunization(4, OF, occurrenceDateTime="2015"),
        immunization(5, OF, occurrenceDateTime=None, occurrenceString="as a child"),
    ]
    found = why_not(app, tmp_path, *others)
    assert [found[one["id"]][0] for one in others] == ["invalid"] * 5
    assert rows(app, "immunizations") == []


def test_conditions_are_diagnoses_of_the_visit_that_either_names(app, tmp_path):
    seen = encounter(1, OF, diagnosis=[{"condition": {"reference": f"Condition/{condition(2, OF)['id']}"}}])
    take_in(
        app,
        tmp_path,
        condition(1, OF, encounter=at(seen)),
        condition(2, OF, code=coded("http://hl7.org/fhir/sid/icd-10-cm", "J209", "Bronchitis")),
        condition(3, OF, code={"text": "Old scar"}),
        seen,
    )
    visits = {one["display"]: one["visit_id"] for one in rows(app, "conditions")}
    assert visits == {"Asthma": uuid.UUID(seen["id"]), "Bronchitis": uuid.UUID(seen["id"]), "Old scar": None}
    said = [(one["code_system"], one["code"], one["display"], one["position"]) for one in rows(app, "visit_diagnoses")]
    assert sorted(said) == [("icd10cm", "J20.9", "Bronchitis", 1), ("snomed", "195967001", "Asthma", 0)]


def test_an_encounter_of_somebody_else_takes_nothing_in(app, tmp_path):
    other = patient(2)
    theirs = encounter(2, other["id"])
    take_in(
        app,
        tmp_path,
        other,
        theirs,
        condition(1, OF, encounter=at(theirs)),
        procedure(1, OF, encounter=at(theirs)),
        pressure(1, OF, 120, 80, encounter=at(theirs)),
        immunization(1, OF, encounter=at(theirs)),
    )
    for table in ("conditions", "procedures", "vital_sets", "immunizations"):
        (found,) = rows(app, table)
        assert (str(found["patient_id"]), found["visit_id"]) == (OF, None)
    assert rows(app, "visit_diagnoses") == []


ODD = (
    None,
    True,
    7,
    -0.5,
    "x",
    "",
    [],
    {},
    [None],
    [7],
    ["x"],
    [[]],
    [{}],
    {"coding": 7},
    {"coding": [7]},
    {"start": 7},
)


def odd_copies():
    """Yield resources in which one element, at any depth that is read, has a shape that it should not have."""
    whole = [
        encounter(1, OF, participant=[{"individual": {}}], reasonCode=[{"text": "Cough"}], type=[coded(SNOMED, "1")]),
        pressure(1, OF, 142, 88, encounter=at(SEEN)),
        vital(1, OF, "8867-4", valueQuantity=quantity(72, "/min")),
        procedure(1, OF, note=[{"text": "x"}], complication=[{"text": "x"}], performer=[{"actor": {}}], outcome={}),
        immunization(1, OF, protocolApplied=[{"doseNumberPositiveInt": 1}], site={}, manufacturer={}, lotNumber="1"),
        condition(1, OF, encounter=at(SEEN)),
    ]
    number = 0
    for one in whole:
        for name in one.keys() - {"resourceType", "id", "subject", "patient"}:
            for odd in ODD:
                copies = [odd]
                if isinstance(one[name], dict):
                    copies += [one[name] | {inner: odd} for inner in one[name]]
                if isinstance(one[name], list) and one[name] and isinstance(one[name][0], dict):
                    copies += [[one[name][0] | {inner: odd}] for inner in one[name][0]]
                for copy in copies:
                    number += 1
                    yield one | {name: copy, "id": str(uuid.UUID(int=90_000_000 + number, version=4))}


def test_odd_shapes_are_placed_or_listed_and_break_nothing(app, tmp_path):
    copies = list(odd_copies())
    output = take_in(app, tmp_path, SEEN, *copies)
    assert "Cannot read" not in output
    assert len(rows(app, "fhir_resources")) == len(copies) + 2
