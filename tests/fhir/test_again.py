"""Twice changes nothing; what changed at the source is taken over; what waited is placed later."""

import uuid

import orjson
import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.patients.models import Patient
from tests.factories.database import query
from tests.fhir.tools import DATA, allergy, archive, bundle, condition, content, ndjson, patient, rows, run_import


def write(path, data):
    path.write_bytes(data)
    return path


def test_twice_changes_nothing(app):
    assert run_import(app, DATA / "bundle.json").exit_code == 0
    first = content(app)
    result = run_import(app, DATA / "bundle.json")
    assert "Patient: 1 unchanged" in result.output
    assert content(app) == first


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_the_same_resources_are_known_in_any_packing(app, tmp_path, suffix):
    one, two = patient(1), patient(2)
    files = {"a.json": bundle(one, condition(1, one["id"])), "b.ndjson": ndjson(two, condition(2, two["id"]))}
    assert run_import(app, archive(tmp_path / f"all{suffix}", files)).exit_code == 0
    assert len(rows(app, "patients")) == len(rows(app, "conditions")) == 2
    first = {name: table for name, table in content(app).items() if name != "import_progress"}
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in files.items():
        write(folder / name, data)
    result = run_import(app, folder)
    assert "Patient: 2 unchanged" in result.output
    assert {name: table for name, table in content(app).items() if name != "import_progress"} == first


def test_a_changed_resource_updates_the_row_and_spares_what_people_wrote(app, tmp_path):
    one = patient(1, telecom=[{"system": "phone", "value": "617-555-0100"}])
    run_import(app, write(tmp_path / "a.json", bundle(one, condition(1, one["id"]))))
    patient_id = uuid.UUID(one["id"])
    with app.app_context(), command("test"):
        db.session.get_one(Patient, patient_id).email = "written@here.example"
    moved = patient(1, telecom=[{"system": "phone", "value": "617-555-0177"}], deceasedBoolean=True)
    ended = condition(1, one["id"], clinicalStatus={"coding": [{"code": "resolved"}]}, abatementDateTime="2020-01-02")
    result = run_import(app, write(tmp_path / "b.json", bundle(moved, ended)))
    assert "Patient: 1 changed" in result.output
    (found,) = rows(app, "patients")
    assert (found["phone"], found["status"], found["version"]) == ("+16175550177", "deceased", 3)
    assert found["email"] == "written@here.example"
    assert "6175550177" in found["search_text"]
    (placed,) = rows(app, "conditions")
    assert (placed["status"], str(placed["resolved_on"]), placed["version"]) == ("resolved", "2020-01-02", 2)
    assert len(rows(app, "fhir_resources")) == 4
    before = content(app)
    run_import(app, tmp_path / "b.json")
    run_import(app, tmp_path / "a.json")
    assert content(app) == before


def test_a_change_outside_our_fields_leaves_the_version(app, tmp_path):
    run_import(app, write(tmp_path / "a.json", bundle(patient(1))))
    (before,) = rows(app, "patients")
    run_import(app, write(tmp_path / "b.json", bundle(patient(1, multipleBirthBoolean=True))))
    assert rows(app, "patients") == [before]
    assert len(rows(app, "fhir_resources")) == 2


def test_what_the_source_takes_back_is_marked_as_an_error(app, tmp_path):
    one = patient(1)
    run_import(app, write(tmp_path / "a.json", bundle(one, allergy(1, one["id"], "Latex"))))
    taken_back = allergy(1, one["id"], "Latex", verificationStatus={"coding": [{"code": "entered-in-error"}]})
    result = run_import(app, write(tmp_path / "b.json", bundle(taken_back)))
    (found,) = rows(app, "allergies")
    assert (found["status"], found["voided_by"]) == ("entered_in_error", None)
    assert found["voided_at"] is not None
    assert "AllergyIntolerance: 1 voided" in result.output


def test_a_resource_waits_for_its_patient(app, tmp_path):
    one = patient(1)
    result = run_import(
        app, write(tmp_path / "a.ndjson", ndjson(condition(1, one["id"]), allergy(1, one["id"], "Nut")))
    )
    assert result.exit_code == 0
    assert "Not placed: Condition 1 (unknown_patient)" in result.output
    assert "--report FILE lists them" in result.output
    assert rows(app, "conditions") == []
    result = run_import(app, write(tmp_path / "b.json", bundle(one)))
    assert "unknown_patient" not in result.output
    assert len(rows(app, "conditions")) == len(rows(app, "allergies")) == 1
    assert {row["reason"] for row in rows(app, "fhir_resources")} == {None}


def test_one_id_from_two_sources_is_two_people(app, tmp_path):
    mine, theirs = patient(1, id="17"), patient(2, id="17")
    write(tmp_path / "a.json", bundle(mine, condition(1, "17", id="c1")))
    write(tmp_path / "b.json", bundle(theirs, condition(1, "17", id="c1")))
    run_import(app, tmp_path / "a.json", "--source", "north")
    run_import(app, tmp_path / "b.json", "--source", "south")
    run_import(app, tmp_path / "a.json", "--source", "north")
    assert sorted(row["first_name"] for row in rows(app, "patients")) == ["Ana1", "Ana2"]
    assert len({row["patient_id"] for row in rows(app, "conditions")}) == 2


def test_a_taken_id_is_not_taken_again(app, tmp_path):
    run_import(app, write(tmp_path / "a.json", bundle(patient(1))), "--source", "north")
    run_import(app, write(tmp_path / "a.json", bundle(patient(1))), "--source", "south")
    assert len({row["id"] for row in rows(app, "patients")}) == 2


def test_two_copies_in_one_file_end_at_the_later(app, tmp_path):
    first, second = patient(1), patient(1, gender="male")
    run_import(app, write(tmp_path / "a.json", bundle(first, second, first)))
    (found,) = rows(app, "patients")
    assert found["sex"] == "male"
    assert len(rows(app, "fhir_resources")) == 2


def test_a_dry_run_writes_nothing_and_tells_the_same(app, tmp_path):
    before, audit = content(app), query(app, "SELECT count(*) AS n FROM audit_logs")
    one = patient(1)
    files = {"a.json": bundle(one), "b.json": bundle(condition(1, one["id"]), condition(2, patient(9)["id"]))}
    result = run_import(app, archive(tmp_path / "all.tar.xz", files), "--dry-run")
    assert result.exit_code == 0
    assert "Patient: 1 added" in result.output
    assert "Condition: 1 added" in result.output
    assert "Not placed: Condition 1 (unknown_patient)" in result.output
    assert content(app) == before
    assert query(app, "SELECT count(*) AS n FROM audit_logs") == audit


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(app, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.json", b'{"resourceType": "Bundle", "entry": [')
    write(folder / "b.json", b'["no resource"]')
    write(folder / "c.ndjson", ndjson(patient(1)) + b"{broken\n\n" + ndjson(patient(2)))
    write(folder / "d.tar.xz", b"no archive")
    write(folder / "e.json", b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient<script>"}}]}')
    write(folder / "f.json", bundle(patient(3)))
    write(folder / "g.json", orjson.dumps({"resourceType": "Bundle", "entry": "none"}))
    report = tmp_path / "report.tsv"
    result = run_import(app, folder, "--report", report)
    assert result.exit_code == 1
    assert len(rows(app, "patients")) == 3
    unreadable = {line.split("\t")[0] for line in report.read_text().splitlines() if "\tunreadable\t" in line}
    assert unreadable == {"a.json", "b.json", "c.ndjson:2", "d.tar.xz", "e.json", "g.json"}


def test_nothing_to_read_is_an_error(app, tmp_path):
    assert run_import(app, tmp_path).exit_code == 1
    assert run_import(app, tmp_path / "absent").exit_code == 2


def test_each_file_is_one_commit_with_its_audit_row(app, tmp_path):
    one, two = patient(1), patient(2)
    files = {"a.json": bundle(one, condition(1, one["id"])), "b.json": bundle(two)}
    run_import(app, archive(tmp_path / "all.tar", files))
    table = db.metadata.tables["audit_logs"]
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(table.select().where(table.c.action == "fhir.import").order_by(table.c.id)).all()
    first, second, _progress, last = found
    assert first.patient_id == uuid.UUID(one["id"])
    assert first.values_after == {"counts": {"added": 2}}
    assert second.values_after == {"counts": {"added": 1}}
    assert last.values_after == {"totals": {"added": 3}}


def test_a_new_room_takes_in_what_was_kept(app, tmp_path, monkeypatch):
    from server.modules.fhir import takers
    from server.modules.fhir.mapping.reading import Mapped

    one = patient(1)
    goal = {"resourceType": "Goal", "id": "g-1", "subject": {"reference": f"Patient/{one['id']}"}}
    run_import(app, write(tmp_path / "a.json", bundle(one, goal)), "--source", "north")
    taken = []

    def add(goals):
        taken.extend(goals)
        return [uuid.UUID(int=7) for _ in goals]

    room = takers.Taker("goal", read=lambda resource: Mapped({"text": resource["id"]}), add=add, change=lambda *_: True)
    monkeypatch.setitem(takers.TAKERS, "Goal", room)
    result = run_import(app, tmp_path / "a.json", "--source", "north")
    (found,) = taken
    assert (found["text"], found["patient_id"]) == ("g-1", uuid.UUID(one["id"]))
    assert "Goal: 1 added" in result.output
    run_import(app, tmp_path / "a.json", "--source", "north")
    assert len(taken) == 1


def test_ndjson_goes_by_parts_and_memory_of_progress_is_kept(app, tmp_path):
    people = [patient(number) for number in range(1200)]
    run_import(app, write(tmp_path / "Patient.ndjson", ndjson(*people)))
    assert len(rows(app, "patients")) == 1200
    (progress,) = rows(app, "import_progress")
    assert (progress["done"], progress["name"]) == (3, "Patient.ndjson")
    assert progress["finished_at"] is not None
