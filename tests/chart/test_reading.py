"""The chart as a whole: what happened, what matters, and all that is held."""

import io
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from server.core.db import db
from server.core.uow import command
from server.modules.chart.queries import export
from server.modules.chart.queries.export import LEFT_OUT, SHOWN, Shown, held_tables
from server.modules.chart.queries.schema import columns_naming_a_patient
from tests.chart.support import fill, values_of
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, named, signed_in
from tests.factories.stock import make_item
from tests.patients.support import path, refused, register


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor."""
    return signed_in(app, "doctor")


def test_the_timeline_tells_what_happened_newest_first(app, clock):
    doctor = signed_in(app, "doctor")
    patient = register(doctor)
    clock.shift(60)
    assert doctor.put(path(patient, "allergies", "none-known"), json={}).status_code == 200
    clock.shift(60)
    doctor.post(path(patient, "allergies"), json={"substance": "Latex", "severity": "mild"})
    clock.shift(60)
    wrong = doctor.post(path(patient, "conditions"), json={"display": "Wrong"}).json["data"]
    doctor.delete(
        path(patient, "conditions", wrong["id"]), query_string={"reason": "typo"}, headers={"If-Match": '"1"'}
    )
    gout = {"display": "Gout", "onset_on": "2020-02-29", "resolved_on": "2021-01-01", "status": "resolved"}
    made = doctor.post(path(patient, "conditions"), json=gout).json["data"]
    shown = doctor.get(path(patient, "timeline")).json["data"]
    assert [one["kind"] for one in shown] == [
        "condition_added",
        "allergy_added",
        "no_known_allergies",
        "registered",
        "condition_resolved",
        "condition_began",
    ]
    assert shown[0] | {"id": "", "at": ""} == {
        "id": "",
        "at": "",
        "kind": "condition_added",
        "object_type": "condition",
        "object_id": made["id"],
        "title": "Gout",
        "doctor": None,
    }
    assert shown[-1]["at"] == "2020-02-29T00:00:00Z"
    assert shown[0]["id"] == f"condition_added:{made['id']}"
    assert shown[3]["object_id"] == patient["id"]
    assert audit_rows(app)[-1]["object_count"] == 6


def test_a_merge_is_part_of_the_timeline(app, admin, doctor):
    survivor, duplicate = register(doctor, last_name="Abel"), register(doctor, last_name="Zorn")
    assert admin.post(path(survivor, "merge"), json={"duplicate_id": duplicate["id"]}).status_code == 200
    assert doctor.get(path(duplicate, "timeline")).json["data"][0]["kind"] == "merged"
    assert doctor.get(path(survivor, "timeline")).json["data"][0]["title"] == duplicate["mrn"]
    assert admin.post(path(survivor, "unmerge")).status_code == 200
    assert [one["kind"] for one in doctor.get(path(survivor, "timeline")).json["data"]] == [
        "unmerged",
        "merged",
        "registered",
    ]
    assert [one["kind"] for one in doctor.get(path(duplicate, "timeline")).json["data"]] == ["registered"]


def test_the_summary_has_what_the_rooms_have(doctor):
    patient = register(doctor)
    doctor.post(path(patient, "allergies"), json={"substance": "Latex", "severity": "mild"})
    for display, more in (("Gout", {}), ("Flu", {"status": "resolved"})):
        doctor.post(path(patient, "conditions"), json={"display": display, **more})
    data = doctor.get(path(patient, "summary")).json["data"]
    assert data["patient"]["name"] == patient["name"]
    assert [one["substance"] for one in data["allergies"]] == ["Latex"]
    assert [one["display"] for one in data["conditions"]] == ["Gout"]
    assert data["history"]["no_known_allergies"] is None
    other = register(doctor, last_name="Zorn")
    doctor.put(path(other, "allergies", "none-known"), json={})
    assert doctor.get(path(other, "summary")).json["data"]["history"]["no_known_allergies"]["author"] == named(doctor)
    history = doctor.get(path(other, "medical-history")).json["data"]
    assert history["no_known_allergies"]["author"] == named(doctor)


def test_the_summary_costs_the_same_however_long_the_lists_are(app, doctor):
    patient, counted = register(doctor), []
    with app.app_context():
        engine = db.engine
    for number in range(3):
        doctor.get(path(patient, "summary"))
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        doctor.get(path(patient, "summary"))
        event.remove(engine, "before_cursor_execute", note)
        counted.append(len(statements))
        for more in range(5):
            doctor.post(path(patient, "conditions"), json={"display": f"Gout {number} {more}"})
    assert len(set(counted)) == 1


def test_who_reads_a_chart_as_a_whole(app, admin, doctor):
    patient = register(doctor)
    stranger, owner = signed_in(app, "nurse"), signed_in(app, "patient")
    own = make_patient(app, user_id=owner.user.id)
    for what in ("timeline", "summary"):
        assert doctor.get(path(patient, what)).status_code == 200
        assert owner.get(path(own, what)).status_code == 200
        refused(owner.get(path(patient, what)), 404, "not_found")
        refused(stranger.get(path(patient, what)), 404, "not_found")
        refused(admin.get(path(patient, what)), 404, "not_found")


def test_the_patient_takes_everything_home(app):
    owner = signed_in(app, "patient")
    patient = make_patient(app, user_id=owner.user.id)
    other = make_patient(app)
    names = fill(app, patient.id, make_user(app, "nurse").id, differently="mine")
    fill(app, other.id, make_user(app, "nurse").id, differently="theirs")
    answer = owner.get(path(patient, "export"))
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="patient-{patient.id}.json"'
    document = json.loads(answer.data)
    assert document["patient_id"] == str(patient.id)
    assert not LEFT_OUT.keys() & document.keys()
    for name in names - LEFT_OUT.keys():
        assert document[name], name
    for table, column in columns_naming_a_patient():
        for row in document.get(table.name, []):
            assert row[column.name] in (str(patient.id), None), table.name
    assert b"theirs" not in answer.data
    assert document["account"][0]["email"] == owner.user.email
    assert document["account_roles"] == [{"role": "patient"}]
    text = answer.get_data(as_text=True)
    assert not any(word in text for word in ("password", "_hash", "search_text", "secret"))
    row = audit_rows(app)[-1]
    assert (row["action"], row["patient_id"], row["outcome"]) == ("patients.export", patient.id, "success")
    again = json.loads(owner.get(path(patient, "export")).data)
    assert "patients.export" in {one["action"] for one in again["access_log"]}


def test_the_export_holds_back_what_is_for_the_desk(app, admin):
    owner = signed_in(app, "patient")
    patient, other = make_patient(app, user_id=owner.user.id), make_patient(app)
    assert admin.post(path(patient, "merge"), json={"duplicate_id": str(other.id)}).status_code == 200
    merged = json.loads(owner.get(path(patient, "export")).data)
    assert [one["id"] for one in merged["patients"]] == [str(patient.id), str(other.id)]
    assert len(merged["patient_merges"]) == 1
    assert not {"identifiers", "possible_duplicate", "alias_text"} & merged["patients"][0].keys()
    assert admin.post(path(patient, "unmerge")).status_code == 200
    parted = json.loads(owner.get(path(patient, "export")).data)
    assert (parted["patient_merges"], len(parted["patients"])) == ([], 1)
    assert str(other.id) not in json.dumps({**parted, "access_log": []})


def test_the_export_holds_back_what_was_entered_in_error(app):
    owner = signed_in(app, "patient")
    patient = make_patient(app, user_id=owner.user.id)
    fill(app, patient.id, make_user(app, "nurse").id, differently="mine")
    entries = ("immunizations", "procedures", "treatments", "vital_sets")
    below = ("immunization_versions", "procedure_addenda", "treatment_items", "vital_measurements")
    _add_below(app, patient.id)
    before = json.loads(owner.get(path(patient, "export")).data)
    assert all(before[name] for name in (*entries, *below))
    with app.app_context(), command("tests.void", "patient"):
        for name in entries:
            db.session.execute(db.metadata.tables[name].update().values(status="entered_in_error"))
    after = json.loads(owner.get(path(patient, "export")).data)
    assert {name: after[name] for name in (*entries, *below)} == {name: [] for name in (*entries, *below)}


def _add_below(app, patient_id):
    """Give each entry of a patient a row that hangs on it, where `fill` has made none."""
    parents = {
        "immunization_versions": "immunizations",
        "procedure_addenda": "procedures",
        "treatment_items": "treatments",
    }
    made = {"users": make_user(app, "nurse").id, "items": make_item(app)}
    with app.app_context(), command("tests.add", "patient"):
        tables = db.metadata.tables
        for name, parent in parents.items():
            made[parent] = db.session.scalar(
                select(tables[parent].c.id).where(tables[parent].c.patient_id == patient_id)
            )
            db.session.execute(insert(tables[name]).values(values_of(tables[name], made, "mine")))


def test_rows_below_what_is_held_back_are_held_back_too(app, monkeypatch):
    drafts = dict(export.SHOWN) | {"patient_contacts": Shown(only=lambda table: table.c.name != "mine")}
    monkeypatch.setattr(export, "SHOWN", drafts)
    owner = signed_in(app, "patient")
    patient = make_patient(app, user_id=owner.user.id)
    fill(app, patient.id, make_user(app, "nurse").id, differently="mine")
    monkeypatch.delitem(drafts, "conditions")
    document = json.loads(owner.get(path(patient, "export")).data)
    assert document["patient_contacts"] == []
    assert "conditions" not in document


def test_every_table_about_a_patient_is_shown_or_left_out_for_a_reason(app):
    held = {table.name for table in held_tables(make_patient(app).id)}
    about, known = {table.name for table, _ in columns_naming_a_patient()}, set()
    while about != known:
        known = set(about)
        about |= {
            table.name
            for table in db.metadata.sorted_tables
            for key in table.foreign_keys
            if key.column.table.name in known - {"patients"}
        }
    unknown = (about | {"patients"}) - SHOWN.keys() - LEFT_OUT.keys()
    assert unknown == set(), "say in chart.queries.export what is shown of these, or why they are left out"
    assert held == set(SHOWN)
    assert not SHOWN.keys() & LEFT_OUT.keys()
    assert all(shown.without <= set(db.metadata.tables[name].c.keys()) for name, shown in SHOWN.items())
    assert all(LEFT_OUT.values())


def test_the_archive_holds_the_document(app):
    owner = signed_in(app, "patient")
    patient = make_patient(app, user_id=owner.user.id)
    answer = owner.get(path(patient, "export"), query_string={"format": "zip"})
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("chart.json"))["patients"][0]["id"] == str(patient.id)
    refused(owner.get(path(patient, "export"), query_string={"format": "pdf"}), 422, "validation_failed", "format")


def test_pages_of_an_export_miss_nothing(app, monkeypatch):
    monkeypatch.setattr(export, "_PAGE", 3)
    owner, doctor = signed_in(app, "patient"), signed_in(app, "doctor")
    patient = make_patient(app, user_id=owner.user.id)
    signed_in(app, "admin").post(path(patient, "care-team"), json={"user_id": str(doctor.user.id)})
    for number in range(10):
        doctor.post(path(patient, "conditions"), json={"display": f"Gout {number}"})
    document = json.loads(owner.get(path(patient, "export")).data)
    assert sorted(one["display"] for one in document["conditions"]) == [f"Gout {number}" for number in range(10)]


def test_who_else_may_take_a_chart_out(app, admin, doctor):
    patient = register(doctor)
    refused(admin.get(path(patient, "export")), 404, "not_found")
    refused(doctor.get(path(patient, "export")), 403, "forbidden")
    refused(signed_in(app, "patient").get(path(patient, "export")), 404, "not_found")
    broken = admin.post(path(patient, "break-glass"), json={"reason": "A court asks for the chart."})
    assert broken.status_code == 201, broken.text
    assert admin.get(path(patient, "export")).status_code == 200
    assert audit_rows(app)[-1]["break_glass_id"] is not None
    assert admin.get(path(patient, "summary")).status_code == 200
