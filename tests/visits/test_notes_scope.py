import pytest

from server.modules.patients.enums import RelationSource
from tests.factories.charts import make_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import ids, path, refused, without_request_id
from tests.visits.notes_support import drafted, make_scene, signed, tag


@pytest.fixture
def scene(app):
    return make_scene(app)


def break_glass(someone, scene):
    answer = someone.post(path(scene.patient, "break-glass"), json={"reason": "Unconscious in the hall"})
    assert answer.status_code == 201, answer.text


def test_patients_read_what_is_signed(scene):
    draft, done = drafted(scene.doctor, scene.notes), drafted(scene.doctor, scene.notes, plan="Done")
    wrong = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes, plan="Wrong chart"))
    signed(scene.doctor, scene.notes, done)
    scene.doctor.post(f"{scene.notes}/{done['id']}/addenda", json={"text": "More"})
    scene.doctor.delete(f"{scene.notes}/{wrong['id']}?reason=chart", headers=tag(wrong))
    for asked in ("", "?status=signed"):
        assert ids(scene.somebody.get(scene.notes + asked)) == [done["id"]]
    for hidden in ("?status=draft", "?status=entered_in_error"):
        assert ids(scene.somebody.get(scene.notes + hidden)) == []
    seen = scene.somebody.get(f"{scene.notes}/{done['id']}").json["data"]
    assert [one["text"] for one in seen["addenda"]] == ["More"]
    nothing = scene.somebody.get(f"{scene.notes}/{scene.visit_id}")
    for hidden in (draft, wrong):
        answer = scene.somebody.get(f"{scene.notes}/{hidden['id']}")
        refused(answer, 404, "not_found")
        assert without_request_id(answer) == without_request_id(nothing)


def test_patients_write_no_notes(scene):
    done = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes))
    item = f"{scene.notes}/{done['id']}"
    refused(scene.somebody.post(scene.notes, json={"plan": "x"}), 403, "forbidden")
    refused(scene.somebody.patch(item, json={"plan": "x", "version": 2}), 403, "forbidden")
    refused(scene.somebody.post(f"{item}/sign"), 403, "forbidden")
    refused(scene.somebody.post(f"{item}/addenda", json={"text": "x"}), 403, "forbidden")
    refused(scene.somebody.delete(f"{item}?reason=x", headers=tag(done)), 403, "forbidden")


def test_another_patient_sees_nothing(app, scene):
    done = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes))
    other = signed_in(app, "patient")
    make_patient(app, user_id=other.user.id)
    refused(other.get(scene.notes), 404, "not_found")
    refused(other.get(f"{scene.notes}/{done['id']}"), 404, "not_found")


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier"])
def test_others_read_no_notes(scene, role):
    refused(scene.another(role).get(scene.notes), 403, "forbidden")


@pytest.mark.parametrize("role", ["doctor", "nurse"])
def test_without_a_relation_there_is_nothing(app, scene, role):
    made = drafted(scene.doctor, scene.notes)
    stranger = signed_in(app, role)
    item = f"{scene.notes}/{made['id']}"
    refused(stranger.get(scene.notes), 404, "not_found")
    refused(stranger.get(item), 404, "not_found")
    refused(stranger.post(scene.notes, json={"plan": "x"}), 404, "not_found")
    refused(stranger.patch(item, json={"plan": "x", "version": 1}), 404, "not_found")
    refused(stranger.delete(f"{item}?reason=x", headers=tag(made)), 404, "not_found")


def test_admins_read_through_broken_glass_and_mark_errors(scene, as_role):
    made, admin = drafted(scene.doctor, scene.notes), as_role("admin")
    item = f"{scene.notes}/{made['id']}"
    refused(admin.get(scene.notes), 404, "not_found")
    refused(admin.delete(f"{item}?reason=x", headers=tag(made)), 404, "not_found")
    break_glass(admin, scene)
    assert ids(admin.get(scene.notes)) == [made["id"]]
    refused(admin.post(scene.notes, json={"plan": "x"}), 403, "forbidden")
    assert admin.delete(f"{item}?reason=wrong+chart", headers=tag(made)).status_code == 204
    assert audit_rows(scene.app)[-1]["break_glass_id"] is not None


def test_through_broken_glass_doctors_read_and_add(scene, as_role):
    done = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes))
    stranger = as_role("doctor")
    break_glass(stranger, scene)
    mine = drafted(stranger, scene.notes, plan="Epinephrine")
    assert ids(stranger.get(scene.notes)) == [done["id"], mine["id"]]
    assert stranger.post(f"{scene.notes}/{done['id']}/addenda", json={"text": "Seen"}).status_code == 201
    item = f"{scene.notes}/{mine['id']}"
    for answer in (
        stranger.patch(item, json={"plan": "x", "version": 1}),
        stranger.post(f"{item}/sign"),
        stranger.delete(f"{item}?reason=x", headers=tag(mine)),
    ):
        refused(answer, 403, "glass_reads_and_adds_only")


def test_on_ones_own_chart_one_is_a_patient(app):
    both = signed_in(app, "doctor", "patient")
    own = make_patient(app, user_id=both.user.id)
    relate(app, own.id, both.user.id, source=RelationSource.CARE_TEAM)
    colleague = signed_in(app, "doctor")
    relate(app, own.id, colleague.user.id)
    notes = f"/visits/{make_visit(app, own.id)}/notes"
    draft, done = drafted(colleague, notes), signed(colleague, notes, drafted(colleague, notes))
    assert ids(both.get(notes)) == [done["id"]]
    refused(both.get(f"{notes}/{draft['id']}"), 404, "not_found")
    refused(both.post(notes, json={"plan": "x"}), 403, "own_record")
    refused(both.post(f"{notes}/{draft['id']}/sign"), 403, "own_record")


def test_the_timeline_tells_of_signatures_and_staff_of_drafts(scene):
    def told(someone):
        found = someone.get(path(scene.patient, "timeline")).json["data"]
        return [one for one in found if one["object_type"] == "note"]

    draft = drafted(scene.doctor, scene.notes, plan="Secret draft")
    assert [(one["kind"], one["object_id"]) for one in told(scene.doctor)] == [("note_drafted", draft["id"])]
    assert told(scene.somebody) == []
    done = signed(scene.doctor, scene.notes, draft)
    for someone in (scene.doctor, scene.somebody):
        (shown,) = told(someone)
        assert (shown["kind"], shown["object_id"], shown["at"]) == ("note_signed", done["id"], done["signed"]["at"])
        assert shown["doctor"]["id"] == str(scene.doctor_id)
        assert "Secret" not in str(shown)
    scene.doctor.delete(f"{scene.notes}/{done['id']}?reason=x", headers=tag(done))
    assert told(scene.doctor) == told(scene.somebody) == []


def test_the_audit_log_names_the_note_and_not_its_text(scene):
    done = signed(scene.doctor, scene.notes, drafted(scene.doctor, scene.notes, plan="Quite private"))
    scene.doctor.post(f"{scene.notes}/{done['id']}/addenda", json={"text": "Also private"})
    rows = [row for row in audit_rows(scene.app) if row["action"].startswith("notes.")]
    assert [row["action"] for row in rows] == ["notes.draft", "notes.sign", "notes.addend"]
    assert {str(row["object_id"]) for row in rows} == {done["id"]}
    assert {str(row["patient_id"]) for row in rows} == {str(scene.patient.id)}
    assert "private" not in str(rows)
