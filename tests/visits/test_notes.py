import hashlib
import json
import uuid

import pytest

from server.modules.visits.service.notes import fingerprint
from tests.factories.charts import make_visit
from tests.patients.support import ids, refused
from tests.visits.notes_support import PARTS, drafted, make_scene, person, signed, tag

ODD = {
    "subjective": "BP <90/60 & K+ >5.5\n\t“told” us  \n<script>alert(1)</script>",
    "objective": "O'Brien µg é e\u0301 'single' \"double\" \\ back\\slash",
    "assessment": "عربى 中文 \N{FOX FACE} \u2028 \x7e",
    "plan": "  leading, trailing  \n\n",
}


@pytest.fixture
def scene(app):
    return make_scene(app)


def hash_of(note):
    """Compute the hash of a note as its documentation says, from what was answered."""
    text = ",".join(f'"{name}":{json.dumps(note[name], ensure_ascii=False)}' for name in sorted(PARTS))
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()


def test_a_draft_keeps_every_byte(scene):
    answer = scene.doctor.post(scene.notes, json=ODD)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in PARTS} == ODD
    assert answer.headers["Location"].endswith(f"{scene.notes}/{made['id']}")
    assert answer.headers["ETag"] == '"1"'
    assert (made["status"], made["signed"], made["addenda"], made["voided"]) == ("draft", None, [], None)
    assert made["author"] == person(scene.doctor)
    assert made["patient"] == {
        "id": str(scene.patient.id),
        "name": f"{scene.patient.first_name} {scene.patient.last_name}",
        "mrn": scene.patient.mrn,
    }
    assert scene.doctor.get(f"{scene.notes}/{made['id']}").json["data"] == made
    assert scene.doctor.get(scene.notes).json["data"] == [made]


def test_an_id_made_by_the_client_is_kept_and_taken_once(scene):
    mine = str(uuid.uuid4())
    assert drafted(scene.doctor, scene.notes, id=mine, plan="Rest")["id"] == mine
    refused(scene.doctor.post(scene.notes, json={"id": mine, "plan": "x"}), 409, "id_taken", "id")


@pytest.mark.parametrize("body", [{}, dict.fromkeys(PARTS)])
def test_at_least_one_part_is_written(scene, body):
    refused(scene.doctor.post(scene.notes, json=body), 422, "validation_failed", *PARTS)


@pytest.mark.parametrize("text", ["", "  \n", "a\u0000b", "a\u202eb", "a\u0007b"])
def test_what_is_no_text_is_refused(scene, text):
    answer = scene.doctor.post(scene.notes, json={"plan": text})
    assert answer.status_code in (400, 422), answer.text


def test_the_author_changes_a_draft_with_its_version(scene):
    made = drafted(scene.nurse, scene.notes, subjective="Cough", plan="Rest")
    item = f"{scene.notes}/{made['id']}"
    refused(scene.nurse.patch(item, json={"plan": "Tea"}), 428, "version_required")
    refused(scene.nurse.patch(item, json={"plan": "Tea", "version": 7}), 412, "stale_version")
    answer = scene.nurse.patch(item, json={"plan": "Tea", "version": 1})
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert (changed["subjective"], changed["plan"], changed["version"]) == ("Cough", "Tea", 2)
    assert scene.nurse.patch(item, json={"plan": None, "version": 2}).json["data"]["plan"] is None
    refused(scene.nurse.patch(item, json={"subjective": None, "version": 3}), 422, "validation_failed", *PARTS)
    refused(scene.nurse.patch(item, json={"status": "signed", "version": 3}), 422, "read_only", "status")


def test_nobody_else_changes_a_draft(scene):
    made = drafted(scene.nurse, scene.notes)
    for other in (scene.doctor, scene.another("nurse"), scene.another("doctor")):
        refused(other.patch(f"{scene.notes}/{made['id']}", json={"plan": "x", "version": 1}), 404, "not_found")
    assert scene.nurse.get(f"{scene.notes}/{made['id']}").json["data"] == made


def test_a_signature_says_who_when_and_of_what(clock, app):
    scene = make_scene(app)
    made = drafted(scene.doctor, scene.notes, **ODD)
    clock.shift(60)
    shown = signed(scene.doctor, scene.notes, made)
    assert shown["status"] == "signed"
    assert shown["signed"]["by"] == person(scene.doctor)
    assert shown["signed"]["at"] == shown["updated_at"]
    assert shown["signed"]["at"] > made["created_at"]
    assert shown["signed"]["sha256"] == hash_of(made)
    assert {name: shown[name] for name in PARTS} == ODD


def test_the_same_text_has_the_same_hash_and_other_text_another(scene):
    hashes = [
        signed(someone, scene.notes, drafted(someone, scene.notes, **parts))["signed"]["sha256"]
        for someone, parts in (
            (scene.doctor, {"plan": "Rest"}),
            (scene.another("doctor"), {"plan": "Rest"}),
            (scene.doctor, {"assessment": "Rest"}),
            (scene.doctor, {"plan": "Rest "}),
        )
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_hash_is_of_the_documented_form():
    form = b'{"assessment":null,"objective":null,"plan":"a\\n\\"b\\" \xc2\xb5","subjective":null}'
    assert fingerprint({"plan": 'a\n"b" µ'}) == hashlib.sha256(form).hexdigest()


def test_a_note_is_signed_once(scene):
    made = drafted(scene.doctor, scene.notes)
    shown = signed(scene.doctor, scene.notes, made)
    item = f"{scene.notes}/{made['id']}"
    refused(scene.doctor.post(f"{item}/sign"), 409, "note_signed")
    refused(scene.doctor.patch(item, json={"plan": "x", "version": shown["version"]}), 409, "note_signed")
    assert scene.doctor.get(item).json["data"] == shown


def test_a_signer_may_say_what_they_have_read(scene):
    made = drafted(scene.nurse, scene.notes)
    item = f"{scene.notes}/{made['id']}"
    scene.nurse.patch(item, json={"plan": "Something else", "version": 1})
    refused(scene.doctor.post(f"{item}/sign", headers=tag(made)), 412, "stale_version")
    assert scene.doctor.post(f"{item}/sign", headers={"If-Match": '"2"'}).status_code == 200


def test_doctors_sign_what_nurses_drafted_and_nothing_of_other_doctors(scene):
    of_nurse, of_doctor = drafted(scene.nurse, scene.notes), drafted(scene.doctor, scene.notes)
    other = scene.another("doctor")
    refused(scene.nurse.post(f"{scene.notes}/{of_nurse['id']}/sign"), 403, "forbidden")
    refused(other.post(f"{scene.notes}/{of_doctor['id']}/sign"), 404, "not_found")
    shown = signed(other, scene.notes, of_nurse)
    assert shown["signed"]["by"] == person(other)
    assert shown["author"] == person(scene.nurse)


def test_addenda_stand_beside_the_signed_text(scene):
    made = drafted(scene.doctor, scene.notes, plan="Rest")
    item = f"{scene.notes}/{made['id']}"
    refused(scene.doctor.post(f"{item}/addenda", json={"text": "More"}), 409, "note_not_signed")
    before = signed(scene.doctor, scene.notes, made)
    other = scene.another("doctor")
    for someone, text in ((scene.doctor, "First <\n"), (other, "Second")):
        answer = someone.post(f"{item}/addenda", json={"text": text})
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"].endswith(item)
    shown = scene.doctor.get(item).json["data"]
    assert [(one["text"], one["by"]) for one in shown["addenda"]] == [
        ("First <\n", person(scene.doctor)),
        ("Second", person(other)),
    ]
    assert all(one["at"] for one in shown["addenda"])
    assert shown["signed"] == before["signed"]
    assert {name: shown[name] for name in PARTS} == {name: before[name] for name in PARTS}
    assert shown["version"] == before["version"] + 2
    assert scene.doctor.get(scene.notes).json["data"] == [shown]
    refused(scene.doctor.post(f"{item}/addenda", json={}), 422, "validation_failed", "text")
    refused(scene.nurse.post(f"{item}/addenda", json={"text": "x"}), 403, "forbidden")


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_closed_visit_takes_addenda_and_nothing_else(scene, status):
    draft, done = drafted(scene.doctor, scene.notes), drafted(scene.doctor, scene.notes, plan="Done")
    signed(scene.doctor, scene.notes, done)
    scene.close(status)
    refused(scene.doctor.post(scene.notes, json={"plan": "x"}), 409, "visit_closed")
    item = f"{scene.notes}/{draft['id']}"
    refused(scene.doctor.patch(item, json={"plan": "x", "version": 1}), 409, "visit_closed")
    refused(scene.doctor.post(f"{item}/sign"), 409, "visit_closed")
    assert scene.doctor.post(f"{scene.notes}/{done['id']}/addenda", json={"text": "Later"}).status_code == 201
    assert scene.doctor.delete(f"{item}?reason=unfinished", headers=tag(draft)).status_code == 204


def test_entered_in_error(scene):
    made, kept = drafted(scene.doctor, scene.notes), drafted(scene.doctor, scene.notes, plan="Kept")
    made = signed(scene.doctor, scene.notes, made)
    item = f"{scene.notes}/{made['id']}"
    refused(scene.doctor.delete(item, headers=tag(made)), 422, "validation_failed", "reason")
    refused(scene.doctor.delete(f"{item}?reason=typo"), 428, "version_required")
    refused(scene.doctor.delete(f"{item}?reason=typo", headers={"If-Match": '"1"'}), 412, "stale_version")
    refused(scene.another("doctor").delete(f"{item}?reason=typo", headers=tag(made)), 404, "not_found")
    assert scene.doctor.delete(f"{item}?reason=typo", headers=tag(made)).status_code == 204
    assert scene.doctor.delete(f"{item}?reason=again", headers={"If-Match": '"1"'}).status_code == 204
    assert ids(scene.doctor.get(scene.notes)) == [kept["id"]]
    assert ids(scene.doctor.get(f"{scene.notes}?status=entered_in_error")) == [made["id"]]
    shown = scene.nurse.get(item).json["data"]
    assert (shown["status"], shown["plan"], shown["signed"]) == ("entered_in_error", "Rest", made["signed"])
    assert shown["voided"]["by"] == person(scene.doctor)
    assert shown["voided"]["reason"] == "typo"
    refused(scene.doctor.post(f"{item}/addenda", json={"text": "x"}), 409, "entered_in_error")
    refused(scene.doctor.post(f"{item}/sign"), 409, "entered_in_error")
    refused(scene.doctor.patch(item, json={"plan": "x", "version": 3}), 409, "entered_in_error")


def test_a_signed_note_is_an_error_of_who_signed_it(scene):
    made = signed(scene.doctor, scene.notes, drafted(scene.nurse, scene.notes))
    item = f"{scene.notes}/{made['id']}?reason=wrong"
    refused(scene.nurse.delete(item, headers=tag(made)), 404, "not_found")
    assert scene.doctor.delete(item, headers=tag(made)).status_code == 204


def test_a_note_is_found_below_its_own_visit_only(app, scene):
    made = drafted(scene.doctor, scene.notes)
    other = f"/visits/{make_visit(app, scene.patient.id)}/notes"
    assert ids(scene.doctor.get(other)) == []
    item = f"{other}/{made['id']}"
    refused(scene.doctor.get(item), 404, "not_found")
    refused(scene.doctor.patch(item, json={"plan": "x", "version": 1}), 404, "not_found")
    refused(scene.doctor.post(f"{item}/sign"), 404, "not_found")
    refused(scene.doctor.post(f"{item}/addenda", json={"text": "x"}), 404, "not_found")
    refused(scene.doctor.delete(f"{item}?reason=x", headers=tag(made)), 404, "not_found")


def test_filters(clock, app):
    scene = make_scene(app)
    first = drafted(scene.nurse, scene.notes, plan="Monday")
    clock.shift(300)
    second = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes, plan="Tuesday"))
    both = [first["id"], second["id"]]
    for asked, found in (
        ("status=draft", both[:1]),
        ("status=signed", both[1:]),
        ("from=2026-03-02&to=2026-03-02", both),
        ("from=2026-03-03", []),
        ("from=2026-03-02T08:05:00Z", both[1:]),
        ("to=2026-03-02T08:05:00Z", both[:1]),
        (f"doctor_id={scene.doctor_id}", both[1:]),
        (f"patient_id={scene.patient.id}&visit_id={scene.visit_id}", both),
        (f"patient_id={uuid.uuid4()}", []),
        (f"visit_id={uuid.uuid4()}", []),
        (f"doctor_id={uuid.uuid4()}", []),
        ("sort=-created_at", both[::-1]),
    ):
        assert ids(scene.doctor.get(f"{scene.notes}?{asked}")) == found, asked
    refused(scene.doctor.get(f"{scene.notes}?from=2026-03-03&to=2026-03-02"), 422, "validation_failed", "to")
    refused(scene.doctor.get(f"{scene.notes}?status=done"), 422, "validation_failed", "status")


def test_a_repeated_post_drafts_once(scene):
    key = {"Idempotency-Key": "note-1"}
    first = scene.doctor.post(scene.notes, json={"plan": "Rest"}, headers=key)
    again = scene.doctor.post(scene.notes, json={"plan": "Rest"}, headers=key)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ids(scene.doctor.get(scene.notes)) == [first.json["data"]["id"]]
