import json

import pytest

from server.modules.patients.enums import RelationSource
from tests.factories.charts import make_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import ids, path, refused, without_request_id
from tests.records.records_support import (
    added,
    changed,
    make_document,
    make_scene,
    one,
    person,
    released,
    seen,
    tag,
    written,
)


@pytest.fixture
def scene(app):
    return make_scene(app)


def break_glass(someone, scene):
    answer = someone.post(path(scene.patient, "break-glass"), json={"reason": "Unconscious in the hall"})
    assert answer.status_code == 201, answer.text


def test_an_own_entry_is_seen_at_once_by_who_cares(scene):
    answer = scene.somebody.post("/records/me", json={"symptoms": "Itching", "diagnosis": {"display": "Hay fever?"}})
    assert answer.status_code == 201, answer.text
    mine = answer.json["data"]
    assert answer.headers["Location"].endswith(one(mine))
    assert (mine["source"], mine["status"], mine["doctor_id"]) == ("patient", "released", None)
    assert mine["author"] == person(scene.somebody)
    assert mine["released"]["by"] == person(scene.somebody)
    assert seen(scene.nurse, mine) == mine
    assert ids(scene.somebody.get("/records/me")) == [mine["id"]]
    assert ids(scene.doctor.get("/records?source=patient")) == [mine["id"]]


def test_an_own_entry_is_nobody_elses_to_write(scene):
    mine = added(scene.somebody)
    for someone in (scene.doctor, scene.nurse):
        refused(someone.patch(one(mine), json={"notes": "x", "version": 1}), 404, "not_found")
        refused(someone.put(one(mine), json={"notes": "x", "version": 1}), 404, "not_found")
        refused(someone.delete(f"{one(mine)}?reason=x", headers=tag(mine)), 404, "not_found")
        refused(someone.delete(f"/records/me/{mine['id']}?reason=x", headers=tag(mine)), 404, "not_found")
    refused(scene.doctor.post(one(mine, "release")), 409, "already_released")
    assert seen(scene.doctor, mine) == mine


def test_patients_edit_their_own_entries_and_nothing_else(scene):
    mine = added(scene.somebody, symptoms="Itching")
    refused(scene.somebody.patch(one(mine), json={"symptoms": "x"}), 428, "version_required")
    after = changed(scene.somebody, mine, symptoms="Itching at night")
    assert (after["number"], after["released"]["number"]) == (2, 2)
    assert seen(scene.doctor, mine)["symptoms"] == "Itching at night"
    told = scene.somebody.get(one(mine, "versions")).json["data"]
    assert [one["symptoms"] for one in told] == ["Itching at night", "Itching"]
    theirs = released(scene.doctor, written(scene.doctor, scene))
    refused(scene.somebody.patch(one(theirs), json={"notes": "x", "version": 2}), 404, "not_found")
    refused(scene.somebody.post(one(theirs, "release")), 403, "forbidden")


def test_patients_take_their_own_entries_back(scene):
    mine, theirs = added(scene.somebody), released(scene.doctor, written(scene.doctor, scene))
    where = f"/records/me/{mine['id']}"
    refused(scene.somebody.delete(where, headers=tag(mine)), 422, "validation_failed", "reason")
    refused(scene.somebody.delete(f"{where}?reason=x"), 428, "version_required")
    refused(scene.somebody.delete(f"/records/me/{theirs['id']}?reason=x", headers=tag(theirs)), 404, "not_found")
    refused(scene.somebody.delete(f"{one(mine)}?reason=x", headers=tag(mine)), 403, "forbidden")
    assert scene.somebody.delete(f"{where}?reason=not+mine", headers=tag(mine)).status_code == 204
    assert scene.somebody.delete(f"{where}?reason=again").status_code == 204
    for someone in (scene.somebody, scene.doctor):
        assert mine["id"] not in ids(someone.get("/records"))
        shown = seen(someone, mine)
        assert (shown["status"], shown["voided"]["reason"]) == ("entered_in_error", "not mine")


def test_patients_may_use_the_same_path_as_everybody(scene):
    own = {"patient_id": str(scene.patient.id), "notes": "x"}
    answer = scene.somebody.post("/records", json=own)
    assert (answer.status_code, answer.json["data"]["source"]) == (201, "patient")
    visit = str(make_visit(scene.app, scene.patient.id))
    refused(scene.somebody.post("/records", json={**own, "visit_id": visit}), 422, "validation_failed", "visit_id")
    refused(scene.somebody.post("/records/me", json={"notes": "x", "visit_id": visit}), 422, "read_only", "visit_id")
    other = {**own, "patient_id": str(make_patient(scene.app).id)}
    refused(scene.somebody.post("/records", json=other), 404, "not_found")


def test_patients_attach_what_they_see(app, scene):
    held, out = make_document(app, scene.patient.id), make_document(app, scene.patient.id, status="released")
    refused(scene.somebody.post("/records/me", json={"attachments": [out, held]}), 422, "validation_failed")
    assert added(scene.somebody, attachments=[out])["attachments"] == [out]


def test_who_has_no_chart_adds_nothing(app, as_role):
    refused(as_role("patient").post("/records/me", json={"notes": "x"}), 404, "not_found")
    assert ids(as_role("doctor").get("/records/me")) == []


def test_another_patient_sees_nothing(app, scene):
    record = released(scene.doctor, written(scene.doctor, scene))
    other = signed_in(app, "patient")
    make_patient(app, user_id=other.user.id)
    nothing = other.get(f"/records/{scene.patient.id}")
    for answer in (other.get(one(record)), other.get(one(record, "versions"))):
        refused(answer, 404, "not_found")
        assert without_request_id(answer) == without_request_id(nothing)
    for where in ("/records", "/records/me", f"/records?patient_id={scene.patient.id}"):
        assert ids(other.get(where)) == []


def test_a_proxy_reads_and_writes_nothing(app, scene):
    record, draft = released(scene.doctor, written(scene.doctor, scene)), written(scene.doctor, scene)
    proxy = signed_in(app, "patient")
    contact = {"kind": "guardian", "name": "Bo", "relationship": "father", "phone": "+16175550100"}
    desk = signed_in(app, "receptionist")
    found = desk.post(path(scene.patient, "contacts"), json={**contact, "user_id": str(proxy.user.id)}).json["data"]
    answer = desk.post(path(scene.patient, "contacts", found["id"], "proxy"), json={"scopes": ["view"]})
    assert answer.status_code in (200, 201), answer.text
    assert ids(proxy.get("/records/me")) == ids(proxy.get("/records")) == [record["id"]]
    assert audit_rows(app)[-1]["on_behalf_of"] == scene.patient.id
    assert seen(proxy, record)["notes"] == "Well"
    refused(proxy.get(one(draft)), 404, "not_found")
    refused(proxy.post("/records", json={"patient_id": str(scene.patient.id), "notes": "x"}), 404, "not_found")
    refused(proxy.post("/records/me", json={"notes": "x"}), 404, "not_found")


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier"])
def test_others_read_no_records(scene, role):
    record, other = written(scene.doctor, scene), scene.another(role)
    for where in ("/records", "/records/me", "/records/doctor/me", one(record), one(record, "versions")):
        refused(other.get(where), 403, "forbidden")
    refused(other.post("/records", json={"notes": "x"}), 403, "forbidden")


@pytest.mark.parametrize("role", ["doctor", "nurse"])
def test_without_a_relation_there_is_nothing(app, scene, role):
    record, stranger = written(scene.doctor, scene), signed_in(app, role)
    for where in (one(record), one(record, "versions")):
        refused(stranger.get(where), 404, "not_found")
    for where in ("/records", f"/records?patient_id={scene.patient.id}", "/records/doctor/me"):
        assert ids(stranger.get(where)) == []
    body = {"patient_id": str(scene.patient.id), "notes": "x"}
    refused(stranger.post("/records", json=body), 404, "not_found")
    refused(stranger.patch(one(record), json={"notes": "x", "version": 1}), 404, "not_found")
    refused(stranger.delete(f"{one(record)}?reason=x", headers=tag(record)), 404, "not_found")


def test_admins_read_through_broken_glass_and_mark_errors(scene, as_role):
    record, admin = written(scene.doctor, scene), as_role("admin")
    refused(admin.get(one(record)), 404, "not_found")
    assert ids(admin.get(f"/records?patient_id={scene.patient.id}")) == []
    break_glass(admin, scene)
    assert ids(admin.get(f"/records?patient_id={scene.patient.id}")) == [record["id"]]
    assert ids(admin.get("/records")) == []
    assert seen(admin, record) == record
    refused(admin.post("/records", json={"patient_id": str(scene.patient.id), "notes": "x"}), 403, "forbidden")
    assert admin.delete(f"{one(record)}?reason=wrong+chart", headers=tag(record)).status_code == 204


def test_through_broken_glass_doctors_read_and_add(scene, as_role):
    theirs, stranger = written(scene.doctor, scene), as_role("doctor")
    break_glass(stranger, scene)
    mine = written(stranger, scene, notes="Epinephrine given")
    assert ids(stranger.get(f"/records?patient_id={scene.patient.id}")) == [mine["id"], theirs["id"]]
    for answer in (
        stranger.patch(one(mine), json={"notes": "x", "version": 1}),
        stranger.post(one(mine, "release")),
        stranger.delete(f"{one(mine)}?reason=x", headers=tag(mine)),
    ):
        refused(answer, 403, "glass_reads_and_adds_only")


def test_on_ones_own_chart_one_is_a_patient(app):
    both = signed_in(app, "doctor", "patient")
    own = make_patient(app, user_id=both.user.id)
    relate(app, own.id, both.user.id, source=RelationSource.CARE_TEAM)
    colleague = signed_in(app, "doctor")
    relate(app, own.id, colleague.user.id)
    body = {"patient_id": str(own.id), "notes": "x"}
    record = colleague.post("/records", json=body).json["data"]
    refused(both.get(one(record)), 404, "not_found")
    for where in ("/records", "/records/me", "/records/doctor/me"):
        assert ids(both.get(where)) == []
    assert both.post("/records", json=body).json["data"]["source"] == "patient"
    refused(both.post(one(record, "release")), 403, "own_record")
    alone = signed_in(app, "doctor")
    theirs = make_patient(app, user_id=alone.user.id)
    refused(alone.post("/records", json={"patient_id": str(theirs.id), "notes": "x"}), 403, "own_record")
    refused(alone.post("/records/me", json={"notes": "x"}), 403, "own_record")


def test_the_timeline_tells_what_the_patient_may_read(scene):
    timeline = path(scene.patient, "timeline")

    def told(someone):
        found = [one for one in someone.get(timeline).json["data"] if one["object_type"] == "record"]
        return [(one["kind"], one["object_id"], one["title"]) for one in found]

    draft = written(scene.doctor, scene, diagnosis={"display": "Gout"})
    assert told(scene.doctor) == [("record_written", draft["id"], "Gout")]
    assert told(scene.somebody) == []
    changed(scene.doctor, released(scene.doctor, draft), diagnosis={"display": "Not gout"})
    mine = added(scene.somebody)
    for someone in (scene.doctor, scene.somebody):
        assert ("record_released", draft["id"], "Gout") in told(someone)
        assert ("own_record", mine["id"], "Own entry") in told(someone)
    assert ("record_written", draft["id"], "Not gout") in told(scene.doctor)
    assert len(told(scene.somebody)) == 2
    after = seen(scene.doctor, draft)
    scene.doctor.delete(f"{one(draft)}?reason=x", headers=tag(after))
    assert told(scene.somebody) == [("own_record", mine["id"], "Own entry")]


def test_patients_take_home_what_they_may_read(scene):
    written(scene.doctor, scene, notes="Still thinking")
    out = released(scene.doctor, written(scene.doctor, scene, notes="First"))
    changed(scene.doctor, out, notes="Not released yet")
    mine = added(scene.somebody, notes="Mine")
    answer = scene.somebody.get(path(scene.patient, "export"))
    document = json.loads(answer.data)
    assert {one["id"] for one in document["medical_records"]} == {out["id"], mine["id"]}
    assert {one["notes"] for one in document["medical_record_versions"]} == {"First", "Mine"}


def test_the_audit_log_names_the_patient_and_not_the_text(scene):
    record = written(scene.doctor, scene, notes="Quite private")
    scene.doctor.get(one(record))
    scene.doctor.get("/records")
    rows = [row for row in audit_rows(scene.app) if row["action"].startswith("records.")]
    assert [row["action"] for row in rows] == ["records.write", "records.read", "records.list"]
    assert {str(row["patient_id"]) for row in rows} == {str(scene.patient.id)}
    assert "private" not in str(rows)
