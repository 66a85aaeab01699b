"""What is recorded of a vaccine: every field, whose word it is, and what is refused."""

import uuid
from datetime import UTC, datetime

import pytest

from tests.factories.calendar import make_doctor
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import make_patient, named, relate, signed_in
from tests.patients.support import blamed, ids, refused
from tests.vaccines.support import BORN, DTAP, HBIG, HEP_B, TODAY, dose, item, read, record

WHOLE = {
    "vaccine_code": HEP_B,
    "name": "Engerix-B® 10 µg",
    "status": "completed",
    "not_done_reason": None,
    "administered_on": TODAY,
    "dose_number": 2,
    "lot_number": "AHBVC 12/B",
    "lot_expires_on": "2027-01-31",
    "manufacturer": "O'Neill & Sons 王",
    "site": "left thigh",
    "route": "intramuscular",
    "next_due_on": "2026-06-02",
    "notes": "T <38 °C & well\n\tcried & slept",
}


def test_every_field_is_kept(app, doctor, child):
    answer = doctor.post("/vaccines", json={"patient_id": child["id"], **WHOLE})
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert answer.headers["Location"].endswith(f"/vaccines/{made['id']}")
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert made["patient"] == {"id": child["id"], "name": "Ida Quist", "mrn": child["mrn"]}
    assert (made["doctor"], made["visit_id"], made["source"]) == (None, None, "clinic")
    assert made["administered_by"] == made["recorded_by"] == str(doctor.user.id)
    assert (made["version"], made["voided"]) == (1, None)
    assert made["validity"]["status"] == "valid"
    assert read(doctor, made) == made


def test_the_least_is_whom_what_and_when(doctor, child):
    made = record(doctor, child, DTAP)
    assert (made["name"], made["status"], made["source"]) == ("DTaP", "completed", "clinic")


def test_the_name_is_free_text_beside_the_code(doctor, child):
    assert record(doctor, child, HEP_B, name="Hepatitis B, given at home")["name"] == "Hepatitis B, given at home"


def test_the_client_may_bring_the_id(doctor, child):
    brought = str(uuid.uuid4())
    assert record(doctor, child, id=brought)["id"] == brought
    refused(doctor.post("/vaccines", json=dose(child, id=brought)), 409, "id_taken")


@pytest.mark.parametrize("code", ["8", "abc", "0008", " 08", "08 ", "٠٨", ""])
def test_what_is_no_code(doctor, child, code):
    refused(doctor.post("/vaccines", json=dose(child, code)), 422, "validation_failed", "vaccine_code")


@pytest.mark.parametrize("code", ["00", "99", "124", "777"])
def test_a_code_that_is_not_in_the_list(doctor, child, code):
    refused(doctor.post("/vaccines", json=dose(child, code)), 422, "validation_failed", "vaccine_code")


def test_who_gave_it_is_the_session_s_to_say(doctor, child):
    for name in ("administered_by", "recorded_by", "validity", "voided", "doctor_id"):
        answer = doctor.post("/vaccines", json=dose(child, **{name: str(uuid.uuid4())}))
        refused(answer, 422, "read_only", name)


def test_what_was_given_elsewhere_was_given_by_nobody_here(doctor, child):
    made = record(doctor, child, source="reported")
    assert (made["source"], made["administered_by"], made["recorded_by"]) == ("reported", None, str(doctor.user.id))
    assert (made["vaccinator"], made["author"]) == (None, named(doctor))
    refused(doctor.post("/vaccines", json=dose(child, source="imported")), 422, "validation_failed", "source")


def test_what_was_not_given_says_why(doctor, child):
    refused(doctor.post("/vaccines", json=dose(child, status="not_done")), 422, "validation_failed", "not_done_reason")
    made = record(doctor, child, status="not_done", not_done_reason="Parents refuse")
    assert (made["status"], made["not_done_reason"]) == ("not_done", "Parents refuse")
    assert (made["validity"], made["administered_by"]) == (None, None)
    answer = doctor.post("/vaccines", json=dose(child, not_done_reason="Parents refuse"))
    refused(answer, 422, "validation_failed", "not_done_reason")
    refused(doctor.post("/vaccines", json=dose(child, status="entered_in_error")), 422, "validation_failed", "status")


def test_the_code_for_nothing_given(doctor, child):
    refused(doctor.post("/vaccines", json=dose(child, "998")), 422, "validation_failed", "vaccine_code")
    assert record(doctor, child, "998", status="not_done", not_done_reason="Fever")["status"] == "not_done"


def test_one_s_own_is_neither_before_birth_nor_in_the_future(doctor, child):
    for wrong in ("2026-03-03", "2025-11-30"):
        refused(doctor.post("/vaccines", json=dose(child, on=wrong)), 422, "validation_failed", "administered_on")
    for right in (TODAY, BORN):
        assert record(doctor, child, on=right)["administered_on"] == right


def test_what_was_decided_not_to_be_given_was_decided_by_now(doctor, child):
    late = dose(child, on="2026-03-03", status="not_done", not_done_reason="Fever", source="reported")
    refused(doctor.post("/vaccines", json=late), 422, "validation_failed", "administered_on")


@pytest.mark.parametrize(("on", "reason"), [("2026-03-03", "in_future"), ("2025-11-30", "before_birth")])
def test_by_report_it_is_kept_and_does_not_count(doctor, child, on, reason):
    made = record(doctor, child, on=on, source="reported")
    assert made["validity"] == {"status": "not_valid", "reason": reason}


def test_today_is_the_clinic_s_day(app, clock):
    # Half an hour before midnight in UTC it is the next day in Berlin.
    clock.move_to(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    nurse, patient = signed_in(app, "nurse"), make_patient(app)
    relate(app, patient.id, nurse.user.id)
    assert record(nurse, patient, on="2026-03-03")["administered_on"] == "2026-03-03"
    refused(nurse.post("/vaccines", json=dose(patient, on="2026-03-04")), 422, "validation_failed", "administered_on")


def test_one_s_own_from_an_expired_lot(doctor, child):
    expired = dose(child, lot_expires_on="2026-03-01")
    refused(doctor.post("/vaccines", json=expired), 422, "validation_failed", "lot_expires_on")
    assert record(doctor, child, lot_expires_on=TODAY)["validity"]["status"] == "valid"


def test_an_expired_lot_by_report_is_sub_standard(doctor, child):
    made = record(doctor, child, lot_expires_on="2026-03-01", source="reported")
    assert made["validity"] == {"status": "sub_standard", "reason": "expired_lot"}


def test_what_no_schedule_knows_says_so(doctor, child):
    assert record(doctor, child, HBIG)["validity"] == {"status": "extraneous", "reason": "not_in_schedule"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("administered_on", "spring"),
        ("administered_on", "1899-12-31"),
        ("administered_on", "2200-01-01"),
        ("next_due_on", "2026-03-01"),
        ("dose_number", 0),
        ("dose_number", 100),
        ("dose_number", "1"),
        ("name", "<b>x</b>"),
        ("lot_number", "x" * 61),
        ("visit_id", "nope"),
        ("colour", "red"),
    ],
)
def test_what_is_not_valid_is_refused(doctor, child, field, value):
    answer = doctor.post("/vaccines", json=dose(child, **{field: value}))
    assert answer.status_code == 422, answer.text
    assert blamed(answer) == {field}


def test_it_is_said_for_whom(doctor):
    body = {"vaccine_code": HEP_B, "administered_on": TODAY}
    refused(doctor.post("/vaccines", json=body), 422, "validation_failed", "patient_id")


# At a visit


def test_at_a_visit_the_patient_is_the_visit_s(app, doctor, child):
    keeper = make_doctor(app)
    visit = str(make_visit(app, uuid.UUID(child["id"]), keeper.id))
    body = {"visit_id": visit, "vaccine_code": HEP_B, "administered_on": TODAY}
    answer = doctor.post("/vaccines", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert (made["patient_id"], made["visit_id"]) == (child["id"], visit)
    assert made["doctor"] == {"id": str(keeper.id), "name": keeper.name}
    assert made["doctor_id"] == str(keeper.id)


def test_what_is_given_at_a_visit_is_given_on_its_day(app, doctor, child):
    # Half past midnight in Berlin, where the clinic of tests is.
    visit = str(make_visit(app, uuid.UUID(child["id"]), started_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC)))
    for refusal in ({}, {"status": "not_done", "not_done_reason": "Fever"}):
        early = dose(child, on="2026-02-28", visit_id=visit, **refusal)
        refused(doctor.post("/vaccines", json=early), 422, "validation_failed", "administered_on")
    made = record(doctor, child, on="2026-03-01", visit_id=visit)
    for verb, body in (("PATCH", {}), ("PUT", {"vaccine_code": HEP_B})):
        answer = doctor.open(verb, item(made), json={**body, "administered_on": "2026-02-28", "version": 1})
        refused(answer, 422, "validation_failed", "administered_on")
    assert record(doctor, child, on="2026-01-15", visit_id=visit, source="reported")["administered_on"] == "2026-01-15"


def test_another_patient_s_visit(app, doctor, child):
    visit = str(make_visit(app, make_patient(app).id))
    refused(doctor.post("/vaccines", json=dose(child, visit_id=visit)), 404, "not_found")
    refused(doctor.post("/vaccines", json=dose(child, visit_id=str(uuid.uuid4()))), 404, "not_found")


def test_a_closed_visit_takes_nothing_more(app, doctor, child):
    visit = make_visit(app, uuid.UUID(child["id"]))
    made = record(doctor, child, visit_id=str(visit))
    set_visit(app, visit, status="completed")
    refused(doctor.post("/vaccines", json=dose(child, visit_id=str(visit))), 409, "visit_closed")
    for verb, body in (("PATCH", {"notes": "late"}), ("PUT", {"vaccine_code": HEP_B, "administered_on": TODAY})):
        refused(doctor.open(verb, item(made), json={**body, "version": 1}), 409, "visit_closed")
    assert read(doctor, made) == made
    # What was an error was one whether or not the visit is over.
    answer = doctor.delete(f"{item(made)}?reason=typo", headers={"If-Match": '"1"'})
    assert answer.status_code == 204
    assert ids(doctor.get("/vaccines")) == []


def test_sent_again_with_its_key_it_is_one_dose(doctor, child):
    sent = [doctor.post("/vaccines", json=dose(child), headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [one.status_code for one in sent] == [201, 201]
    assert sent[1].headers["Idempotency-Replayed"] == "true"
    assert ids(doctor.get("/vaccines")) == [sent[0].json["data"]["id"]]
