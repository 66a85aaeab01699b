"""Charts that come again: nothing twice, changes and errors taken over, what came before its visit tied to it."""

import json
import uuid
from contextlib import contextmanager
from datetime import UTC, date, datetime

from server.core.db import db
from server.core.uow import command
from server.modules.fhir import takers
from server.modules.procedures.models import Procedure
from tests.fhir.tools import (
    archive,
    at,
    bundle,
    coded,
    condition,
    content,
    encounter,
    immunization,
    ndjson,
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
HERE = {"encounter": at(SEEN)}
ROOMS = ("visits", "conditions", "vital_sets", "procedures", "immunizations")
NEW = ("Encounter", "Observation", "Procedure", "Immunization")


def take_in(app, tmp_path, *resources, name="in.json", args=()):
    path = tmp_path / name
    path.write_bytes((ndjson if name.endswith(".ndjson") else bundle)(*resources))
    result = run_import(app, path, *args)
    assert result.exit_code == 0, result.output
    return result.output


def chart():
    """Return one of each that is recorded at an encounter."""
    return [
        condition(1, OF, **HERE),
        pressure(1, OF, 142, 88, **HERE),
        vital(2, OF, "8867-4", valueQuantity=quantity(72, "/min"), **HERE),
        procedure(1, OF, **HERE),
        immunization(1, OF, **HERE),
    ]


def standing(app):
    """Return the values that stand, by kind."""
    found = rows(app, "vital_measurements")
    return {one["kind"]: one["value"] for one in found if one["status"] == "final"}


def visit_ids(app):
    return {table: {str(one["visit_id"]) for one in rows(app, table)} for table in ROOMS[1:]}


@contextmanager
def before_there_were_rooms():
    """Leave out the rooms of what is new; put back whole, because they are asked in their order."""
    whole = dict(takers.TAKERS)
    for kind in NEW:
        del takers.TAKERS[kind]
    try:
        yield
    finally:
        takers.TAKERS.clear()
        takers.TAKERS.update(whole)


def test_a_chart_twice_changes_nothing(app, tmp_path):
    take_in(app, tmp_path, ONE, SEEN, *chart())
    first = content(app)
    output = take_in(app, tmp_path, ONE, SEEN, *chart())
    for sentence in ("Encounter: 1", "Observation: 2", "Procedure: 1", "Immunization: 1", "Condition: 1"):
        assert f"{sentence} unchanged" in output
    assert content(app) == first


def test_a_dry_run_tells_the_same_and_writes_nothing(app, tmp_path):
    before = content(app)
    pieces = {"a.json": bundle(ONE, SEEN), "b.json": bundle(*chart())}
    dry = run_import(app, archive(tmp_path / "all.tar", pieces), "--dry-run")
    assert content(app) == before
    wet = run_import(app, tmp_path / "all.tar")
    assert dry.output == "Dry run: nothing was stored.\n" + wet.output


def test_what_was_kept_without_a_room_is_placed_when_the_room_is_there(app, tmp_path):
    with before_there_were_rooms():
        output = take_in(app, tmp_path, ONE, SEEN, *chart())
    assert "Encounter 1, Immunization 1, Observation 2, Procedure 1" in output
    assert [len(rows(app, table)) for table in ROOMS] == [0, 1, 0, 0, 0]
    assert rows(app, "conditions")[0]["visit_id"] is None
    take_in(app, tmp_path, patient(2), name="other.json")
    assert [len(rows(app, table)) for table in ROOMS] == [1, 1, 1, 1, 1]
    assert visit_ids(app) == {key: {SEEN["id"]} for key in ROOMS[1:]}
    (said,) = rows(app, "visit_diagnoses")
    assert (str(said["visit_id"]), said["display"]) == (SEEN["id"], "Asthma")
    assert {one["reason"] for one in rows(app, "fhir_resources")} == {None}
    first = content(app)
    take_in(app, tmp_path, ONE, SEEN, *chart())
    assert content(app)["fhir_resources"] == first["fhir_resources"]


def test_what_has_no_room_waits_and_is_not_called_of_nobody(app, tmp_path):
    lab = vital(9, OF, "2345-7", category=[{"coding": [{"code": "laboratory"}]}])
    theirs = vital(10, patient(2)["id"], "8867-4", valueQuantity=quantity(72, "/min"))
    take_in(app, tmp_path, ONE, lab, theirs)
    output = take_in(app, tmp_path, ONE, lab, theirs)
    assert "Kept for a room that is not built yet: Observation 1\n" in output
    assert "Not placed: Observation 1 (unknown_patient)" in output


def test_what_comes_before_its_encounter_is_tied_to_it_later(app, tmp_path):
    report = tmp_path / "report.tsv"
    take_in(app, tmp_path, ONE, *chart(), name="a.ndjson", args=("--report", report))
    assert visit_ids(app) == {key: {"None"} for key in ROOMS[1:]}
    told = {line.split("\t")[4] for line in report.read_text().splitlines()}
    assert told == {"visit_id: Encounter not here"}
    take_in(app, tmp_path, SEEN, name="b.ndjson")
    assert visit_ids(app) == {key: {SEEN["id"]} for key in ROOMS[1:]}
    assert {one["version"] for table in ROOMS[1:] for one in rows(app, table)} == {2}
    assert len(rows(app, "vital_sets")) == len(rows(app, "visit_diagnoses")) == 1


def test_files_of_encounters_come_before_what_names_them(app, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    kinds = {}
    for one in (ONE, SEEN, *chart()):
        kinds.setdefault(one["resourceType"], []).append(one)
    for kind, found in kinds.items():
        (folder / f"{kind}.ndjson").write_bytes(ndjson(*found))
    result = run_import(app, folder)
    assert "Left out" not in result.output
    assert visit_ids(app) == {key: {SEEN["id"]} for key in ROOMS[1:]}


def test_a_reference_by_url_means_the_entry_of_that_url(app, tmp_path):
    url = f"urn:uuid:{uuid.UUID(int=99, version=4)}"
    seen = encounter(1, OF, id="e-1")
    entries = [{"resource": ONE}, {"fullUrl": url, "resource": seen}]
    entries += [{"resource": procedure(1, OF, encounter={"reference": url})}]
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert run_import(app, path).exit_code == 0
    assert rows(app, "procedures")[0]["visit_id"] == rows(app, "visits")[0]["id"] is not None


def test_an_encounter_goes_on_and_ends(app, tmp_path):
    take_in(app, tmp_path, ONE, encounter(1, OF, status="in-progress"))
    output = take_in(app, tmp_path, encounter(1, OF, reasonCode=[{"text": "Cough"}]), name="b.json")
    assert "Encounter: 1 changed" in output
    (found,) = rows(app, "visits")
    assert [found[name] for name in ("status", "chief_complaint", "version", "number")] == ["completed", "Cough", 2, 1]
    assert found["ended_at"] == datetime(2015, 2, 3, 8, 15, tzinfo=UTC)
    (step,) = rows(app, "visit_events")
    assert (step["from_status"], step["to_status"], step["actor_id"]) == ("open", "completed", None)
    output = take_in(app, tmp_path, encounter(1, OF, status="in-progress", priority={}), name="c.json")
    assert "Not placed: Encounter 1 (closed_here)" in output
    assert rows(app, "visits") == [found]


def test_a_value_that_changed_at_the_source_supersedes_the_former(app, tmp_path):
    pulse = {"valueQuantity": quantity(72, "/min"), **HERE}
    take_in(app, tmp_path, ONE, SEEN, pressure(1, OF, 142, 88, **HERE), vital(2, OF, "8867-4", **pulse))
    output = take_in(app, tmp_path, pressure(1, OF, 152, 88, status="corrected", **HERE), name="b.json")
    assert "Observation: 1 changed" in output
    assert standing(app) == {"systolic": 152, "diastolic": 88, "heart_rate": 72}
    (former,) = [one for one in rows(app, "vital_measurements") if one["status"] != "final"]
    assert (former["status"], former["value"]) == ("superseded", 142)
    assert former["superseded_reason"] == "Changed where it was imported from."
    (one,) = rows(app, "vital_sets")
    assert one["version"] == 2
    before = content(app)
    take_in(app, tmp_path, pressure(1, OF, 142, 88, **HERE), name="c.json")
    assert content(app) == before


def test_a_value_of_another_time_goes_into_another_set(app, tmp_path):
    pulse = vital(2, OF, "8867-4", valueQuantity=quantity(72, "/min"))
    take_in(app, tmp_path, ONE, pressure(1, OF, 142, 88), pulse)
    moved = {"effectiveDateTime": "2015-02-04T08:05:00Z"}
    take_in(app, tmp_path, pressure(1, OF, 142, 88, **moved), name="b.json")
    by_time = {one["measured_at"].day: one["status"] for one in rows(app, "vital_sets")}
    assert by_time == {3: "final", 4: "final"}
    found = {(one["kind"], one["measured_at"].day, one["status"]) for one in rows(app, "vital_measurements")}
    assert found == {
        ("heart_rate", 3, "final"),
        ("systolic", 3, "entered_in_error"),
        ("diastolic", 3, "entered_in_error"),
        ("systolic", 4, "final"),
        ("diastolic", 4, "final"),
    }
    take_in(app, tmp_path, pressure(1, OF, 142, 88, status="entered-in-error", **moved), name="c.json")
    by_time = {one["measured_at"].day: one["status"] for one in rows(app, "vital_sets")}
    assert by_time == {3: "final", 4: "entered_in_error"}


def test_two_copies_in_one_file_end_at_the_later(app, tmp_path):
    later = pressure(1, OF, 130, 80, effectiveDateTime="2015-02-04T08:05:00Z")
    take_in(app, tmp_path, ONE, pressure(1, OF, 142, 88), later)
    assert standing(app) == {"systolic": 130, "diastolic": 80}


def test_what_the_source_takes_back_is_marked_as_an_error(app, tmp_path):
    take_in(app, tmp_path, ONE, SEEN, *chart())
    wrong = {"status": "entered-in-error"}
    unsure = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    output = take_in(
        app,
        tmp_path,
        encounter(1, OF, **wrong),
        pressure(1, OF, 142, 88, **HERE, **wrong),
        procedure(1, OF, **HERE, **wrong),
        immunization(1, OF, **HERE, **wrong),
        condition(1, OF, **HERE, **unsure),
        name="b.json",
    )
    for kind in (*NEW, "Condition"):
        assert f"{kind}: 1 voided" in output
    for table in ("visits", "conditions", "procedures", "immunizations"):
        (found,) = rows(app, table)
        assert (found["status"], found["voided_by"]) == ("entered_in_error", None)
        assert found["voided_at"] is not None
    assert standing(app) == {"heart_rate": 72}
    assert rows(app, "vital_sets")[0]["status"] == "final"
    assert rows(app, "immunizations")[0]["validity"] is None
    assert rows(app, "visit_diagnoses")[0]["removed_at"] is not None


def test_a_corrected_dose_keeps_what_was_said_and_is_judged_again(app, tmp_path):
    take_in(app, tmp_path, ONE, immunization(1, OF, occurrenceDateTime="1979-05-01"))
    assert rows(app, "immunizations")[0]["validity"] == "not_valid"
    take_in(app, tmp_path, immunization(1, OF), name="b.json")
    (found,) = rows(app, "immunizations")
    assert (found["administered_on"], found["validity"], found["version"]) == (date(2015, 2, 3), "valid", 2)
    (former,) = rows(app, "immunization_versions")
    assert (former["said"]["administered_on"], former["superseded_by"]) == ("1979-05-01", None)


def test_a_diagnosis_follows_its_condition(app, tmp_path):
    take_in(app, tmp_path, ONE, SEEN, condition(1, OF, **HERE))
    moved = encounter(2, OF)
    other = coded("http://snomed.info/sct", "10509002", "Acute bronchitis")
    take_in(app, tmp_path, moved, condition(1, OF, code=other, encounter=at(moved)), name="b.json")
    said = {(str(one["visit_id"]), one["display"]): one["removed_at"] for one in rows(app, "visit_diagnoses")}
    assert said.keys() == {(SEEN["id"], "Asthma"), (moved["id"], "Acute bronchitis")}
    assert said[SEEN["id"], "Asthma"] is not None
    assert said[moved["id"], "Acute bronchitis"] is None
    assert str(rows(app, "conditions")[0]["visit_id"]) == moved["id"]


def test_what_people_wrote_of_a_procedure_stays(app, tmp_path):
    take_in(app, tmp_path, ONE, procedure(1, OF))
    with app.app_context(), command("test"):
        db.session.get_one(Procedure, uuid.UUID(procedure(1, OF)["id"])).notes = "Written here"
    take_in(app, tmp_path, procedure(1, OF, outcome={"text": "Clear"}), name="b.json")
    (found,) = rows(app, "procedures")
    assert (found["outcome"], found["notes"], found["version"]) == ("Clear", "Written here", 3)


def test_a_cancelled_procedure_is_corrected_by_its_source_and_one_that_was_cancelled_here_is_not(app, tmp_path):
    left = {"status": "not-done"}
    planned = {"status": "preparation", "performedPeriod": None}
    take_in(app, tmp_path, ONE, procedure(1, OF, **left), procedure(2, OF, **planned))
    with app.app_context(), command("test"):
        ordered = db.session.get_one(Procedure, uuid.UUID(procedure(2, OF)["id"]))
        ordered.status, ordered.cancel_reason = "cancelled", "Not needed"
    changed = procedure(1, OF, statusReason={"text": "Refused"}, **left)
    output = take_in(app, tmp_path, changed, procedure(2, OF), name="b.json")
    assert "Procedure: 1 changed" in output
    assert "Not placed: Procedure 1 (closed_here)" in output
    assert {one["cancel_reason"] for one in rows(app, "procedures")} == {"Refused", "Not needed"}
