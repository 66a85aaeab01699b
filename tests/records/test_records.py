import uuid

import pytest
from sqlalchemy.exc import DBAPIError

from server.core.db import db
from server.core.uow import command
from server.modules.records.models import Document
from tests.factories.calendar import make_doctor
from tests.factories.charts import make_visit, set_visit
from tests.factories.database import query
from tests.factories.people import make_patient, relate
from tests.patients.support import ids, path, refused
from tests.patients.test_races import at_once, send
from tests.records.records_support import (
    TEXTS,
    WHOLE,
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


def versions(someone, record, asked=""):
    answer = someone.get(one(record, "versions") + asked)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_every_field_is_kept(scene):
    answer = scene.doctor.post("/records", json={"patient_id": str(scene.patient.id), **WHOLE})
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in TEXTS} == WHOLE
    assert answer.headers["Location"].endswith(one(made))
    assert (made["status"], made["source"], made["number"], made["version"]) == ("draft", "clinic", 1, 1)
    assert (made["released"], made["voided"], made["visit_id"]) == (None, None, None)
    assert made["author"] == person(scene.doctor)
    assert made["doctor"]["id"] == made["doctor_id"] == str(scene.doctor_id)
    assert made["patient"]["mrn"] == scene.patient.mrn
    assert seen(scene.doctor, made) == made
    assert scene.doctor.get("/records").json["data"] == [made]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "notes"),
        ({"notes": None, "prescriptions": []}, "diagnosis"),
        ({"diagnosis": {"code": "J45.909"}}, "diagnosis.display"),
        ({"diagnosis": {"code": "J45.908", "display": "x"}}, "diagnosis.code"),
        ({"diagnosis": {"code": "j45.909", "display": "x"}}, "diagnosis.code"),
        ({"diagnosis": {"display": "<b>x</b>"}}, "diagnosis.display"),
        ({"prescriptions": ["a\nb"]}, "prescriptions.0"),
        ({"prescriptions": ["x"] * 101}, "prescriptions"),
        ({"notes": ""}, "notes"),
        ({"attachments": ["x"]}, "attachments.0"),
    ],
)
def test_what_is_not_valid_is_refused(scene, body, field):
    answer = scene.doctor.post("/records", json={"patient_id": str(scene.patient.id), **body})
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]


@pytest.mark.parametrize("field", ["source", "doctor_id", "recorded_by", "status", "released", "number"])
def test_what_only_the_server_writes(scene, field):
    body = {"patient_id": str(scene.patient.id), "notes": "x", field: str(uuid.uuid4())}
    refused(scene.doctor.post("/records", json=body), 422, "read_only", field)


def test_somebody_is_named(scene):
    refused(scene.doctor.post("/records", json={"notes": "x"}), 422, "validation_failed", "patient_id")


def test_a_diagnosis_needs_no_code(scene):
    made = written(scene.doctor, scene, diagnosis={"display": "Odd rash"})
    assert made["diagnosis"] == {"code": None, "display": "Odd rash"}


def test_an_edit_makes_a_version_and_keeps_the_one_before(scene):
    made = written(scene.doctor, scene, notes="First", symptoms="Cough")
    refused(scene.doctor.patch(one(made), json={"notes": "x"}), 428, "version_required")
    refused(scene.doctor.patch(one(made), json={"notes": "x", "version": 5}), 412, "stale_version")
    second = changed(scene.doctor, made, notes="Second", diagnosis={"code": "J45", "display": "Asthma"})
    assert (second["number"], second["notes"], second["symptoms"]) == (2, "Second", "Cough")
    answer = scene.doctor.put(one(made), json={**second, "notes": "Third"})
    assert answer.status_code == 200, answer.text
    third = answer.json["data"]
    assert {name: third[name] for name in TEXTS} == {**{name: second[name] for name in TEXTS}, "notes": "Third"}
    fourth = scene.doctor.put(one(made), json={"notes": "Fourth", "version": third["version"]}).json["data"]
    assert (fourth["diagnosis"], fourth["symptoms"], fourth["number"]) == (None, None, 4)
    told = versions(scene.doctor, made)
    assert [(one["number"], one["notes"]) for one in told] == [(4, "Fourth"), (3, "Third"), (2, "Second"), (1, "First")]
    assert {one["by"]["id"] for one in told} == {str(scene.doctor.user.id)}
    assert told[2]["diagnosis"] == {"code": "J45", "display": "Asthma"}
    assert [one["number"] for one in versions(scene.doctor, made, "?sort=number&per_page=2")] == [1, 2]


def test_where_nothing_differs_there_is_no_next_version(scene):
    made = written(scene.doctor, scene, **WHOLE)
    assert changed(scene.doctor, made, **WHOLE) == made
    assert len(versions(scene.doctor, made)) == 1


def test_a_version_says_why_it_came(scene):
    made = written(scene.doctor, scene, notes="First")
    why = "Left & right were mixed up <1 cm>"
    second = changed(scene.doctor, released(scene.doctor, made), notes="Second", reason=why)
    assert "reason" not in second
    assert changed(scene.doctor, second, reason="Nothing differs") == second
    body = {**second, "notes": "Third", "reason": "A typo"}
    third = scene.doctor.put(one(made), json=body).json["data"]
    assert third["number"] == 3
    changed(scene.doctor, third, notes="Fourth")
    told = [(one["number"], one["reason"]) for one in versions(scene.nurse, made)]
    assert told == [(4, None), (3, "A typo"), (2, why), (1, None)]
    assert [one["reason"] for one in versions(scene.somebody, made)] == [None]
    for reason, code in (
        ("", "validation_failed"),
        ("x" * 501, "validation_failed"),
        ("<b>x</b>", "markup_not_allowed"),
    ):
        body = {"notes": "x", "reason": reason, "version": third["version"] + 1}
        refused(scene.doctor.patch(one(made), json=body), 422, code, "reason")
    first = {"patient_id": str(scene.patient.id), "notes": "x", "reason": "New"}
    refused(scene.doctor.post("/records", json=first), 422, "validation_failed", "reason")


def test_patch_takes_parts_away_but_not_the_last(scene):
    made = written(scene.doctor, scene, notes="x", diagnosis={"code": "J45", "display": "Asthma"})
    refused(
        scene.doctor.patch(one(made), json={"diagnosis": {"code": "J45"}, "version": 1}),
        *(422, "validation_failed", "diagnosis.display"),
    )
    after = changed(scene.doctor, made, diagnosis={"display": "Wheezing"})
    assert after["diagnosis"] == {"code": None, "display": "Wheezing"}
    after = changed(scene.doctor, after, diagnosis=None)
    refused(scene.doctor.patch(one(made), json={"notes": None, "version": 3}), 422, "validation_failed", "notes")
    refused(scene.doctor.patch(one(made), json={"patient_id": made["patient_id"], "version": 3}), 422, "read_only")


def test_versions_are_never_changed(app, scene):
    made = written(scene.doctor, scene)
    changed(scene.doctor, made, notes="Better")
    before = query(app, "SELECT * FROM medical_record_versions ORDER BY id")
    for statement in ("UPDATE medical_record_versions SET notes = 'x'", "DELETE FROM medical_record_versions"):
        with pytest.raises(DBAPIError, match="never changed"):
            query(app, statement)
    assert query(app, "SELECT * FROM medical_record_versions ORDER BY id") == before


def test_authors_alone_edit(scene):
    made = written(scene.nurse, scene)
    assert made["doctor_id"] is None
    for other in (scene.doctor, scene.another("nurse")):
        refused(other.patch(one(made), json={"notes": "x", "version": 1}), 404, "not_found")
        refused(other.put(one(made), json={"notes": "x", "version": 1}), 404, "not_found")
        refused(other.delete(f"{one(made)}?reason=x", headers=tag(made)), 404, "not_found")
    assert changed(scene.nurse, made, notes="Better")["number"] == 2


def test_the_patient_sees_what_was_released_until_it_is_released_again(scene):
    made = written(scene.doctor, scene, notes="First")
    refused(scene.somebody.get(one(made)), 404, "not_found")
    refused(scene.somebody.get(one(made, "versions")), 404, "not_found")
    shown = released(scene.doctor, made)
    assert (shown["status"], shown["released"]["number"]) == ("released", 1)
    assert shown["released"]["by"] == person(scene.doctor)
    refused(scene.doctor.post(one(made, "release")), 409, "already_released")
    after = changed(scene.doctor, shown, notes="Second")
    assert (after["number"], after["released"]["number"], after["notes"]) == (2, 1, "Second")
    theirs = seen(scene.somebody, made)
    assert (theirs["number"], theirs["notes"]) == (1, "First")
    assert scene.somebody.get("/records").json["data"] == [theirs]
    assert [one["notes"] for one in versions(scene.somebody, made)] == ["First"]
    assert [one["is_released"] for one in versions(scene.doctor, made)] == [False, True]
    released(scene.doctor, after)
    assert seen(scene.somebody, made)["notes"] == "Second"
    assert [one["notes"] for one in versions(scene.somebody, made)] == ["Second"]


def test_doctors_release_what_nurses_wrote_and_nothing_of_other_doctors(scene):
    of_nurse, of_doctor = written(scene.nurse, scene), written(scene.doctor, scene)
    other = scene.another("doctor")
    refused(scene.nurse.post(one(of_nurse, "release")), 403, "forbidden")
    refused(other.post(one(of_doctor, "release")), 404, "not_found")
    refused(other.post(one(of_nurse, "release"), headers={"If-Match": '"9"'}), 412, "stale_version")
    assert released(other, of_nurse)["released"]["by"] == person(other)
    assert seen(scene.somebody, of_nurse)["author"] == person(scene.nurse)


def test_entered_in_error(scene):
    made, kept = released(scene.doctor, written(scene.doctor, scene)), written(scene.doctor, scene, notes="Kept")
    refused(scene.doctor.delete(one(made), headers=tag(made)), 422, "validation_failed", "reason")
    refused(scene.doctor.delete(f"{one(made)}?reason=typo"), 428, "version_required")
    assert scene.doctor.delete(f"{one(made)}?reason=typo", headers=tag(made)).status_code == 204
    assert scene.doctor.delete(f"{one(made)}?reason=again").status_code == 204
    assert ids(scene.doctor.get("/records")) == [kept["id"]]
    assert ids(scene.doctor.get("/records?status=entered_in_error")) == [made["id"]]
    shown = seen(scene.nurse, made)
    assert (shown["status"], shown["voided"]["reason"]) == ("entered_in_error", "typo")
    assert shown["voided"]["by"] == person(scene.doctor)
    refused(scene.doctor.patch(one(made), json={"notes": "x", "version": 3}), 409, "entered_in_error")
    refused(scene.doctor.post(one(made, "release")), 409, "entered_in_error")
    refused(scene.somebody.get(one(made)), 404, "not_found")
    for hidden in ("/records", "/records/me", "/records?status=entered_in_error"):
        assert ids(scene.somebody.get(hidden)) == []


def test_a_record_of_a_closed_visit_is_closed(app, scene):
    visit_id = make_visit(app, scene.patient.id, make_doctor(app).id)
    made = written(scene.nurse, scene, visit_id=str(visit_id), notes="x")
    assert made["visit_id"] == str(visit_id)
    assert made["doctor_id"] is not None
    by_visit = scene.doctor.post("/records", json={"visit_id": str(visit_id), "notes": "Of the visit's patient"})
    assert by_visit.json["data"]["patient_id"] == str(scene.patient.id)
    assert by_visit.json["data"]["doctor_id"] == str(scene.doctor_id)
    set_visit(app, visit_id, status="completed")
    body = {"patient_id": str(scene.patient.id), "visit_id": str(visit_id), "notes": "x"}
    refused(scene.doctor.post("/records", json=body), 409, "visit_closed")
    refused(scene.nurse.patch(one(made), json={"notes": "y", "version": 1}), 409, "visit_closed")
    refused(scene.nurse.put(one(made), json={"notes": "y", "version": 1}), 409, "visit_closed")
    refused(scene.doctor.post(one(made, "release")), 409, "visit_closed")
    assert scene.nurse.delete(f"{one(made)}?reason=wrong", headers=tag(made)).status_code == 204


def test_a_visit_is_of_the_patient_who_is_named(app, scene):
    other = make_patient(app)
    theirs = str(make_visit(app, other.id))
    body = {"patient_id": str(scene.patient.id), "visit_id": theirs, "notes": "x"}
    refused(scene.doctor.post("/records", json=body), 404, "not_found")
    relate(app, other.id, scene.doctor.user.id)
    refused(scene.doctor.post("/records", json=body), 422, "validation_failed", "visit_id")
    refused(scene.doctor.post("/records", json={**body, "visit_id": str(uuid.uuid4())}), 404, "not_found")


def test_attachments_are_documents_of_the_patient(app, scene):
    mine, gone = make_document(app, scene.patient.id), make_document(app, scene.patient.id, status="entered_in_error")
    other = make_document(app, make_patient(app).id)
    body = {"patient_id": str(scene.patient.id), "attachments": [mine, other, gone, str(uuid.uuid4())]}
    answer = scene.doctor.post("/records", json=body)
    refused(answer, 422, "validation_failed", "attachments.1", "attachments.2", "attachments.3")
    assert "attachments.0" not in answer.json["errors"]
    made = written(scene.doctor, scene, attachments=[mine])
    assert made["attachments"] == [mine]
    refused(
        scene.doctor.patch(one(made), json={"attachments": [mine, other], "version": 1}),
        *(422, "validation_failed", "attachments.1"),
    )


def test_what_was_attached_stays_when_it_turns_out_an_error(app, scene):
    mine = make_document(app, scene.patient.id)
    made = written(scene.doctor, scene, attachments=[mine])
    query(app, "UPDATE documents SET status = 'entered_in_error'")
    assert changed(scene.doctor, made, attachments=[mine], notes="x")["attachments"] == [mine]


def test_a_record_that_names_an_error_is_not_released(app, scene):
    right, wrong = make_document(app, scene.patient.id), make_document(app, scene.patient.id)
    made = written(scene.doctor, scene, attachments=[right, wrong])
    query(app, f"UPDATE documents SET status = 'entered_in_error' WHERE title = '{titled(app, wrong)}'")
    answer = scene.doctor.post(one(made, "release"))
    refused(answer, 409, "attachment_in_error", "attachments.1")
    assert "attachments.0" not in answer.json["errors"]
    refused(scene.somebody.get(one(made)), 404, "not_found")
    assert released(scene.doctor, changed(scene.doctor, made, attachments=[right]))["attachments"] == [right]


def titled(app, document_id):
    """Give a document a title of its own, by which SQL of both databases finds it; return that."""
    with app.app_context(), command("tests.title", "document"):
        db.session.get_one(Document, uuid.UUID(document_id)).title = document_id
    return document_id


def test_the_patient_is_told_of_no_document_that_they_do_not_see(app, scene):
    held, shown = make_document(app, scene.patient.id), make_document(app, scene.patient.id, status="released")
    made = released(scene.doctor, written(scene.doctor, scene, attachments=[held, shown]))
    bare = released(scene.doctor, written(scene.doctor, scene, notes="Nothing attached"))
    assert made["attachments"] == [held, shown]

    def told(someone):
        listed = {one["id"]: one["attachments"] for one in someone.get("/records").json["data"]}
        assert listed[bare["id"]] == []
        ways = [listed[made["id"]], seen(someone, made)["attachments"], versions(someone, made)[0]["attachments"]]
        assert ways == [ways[0]] * 3
        return ways[0]

    assert told(scene.doctor) == [held, shown]
    assert told(scene.somebody) == [shown]
    own = scene.somebody.get("/records/me").json["data"]
    assert [one["attachments"] for one in own if one["id"] == made["id"]] == [[shown]]
    exported = scene.somebody.get(path(scene.patient, "export")).json["medical_record_versions"]
    assert [one["attachments"] for one in exported if one["record_id"] == made["id"]] == [[shown]]
    query(app, "UPDATE documents SET status = 'released'")
    assert told(scene.somebody) == [held, shown]
    query(app, "UPDATE documents SET status = 'entered_in_error'")
    assert (told(scene.somebody), told(scene.nurse)) == ([], [held, shown])


def test_filters(clock, app):
    scene = make_scene(app)
    visit_id = make_visit(app, scene.patient.id, make_doctor(app).id)
    first = written(scene.nurse, scene, visit_id=str(visit_id), notes="x")
    clock.shift(300)
    second = released(scene.doctor, written(scene.doctor, scene))
    other = make_patient(app)
    relate(app, other.id, scene.doctor.user.id)
    third = scene.doctor.post("/records", json={"patient_id": str(other.id), "notes": "x"}).json["data"]
    mine = scene.somebody.post("/records/me", json={"notes": "Mine"}).json["data"]
    whole = [mine["id"], third["id"], second["id"], first["id"]]
    for asked, found in (
        ("", whole),
        ("sort=created_at", whole[::-1]),
        (f"patient_id={other.id}", [third["id"]]),
        (f"patient_id={scene.patient.id}", [mine["id"], second["id"], first["id"]]),
        (f"doctor_id={scene.doctor_id}", [third["id"], second["id"]]),
        (f"visit_id={visit_id}", [first["id"]]),
        ("status=draft", [third["id"], first["id"]]),
        ("status=released", [mine["id"], second["id"]]),
        ("source=patient", [mine["id"]]),
        ("source=clinic", whole[1:]),
        ("from=2026-03-02T08:05:00Z", whole[:3]),
        ("to=2026-03-02T08:05:00Z", [first["id"]]),
        ("from=2026-03-03", []),
        (f"patient_id={uuid.uuid4()}", []),
        (f"visit_id={uuid.uuid4()}", []),
    ):
        assert ids(scene.doctor.get(f"/records?{asked}")) == found, asked
    assert ids(scene.doctor.get("/medical-records/doctor/me")) == [third["id"], second["id"]]
    assert ids(scene.nurse.get("/records/doctor/me")) == [first["id"]]
    refused(scene.doctor.get("/records?from=2026-03-03&to=2026-03-02"), 422, "validation_failed", "to")
    refused(scene.doctor.get("/records?source=fax"), 422, "validation_failed", "source")


@pytest.mark.parametrize("verb", ["post", "put", "patch"])
def test_both_names_lead_to_one_thing(scene, verb):
    made = written(scene.doctor, scene)
    assert scene.doctor.get(f"/medical-records/{made['id']}").json["data"] == made
    assert ids(scene.doctor.get("/medical-records")) == [made["id"]]
    if verb == "post":
        body = {"patient_id": str(scene.patient.id), "notes": "x"}
        assert scene.doctor.post("/medical-records", json=body).status_code == 201
    else:
        where = f"/medical-records/{made['id']}"
        answer = scene.doctor.open(verb.upper(), where, json={"notes": "x", "version": 1})
        assert answer.json["data"]["number"] == 2


def test_a_repeated_post_writes_once(scene):
    key, body = {"Idempotency-Key": "record-1"}, {"patient_id": str(scene.patient.id), "notes": "x"}
    first = scene.doctor.post("/records", json=body, headers=key)
    assert scene.doctor.post("/records", json=body, headers=key).json == first.json
    assert len(ids(scene.doctor.get("/records"))) == 1


def test_of_many_who_edit_one_version_one_writes_the_next(scene, live_server):
    made = written(scene.doctor, scene)
    answers = at_once(
        8,
        lambda n: send(live_server, scene.doctor, "PATCH", one(made), {"notes": f"By {n}", "version": 1}),
    )
    assert sorted(status for status, _ in answers) == [200] + [412] * 7
    assert [one["number"] for one in versions(scene.doctor, made)] == [2, 1]


def test_of_many_who_release_at_once_one_does(scene, live_server):
    made = written(scene.doctor, scene)
    answers = at_once(8, lambda _n: send(live_server, scene.doctor, "POST", one(made, "release"), {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    assert seen(scene.somebody, made)["released"]["number"] == 1
