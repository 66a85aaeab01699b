"""The printed summary of a visit: what a doctor hands to the patient, and what never stands in it."""

import uuid
from typing import Any

import pypdfium2
import pytest
from fpdf import FPDF

from server.core.clock import today
from server.core.pdf import Printout, paper_of
from tests.chart.clinic import Clinic, make_clinic, measured, whole
from tests.factories.charts import set_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import path, refused


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def pages_of(document: bytes) -> list[str]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        return [page.get_textpage().get_text_range() for page in pdf]
    finally:
        pdf.close()


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(" ".join(pages_of(answer.data)).split())


def noted(someone: Any, clinic: Clinic, *, sign: bool = True, **parts: str) -> dict[str, Any]:
    note = someone.post(f"{clinic.visit}/notes", json=parts).json["data"]
    if sign:
        assert someone.post(f"{clinic.visit}/notes/{note['id']}/sign").status_code == 200
    return note


def test_all_that_stands_is_printed(app, clinic):
    doctor = clinic.doctor
    head = {"name": "Praxis am Grünen Weg", "address": {"line1": "Grüner Weg 5 & 7", "city": "Berlin"}}
    head["letterhead"] = "<p>Dr. <b>Ida Quist</b> &amp; partners</p>"
    assert signed_in(app, "admin").patch("/clinic", json=head).status_code == 200
    data = doctor.post(clinic.chart, json=whole(clinic)).json["data"]
    note = noted(doctor, clinic, assessment="BP <90/60 & K+ >5.5", plan="See O'Brien, µg not mg")
    doctor.post(f"{clinic.visit}/notes/{note['id']}/addenda", json={"text": "The culture came back."})
    vaccine = {"patient_id": str(clinic.patient.id), "visit_id": str(clinic.visit_id), "vaccine_code": "08"}
    with app.app_context():
        vaccine["administered_on"] = str(today())
    given = doctor.post("/vaccines", json=vaccine)
    assert given.status_code == 201, given.text
    performed = data["procedures"][0]["id"]
    doctor.post(f"/procedures/{performed}/perform", json={"outcome": "FEV1 82 %", "complications": "None"})
    assert doctor.post(f"{clinic.visit}/complete").status_code == 200
    answer = doctor.get(f"{clinic.visit}/summary.pdf")
    text = text_of(answer)
    number = data["visit"]["number"]
    for said in (
        *("Praxis am Grünen Weg", "Grüner Weg 5 & 7, Berlin", "Dr. Ida Quist & partners"),
        *(number, clinic.patient.mrn, clinic.patient.last_name, clinic.doctor_name, "1 January 1980", "Female"),
        *("Cough <3 days & fever", "J45.909", "Unspecified asthma, uncomplicated", "Tired of coughing <3"),
        *("Heart rate 72 /min", "Blood pressure 128/82 mmHg", "37.0 °C (as taken: 98.6 °F)", "Sitting"),
        *("BP <90/60 & K+ >5.5", "See O'Brien, µg not mg", "Signed by", "The culture came back.", "Added by"),
        *("Inhalation Planned", "Dressing In progress", "O'Brien said so"),
        *("Spirometry Performed", "Outcome: FEV1 82 %", "Complications: None", "Chest X-ray Ordered", "Reason: Fever"),
        *("Vaccines", given.json["data"]["name"][:20], "Drink 2 l", "What follows", "Follow up"),
    ):
        assert said in text, said
    assert "<p>" not in text
    assert "Coughs" not in text, "the draft"
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=\"visit-{number}.pdf\"; filename*=UTF-8''visit-{number}.pdf"
    )
    assert answer.headers["Cache-Control"] == "no-store"


def titled(app: Any, clinic: Clinic, title: str) -> None:
    """Give the doctor of the visit a title."""
    admin = signed_in(app, "admin")
    version = admin.get(f"/doctors/{clinic.doctor_id}").json["data"]["version"]
    changed = admin.patch(f"/doctors/{clinic.doctor_id}", json={"title": title, "version": version})
    assert changed.status_code == 200, changed.text


def printed(someone: Any, clinic: Clinic) -> str:
    return text_of(someone.get(f"{clinic.visit}/summary.pdf"))


def test_who_wrote_and_who_signed_is_told_with_their_titles(app, clinic):
    titled(app, clinic, "Dr. med.")
    drafted = noted(clinic.nurse, clinic, sign=False, plan="Rest")
    where = f"{clinic.visit}/notes/{drafted['id']}"
    assert clinic.doctor.post(f"{where}/sign").status_code == 200
    assert clinic.doctor.post(f"{where}/addenda", json={"text": "No growth."}).status_code == 201
    ordered = clinic.doctor.post("/procedures", json={"visit_id": str(clinic.visit_id), "name": "ECG"}).json["data"]
    assert clinic.doctor.post(f"/procedures/{ordered['id']}/perform").status_code == 200
    text = printed(clinic.doctor, clinic)
    doctor, nurse = (f"{one.user.first_name} {one.user.last_name}" for one in (clinic.doctor, clinic.nurse))
    assert f"Doctor Dr. med. {clinic.doctor_name}" in text
    assert f"Drafted by {nurse}. Signed by Dr. med. {doctor}," in text
    assert f"Added by Dr. med. {doctor}," in text
    assert f"Performed by: Dr. med. {doctor}" in text


def test_who_signs_their_own_note_is_named_once(clinic):
    noted(clinic.doctor, clinic, plan="Rest")
    text = printed(clinic.doctor, clinic)
    assert "Signed by" in text
    assert "Drafted by" not in text


def test_the_notes_on_the_visit_are_printed_for_the_patient_once_it_is_completed(clinic):
    sent = {"visit": {"notes": "Came with her daughter.\nAn interpreter helped."}}
    assert clinic.doctor.post(clinic.chart, json=sent).status_code == 201
    refused(clinic.somebody.get(f"{clinic.visit}/summary.pdf"), 404, "not_found")
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    for someone in (clinic.somebody, clinic.doctor):
        assert "Notes on the visit Came with her daughter. An interpreter helped." in printed(someone, clinic)


def test_what_a_treatment_used_is_printed_once_it_is_completed(clinic):
    used = [{"item_id": str(clinic.item_id), "quantity": 2}]
    sent = {"treatments": [{"name": "Dressing", "items_used": used, "notes": "Dry."}]}
    (treatment,) = clinic.doctor.post(clinic.chart, json=sent).json["data"]["treatments"]
    assert "Used:" not in printed(clinic.doctor, clinic)
    assert clinic.doctor.post(f"/treatments/{treatment['id']}/complete").status_code == 200
    item = treatment["items_used"][0]
    assert f"Dressing Used: {item['name']} (2 {item['unit']}) Dry." in printed(clinic.doctor, clinic)


def test_how_a_vaccine_was_given_is_printed(app, clinic):
    with app.app_context():
        dose = {"visit_id": str(clinic.visit_id), "administered_on": str(today())}
    how = {"route": "intramuscular", "site": "left arm", "lot_number": "A1", "manufacturer": "Acme", "dose_number": 2}
    given = clinic.doctor.post("/vaccines", json={**dose, **how, "vaccine_code": "08", "notes": "Well tolerated."})
    assert given.status_code == 201, given.text
    refusal = {"status": "not_done", "not_done_reason": "Fever"}
    assert clinic.doctor.post("/vaccines", json={**dose, **refusal, "vaccine_code": "115"}).status_code == 201
    text = printed(clinic.doctor, clinic)
    assert "dose 2, lot A1, by Acme, route intramuscular, site left arm" in text
    assert f"{given.json['data']['name']} Well tolerated." in text
    assert "Tdap Fever" in text


def test_what_follows_says_why(clinic):
    assert clinic.doctor.post(clinic.chart, json={"follow_up": whole(clinic)["follow_up"]}).status_code == 201
    assert "Is it better?" in printed(clinic.doctor, clinic)


def test_what_to_do_stands_before_what_was_found(clinic):
    assert clinic.doctor.post(clinic.chart, json=whole(clinic)).status_code == 201
    text = printed(clinic.doctor, clinic)
    said = ("Printed", "Diagnoses", "Instructions", "What follows", "Vital signs", "Procedures", "Where the usual")
    places = [text.index(one) for one in said]
    assert places == sorted(places)


def test_a_few_lines_on_a_last_page_go_onto_the_one_before(clinic, monkeypatch):
    sent = {"visit": {"notes": "\n".join(f"Line {number}." for number in range(41))}}
    assert clinic.doctor.post(clinic.chart, json=sent).status_code == 201
    where = f"{clinic.visit}/summary.pdf"
    together = len(pages_of(clinic.doctor.get(where).data))
    monkeypatch.setattr(Printout, "spills_over", False)
    assert (len(pages_of(clinic.doctor.get(where).data)), together) == (2, 1)


def test_each_usual_range_names_its_source_on_a_line_of_its_own(clinic):
    taken = clinic.doctor.post(clinic.chart, json={"vitals": measured()}).json["data"]["vitals"]["measurements"]
    (page,) = pages_of(clinic.doctor.get(f"{clinic.visit}/summary.pdf").data)
    lines = [" ".join(line.split()) for line in page.splitlines()]
    sources = {one["kind"]: one["range"]["source"] for one in taken}
    assert f"Heart rate: {sources['heart_rate']}." in lines
    assert f"Temperature: {sources['temperature']}." in lines
    assert f"Blood pressure, diastolic: {sources['diastolic']}." in lines


@pytest.mark.parametrize("status", ["cancelled", "entered_in_error"])
def test_a_visit_that_did_not_take_place_is_not_still_open(app, clinic, status):
    assert "Ended still open" in printed(clinic.doctor, clinic)
    set_visit(app, clinic.visit_id, status=status)
    text = printed(clinic.doctor, clinic)
    assert "Ended \N{EN DASH}" in text
    assert "still open" not in text


def test_the_lines_of_a_list_stand_apart():
    tight, loose = (Printout(title="A print", footer_text="P1", author="A clinic") for _ in range(2))
    tight.text_of("One\nTwo\nThree")
    loose.rich("<ul><li>One</li><li>Two</li><li>Three</li></ul>")

    def gap(printout: Printout) -> float:
        page = pypdfium2.PdfDocument(printout.finished())[0].get_textpage()
        tops = [page.get_charbox(page.get_text_range().index(word))[3] for word in ("Two", "Three")]
        return tops[0] - tops[1]

    assert gap(loose) > gap(tight) + 2


def test_a_draft_never_appears_and_neither_does_what_was_an_error(clinic):
    doctor = clinic.doctor
    noted(doctor, clinic, sign=False, plan="Draft of a plan")
    wrong = noted(doctor, clinic, plan="Wrong patient")

    def strike(where: str) -> None:
        version = doctor.get(where).json["data"]["version"]
        tag = {"If-Match": f'"{version}"'}
        answer = doctor.delete(where, query_string={"reason": "typo"}, headers=tag)
        assert answer.status_code == 204, answer.text

    strike(f"{clinic.visit}/notes/{wrong['id']}")
    data = doctor.post(
        clinic.chart,
        json={
            "vitals": measured(notes="Of somebody else"),
            "treatments": [{"name": "Wrong dressing"}],
            "procedures": [{"name": "Wrong ECG"}, {"name": "Called off"}],
        },
    ).json["data"]
    strike(f"/vitals/{data['vitals']['id']}")
    strike(f"/treatments/{data['treatments'][0]['id']}")
    strike(f"/procedures/{data['procedures'][0]['id']}")
    doctor.post(f"/procedures/{data['procedures'][1]['id']}/cancel", json={"reason": "Not needed"})
    text = text_of(doctor.get(f"{clinic.visit}/summary.pdf"))
    for struck in ("Draft", "Wrong", "somebody else", "Called off", "Heart rate"):
        assert struck not in text, struck


def test_who_has_it_and_when(app, clinic):
    where = f"{clinic.visit}/summary.pdf"
    refused(clinic.somebody.get(where), 404, "not_found")
    for someone in (clinic.doctor, clinic.nurse):
        assert "Preliminary: this visit is not completed." in text_of(someone.get(where))
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    theirs = text_of(clinic.somebody.get(where))
    assert clinic.patient.mrn in theirs
    assert "Preliminary" not in theirs
    other = make_user(app, "patient")
    make_patient(app, user_id=other.id)
    for stranger in (signed_in(app, user=other), signed_in(app, "doctor"), signed_in(app, "admin")):
        refused(stranger.get(where), 404, "not_found")
    for role in ("receptionist", "technician", "pharmacist", "cashier"):
        refused(signed_in(app, role).get(where), 403, "forbidden")
    refused(clinic.doctor.get(f"/visits/{uuid.uuid4()}/summary.pdf"), 404, "not_found")
    set_visit(app, clinic.visit_id, status="entered_in_error")
    refused(clinic.somebody.get(where), 404, "not_found")
    assert "entered in error" in text_of(clinic.doctor.get(where))


def test_every_reader_is_on_record(app, clinic):
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    for someone in (clinic.doctor, clinic.somebody):
        assert someone.get(f"{clinic.visit}/summary.pdf").status_code == 200
        row = audit_rows(app)[-1]
        assert (row["action"], row["actor_id"], row["object_id"], row["patient_id"], row["outcome"]) == (
            "visits.print_summary",
            someone.user.id,
            clinic.visit_id,
            clinic.patient.id,
            "success",
        )
    log = clinic.somebody.get(path(clinic.patient, "access-log")).json["data"]
    assert "visits.print_summary" in {one["action"] for one in log}
    head = clinic.doctor.head(f"{clinic.visit}/summary.pdf")
    assert (head.status_code, head.data, head.mimetype) == (200, b"", "application/pdf")


def test_every_page_says_whose_it_is_and_what_does_not_fit_on_one_goes_on(app, clinic):
    patient = make_patient(app, first_name="Zoë محمد", last_name="O'Neill-Łuczak 🦊")
    relate(app, patient.id, clinic.doctor.user.id)
    set_visit(app, clinic.visit_id, patient_id=patient.id)
    for part in ("objective", "plan"):
        noted(clinic.doctor, clinic, **{part: f"{part} of many words\n\n\t" * 300 + "the end of it"})
    treatment = {"name": "x" * 200, "notes": "y" * 10_000}
    assert clinic.doctor.post(clinic.chart, json={"treatments": [treatment]}).status_code == 201
    pages = pages_of(clinic.doctor.get(f"{clinic.visit}/summary.pdf").data)
    assert len(pages) > 8
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert patient.mrn in page
        assert "O'Neill-Łuczak [fox face]" in page
    text = " ".join(pages)
    assert text.count("the end of it") == 2
    assert text.count("y") > 10_000


def test_what_the_typeface_lacks_is_told():
    printout = Printout(title="A print", footer_text="王 · P1", author="A clinic")
    printout.text_of("Fever 38 °C, µg, ≥ 3, Ω, שלום, مرحبا")
    assert not printout.has_boxes
    printout.text_of("A fox 🦊 and 👩‍🔬")
    printout.text_of("王")
    printout.rich("<p>&#x1F98A; &lt;b&gt; &amp; 王</p>")
    (page,) = pages_of(printout.finished())
    assert "Fever 38 °C, µg, ≥ 3, Ω" in page
    assert "A fox [fox face] and [woman][microscope]" in page.replace("\u200d", "")
    assert "[fox face] <b> & □" in page
    assert "□ stands for a character that this print has no letter for" in page
    assert "□ · P1" in page


@pytest.mark.parametrize(
    "markup",
    [
        "<p>One<br>two</p><ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
        "<blockquote><blockquote><ul><li><p>q</p></li></ul></blockquote></blockquote>",
        "<li>alone</li>",
        "<ul>no line</ul>",
        "<b><i><u>all</u></i></b><em></em><p></p>",
        "no tag at all &lt;3",
    ],
)
def test_rich_text_of_any_shape_is_printed(markup):
    printout = Printout(title="A print", footer_text="P1", author="A clinic")
    printout.rich(markup)
    (page,) = pages_of(printout.finished())
    words = ("One", "q", "alone", "no line", "all", "no tag at all <3")
    assert any(word in page for word in words)


def test_rich_text_without_tags_keeps_its_lines_and_its_letters():
    printout = Printout(title="A print", footer_text="P1", author="A clinic")
    printout.rich("Drink 2 l\nStay in bed\n\nCall if >39 &amp; rising")
    (page,) = pages_of(printout.finished())
    assert page.splitlines()[:3] == ["Drink 2 l", "Stay in bed", "Call if >39 & rising"]


def test_lines_between_tags_are_those_of_the_tags():
    printout = Printout(title="A print", footer_text="P1", author="A clinic")
    printout.rich("<p>Drink\n2 l</p>")
    assert "Drink 2 l" in pages_of(printout.finished())[0]


def test_the_files_of_the_typeface_are_read_once_and_no_print_knows_of_another(monkeypatch):
    Printout(title="A print", footer_text="P1", author="A clinic").rich("<em>All</em>")
    monkeypatch.setattr(FPDF, "add_font", None)
    prints = []
    for text in ("Abc", "Xyz <b>bold</b> <em>slanted <b>both</b></em>"):
        printout = Printout(title="A print", footer_text="P1", author="A clinic")
        printout.rich(f"<p>{text}</p>")
        prints.append(printout)
    first, second = prints
    assert "Xyz bold slanted both" in pages_of(second.finished())[0]
    (page,) = pages_of(first.finished())
    assert page.startswith("Abc")
    assert len(first.output()) < len(second.output())


def test_paper_is_that_of_the_country():
    assert (paper_of("US"), paper_of("DE")) == ("letter", "A4")


def test_a_summary_without_anything_is_a_page(clinic):
    assert len(pages_of(clinic.doctor.get(f"{clinic.visit}/summary.pdf").data)) == 1
