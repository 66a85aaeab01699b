"""Documents: brought in, listed, released, marked as entered in error."""

import uuid

import pytest

from tests.factories.database import audit_rows
from tests.factories.people import make_patient, named
from tests.files.samples import PDF, image
from tests.patients.support import ids, path, refused
from tests.records.documents_support import bring, carer, doctor_of, item, release, send, void, with_chart
from tests.visits.support import walk_in

SHOWN = {
    *("id", "created_at", "updated_at", "version", "patient_id", "patient", "visit_id", "doctor_id", "doctor"),
    *(
        "recorded_by",
        "author",
        "source",
        "status",
        "title",
        "file_name",
        "media_type",
        "size",
        "sha256",
        "has_preview",
        "scan",
    ),
    *("has_preview", "scan", "released", "voided"),
}


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


@pytest.fixture
def doctor(app, patient):
    """Give the patient's doctor."""
    return doctor_of(app, patient)


@pytest.fixture
def nurse(app, patient):
    """Give the patient's nurse."""
    return carer(app, "nurse", patient)


def test_every_field_is_kept(doctor, patient):
    name = "Überweisung <5 µg> O'Brien محمد.PDF"
    answer = send(doctor, patient, name=name, declared="application/pdf", title="Letter & scan <5>")
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert set(made) == SHOWN
    assert (made["title"], made["file_name"], made["media_type"]) == ("Letter & scan <5>", name, "application/pdf")
    assert (made["size"], made["status"], made["source"]) == (len(PDF), "held", "clinic")
    assert (made["has_preview"], made["scan"], made["version"]) == (False, "unscanned", 1)
    assert (made["released"], made["voided"], made["visit_id"]) == (None, None, None)
    assert (made["recorded_by"], made["author"]) == (str(doctor.user.id), named(doctor))
    assert made["patient"] == {
        "id": str(patient.id),
        "name": f"{patient.first_name} {patient.last_name}",
        "mrn": patient.mrn,
    }
    assert made["doctor"]["id"] == made["doctor_id"]
    assert answer.headers["Location"].endswith(item(made))
    assert doctor.get(item(made)).json["data"] == made
    assert doctor.get(path(patient, "documents")).json["data"] == [made]


def test_the_least_is_a_file_whose_name_is_its_title(nurse, patient):
    made = bring(nurse, patient, image("PNG"), "x-ray.png")
    assert (made["title"], made["doctor"], made["has_preview"]) == ("x-ray.png", None, True)


def test_the_client_may_make_the_id_once(doctor, patient):
    chosen = str(uuid.uuid4())
    assert bring(doctor, patient, id=chosen)["id"] == chosen
    refused(send(doctor, patient, id=chosen), 409, "id_taken", "id")


@pytest.mark.parametrize(
    ("fields", "code", "name"),
    [
        ({"title": ""}, "validation_failed", "title"),
        ({"title": "a\nb"}, "validation_failed", "title"),
        ({"title": "<b>x</b>"}, "markup_not_allowed", "title"),
        ({"title": "a\u202eb"}, "validation_failed", "title"),
        ({"title": "x" * 201}, "validation_failed", "title"),
        ({"visit_id": "x"}, "validation_failed", "visit_id"),
        ({"id": "x"}, "validation_failed", "id"),
        ({"colour": "red"}, "validation_failed", "colour"),
        ({"recorded_by": "me"}, "read_only", "recorded_by"),
        ({"status": "released"}, "read_only", "status"),
    ],
)
def test_what_is_not_valid_is_named(doctor, patient, fields, code, name):
    refused(send(doctor, patient, **fields), 422, code, name)
    assert ids(doctor.get(path(patient, "documents"))) == []


def test_json_is_no_form(doctor, patient):
    answer = doctor.post(path(patient, "documents"), json={"title": "x"})
    refused(answer, 415, "unsupported_media_type")


def test_a_document_at_a_visit_is_of_its_doctor(doctor, nurse, patient):
    visit = walk_in(doctor, patient)
    made = bring(nurse, patient, visit_id=visit["id"])
    assert made["visit_id"] == visit["id"]
    assert made["doctor_id"] == visit["doctor_id"]


def test_a_visit_of_another_patient_is_refused(app, doctor, patient):
    other = make_patient(app)
    visit = walk_in(doctor, other)
    refused(send(doctor, patient, visit_id=visit["id"]), 404, "not_found")
    refused(send(doctor, patient, visit_id=uuid.uuid4()), 404, "not_found")


def test_patients_bring_nothing_into_a_visit(app, doctor):
    somebody, chart = with_chart(app)
    visit = walk_in(doctor, chart)
    for visit_id in (visit["id"], uuid.uuid4()):
        refused(send(somebody, chart, visit_id=visit_id), 422, "validation_failed", "visit_id")
    assert doctor.get(path(chart, "documents")).json["data"] == []
    assert bring(somebody, chart)["visit_id"] is None


def test_nothing_is_added_or_released_at_a_closed_visit(doctor, nurse, patient):
    visit = walk_in(doctor, patient)
    made = bring(nurse, patient, visit_id=visit["id"])
    assert doctor.post(f"/visits/{visit['id']}/complete").status_code == 200
    refused(send(nurse, patient, visit_id=visit["id"]), 409, "visit_closed")
    refused(release(doctor, made), 409, "visit_closed")
    assert void(nurse, made).status_code == 204


def test_the_list_is_filtered(clock, doctor, nurse, patient):
    visit = walk_in(doctor, patient)
    at_visit = bring(nurse, patient, visit_id=visit["id"])
    by_doctor = bring(doctor, patient)
    wrong = bring(nurse, patient)
    assert void(nurse, wrong).status_code == 204
    assert release(doctor, by_doctor).status_code == 200
    where = path(patient, "documents")
    for query, expected in (
        ("", [by_doctor, at_visit]),
        ("?sort=created_at", [at_visit, by_doctor]),
        (f"?visit_id={visit['id']}", [at_visit]),
        (f"?doctor_id={by_doctor['doctor_id']}", [by_doctor, at_visit]),
        (f"?doctor_id={uuid.uuid4()}", []),
        (f"?patient_id={patient.id}", [by_doctor, at_visit]),
        (f"?patient_id={uuid.uuid4()}", []),
        ("?status=held", [at_visit]),
        ("?status=released", [by_doctor]),
        ("?status=entered_in_error", [wrong]),
        ("?from=2026-03-02&to=2026-03-02", [by_doctor, at_visit]),
        ("?from=2026-03-03", []),
        ("?to=2026-03-01", []),
        ("?per_page=1&page=2", [at_visit]),
    ):
        assert ids(doctor.get(where + query)) == [one["id"] for one in expected], query
    refused(doctor.get(f"{where}?from=2026-03-02&to=2026-03-01"), 422, "validation_failed", "to")
    refused(doctor.get(f"{where}?status=gone"), 422, "validation_failed", "status")


def test_release_is_once(doctor, nurse, patient):
    made = bring(nurse, patient)
    answer = release(doctor, made)
    assert answer.status_code == 200, answer.text
    data = answer.json["data"]
    assert (data["status"], data["version"]) == ("released", 2)
    assert data["released"]["by"] == named(doctor)
    refused(release(doctor, made), 409, "already_released")


def test_who_may_release_what(app, doctor, nurse, patient):
    technician, colleague, stranger = carer(app, "technician", patient), doctor_of(app, patient), doctor_of(app)
    by_doctor, by_nurse, by_technician = bring(doctor, patient), bring(nurse, patient), bring(technician, patient)
    refused(release(colleague, by_doctor), 404, "not_found")
    refused(release(stranger, by_nurse), 404, "not_found")
    refused(release(nurse, by_nurse), 403, "forbidden")
    assert release(colleague, by_nurse).status_code == 200
    assert release(colleague, by_technician).status_code == 200
    assert release(doctor, by_doctor).status_code == 200
    refused(doctor.post(f"/documents/{uuid.uuid4()}/release"), 404, "not_found")


def test_entered_in_error(doctor, nurse, patient):
    made, kept = bring(nurse, patient), bring(nurse, patient)
    match = {"If-Match": '"1"'}
    refused(nurse.delete(item(made), headers=match), 422, "validation_failed", "reason")
    refused(nurse.delete(f"{item(made)}?reason=typo"), 428, "version_required")
    refused(nurse.delete(f"{item(made)}?reason=typo", headers={"If-Match": '"7"'}), 412, "stale_version")
    refused(doctor.delete(f"{item(made)}?reason=typo", headers=match), 404, "not_found")
    assert nurse.delete(f"{item(made)}?reason=typo", headers=match).status_code == 204
    assert nurse.delete(f"{item(made)}?reason=typo", headers={"If-Match": '"9"'}).status_code == 204
    assert ids(nurse.get(path(patient, "documents"))) == [kept["id"]]
    shown = doctor.get(item(made)).json["data"]
    assert shown["status"] == "entered_in_error"
    assert (shown["voided"]["by"], shown["voided"]["reason"]) == (named(nurse), "typo")
    assert doctor.get(item(made, "content")).data == PDF
    refused(release(doctor, made), 409, "entered_in_error")


def test_an_admin_reads_and_voids_through_broken_glass(as_role, nurse, patient):
    admin, made = as_role("admin"), bring(nurse, patient)
    refused(admin.get(item(made)), 404, "not_found")
    refused(void(admin, made), 404, "not_found")
    assert admin.post(path(patient, "break-glass"), json={"reason": "A complaint"}).status_code == 201
    assert admin.get(item(made, "content")).data == PDF
    refused(send(admin, patient), 403, "forbidden")
    assert void(admin, made).status_code == 204


def test_what_a_patient_sees(app, doctor):
    own, patient = with_chart(app)
    doctor = doctor_of(app, patient)
    held, shown = bring(doctor, patient), bring(doctor, patient)
    for below in ("", "content"):
        refused(own.get(item(held, *filter(None, [below]))), 404, "not_found")
    assert release(doctor, shown).status_code == 200
    assert ids(own.get(path(patient, "documents"))) == [shown["id"]]
    assert own.get(item(shown)).json["data"]["title"] == shown["title"]
    assert own.get(item(shown, "content")).data == PDF
    assert void(doctor, shown, version=2).status_code == 204
    assert ids(own.get(path(patient, "documents"))) == []
    assert ids(own.get(path(patient, "documents") + "?status=entered_in_error")) == []
    for below in ("", "content"):
        refused(own.get(item(shown, *filter(None, [below]))), 404, "not_found")
    refused(own.delete(f"{item(held)}?reason=x", headers={"If-Match": "*"}), 403, "forbidden")


def test_what_a_patient_brings_in_those_who_care_see_at_once(app):
    own, patient = with_chart(app)
    doctor = doctor_of(app, patient)
    made = bring(own, patient, image("JPEG"), "rash.jpg")
    assert (made["source"], made["status"], made["doctor"]) == ("patient", "released", None)
    assert ids(own.get(path(patient, "documents"))) == [made["id"]]
    assert ids(doctor.get(path(patient, "documents"))) == [made["id"]]
    assert doctor.get(item(made, "content")).status_code == 200
    refused(release(doctor, made), 409, "already_released")
    refused(void(doctor, made), 404, "not_found")


def test_charts_of_others_are_nobodys(app, patient):
    own, _ = with_chart(app)
    made = bring(carer(app, "nurse", patient), patient)
    stranger = doctor_of(app)
    for someone in (own, stranger):
        answers = [send(someone, patient), someone.get(item(made)), someone.get(item(made, "content"))]
        answers += [someone.get(item(made, "preview")), someone.get(path(patient, "documents"))]
        for answer in answers:
            refused(answer, 404, "not_found")


def test_a_technician_brings_in_and_does_not_read(app, patient):
    technician = carer(app, "technician", patient)
    made = bring(technician, patient)
    for below in ((), ("content",), ("preview",)):
        refused(technician.get(item(made, *below)), 403, "forbidden")
    refused(technician.get(path(patient, "documents")), 403, "forbidden")
    assert void(technician, made).status_code == 204


def test_a_document_of_another_patient_is_not_found_below_this_one(app, doctor, patient):
    other = make_patient(app)
    nurse = carer(app, "nurse", patient, other)
    made = bring(nurse, other)
    for below in ((), ("content",), ("preview",)):
        refused(nurse.get(path(patient, "documents", made["id"], *below)), 404, "not_found")


def test_on_ones_own_chart_one_is_a_patient(app):
    user_client, _ = with_chart(app)
    both = doctor_of(app)
    patient = make_patient(app, user_id=both.user.id)
    refused(send(both, patient), 403, "own_record")
    refused(both.get(path(patient, "documents")), 403, "own_record")
    assert user_client.get(path(patient, "documents")).status_code == 404


def test_every_fetch_is_recorded(app, doctor, patient):
    made = bring(doctor, patient, image("PNG"), "x.png")
    for below in ("content", "preview"):
        assert doctor.get(item(made, below)).status_code == 200
        row = audit_rows(app)[-1]
        assert row["action"] == {"content": "documents.download", "preview": "documents.preview"}[below]
        assert (str(row["object_id"]), str(row["patient_id"])) == (made["id"], str(patient.id))
        assert row["actor_id"] == doctor.user.id
    assert doctor.head(item(made, "content")).status_code == 200
    assert audit_rows(app)[-1]["action"] == "documents.download"


def test_the_timeline_tells_what_the_patient_may_see(app):
    own, patient = with_chart(app)
    doctor = doctor_of(app, patient)
    held = bring(doctor, patient, title="Held")
    shown, wrong = bring(doctor, patient, title="Shown"), bring(doctor, patient, title="Wrong")
    for one in (shown, wrong):
        assert release(doctor, one).status_code == 200
    assert void(doctor, wrong, version=2).status_code == 204
    mine = bring(own, patient, title="Mine")
    for_both = [("document_released", shown["id"], "Shown"), ("own_document", mine["id"], "Mine")]
    added = [("document_added", one["id"], one["title"]) for one in (held, shown)]
    for someone, expected in ((own, for_both), (doctor, for_both + added)):
        events = [
            (one["kind"], one["object_id"], one["title"])
            for one in someone.get(path(patient, "timeline")).json["data"]
            if one["object_type"] == "document"
        ]
        assert sorted(events) == sorted(expected)


def test_documents_follow_a_merge(app, as_role, doctor, nurse, patient):
    duplicate = make_patient(app)
    made = bring(carer(app, "nurse", duplicate), duplicate)
    admin = as_role("admin")
    assert admin.post(path(patient, "merge"), json={"duplicate_id": str(duplicate.id)}).status_code == 200
    assert ids(doctor.get(path(patient, "documents"))) == [made["id"]]
    assert doctor.get(item(made, "content")).data == PDF
    assert ids(doctor.get(f"{path(duplicate, 'documents')}?patient_id={duplicate.id}")) == [made["id"]]
    assert bring(doctor, duplicate)["patient_id"] == str(patient.id)
