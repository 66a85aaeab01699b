"""Consultations beside each other: each is there as a whole, or not at all."""

from tests.chart.clinic import counts, make_clinic, whole
from tests.factories.calendar import at, written
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import make_patient, relate
from tests.patients.test_races import at_once, send

ROUNDS = 3


def test_of_those_who_want_one_time_one_consultation_is_stored(live_server, app):
    clinic = make_clinic(app)
    for day in range(1, ROUNDS + 1):
        before, bodies = counts(app), []
        visits = []
        for _ in range(4):
            patient = make_patient(app)
            relate(app, patient.id, clinic.doctor.user.id)
            visits.append(make_visit(app, patient.id, clinic.doctor_id))
            bodies.append({**whole(clinic), "follow_up": {"starts_at": written(at(day))}})
        answers = at_once(
            4, lambda n, v=visits, b=bodies: send(live_server, clinic.doctor, "POST", f"/visits/{v[n]}/chart", b[n])
        )
        assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
        assert {body[0]["code"] for status, body in answers if status == 409} == {"slot_taken"}
        added = {name: count - before[name] for name, count in counts(app).items()}
        assert (added["treatments"], added["visit_diagnoses"], added["appointments"]) == (3, 3, 1)


def test_two_who_rewrite_one_visit_by_the_same_version(live_server, app):
    clinic = make_clinic(app)
    set_visit(app, clinic.visit_id, chief_complaint="Cough")
    for number in range(ROUNDS):
        version = clinic.doctor.get(clinic.visit).json["data"]["version"]
        bodies = [
            {"visit": {"chief_complaint": f"{number} {word}"}, "note": {"plan": word}, "version": version}
            for word in ("one", "two")
        ]
        before = counts(app)["visit_notes"]
        answers = at_once(2, lambda n, b=bodies: send(live_server, clinic.doctor, "POST", clinic.chart, b[n]))
        assert sorted(status for status, _ in answers) == [201, 412], answers
        assert counts(app)["visit_notes"] == before + 1
        won = next(number for number, (status, _) in enumerate(answers) if status == 201)
        shown = clinic.doctor.get(clinic.visit).json["data"]
        assert shown["chief_complaint"] == bodies[won]["visit"]["chief_complaint"]
        assert shown["version"] == version + 1


def test_a_consultation_beside_the_end_of_its_visit(live_server, app):
    clinic = make_clinic(app)
    for _ in range(ROUNDS):
        visit_id = make_visit(app, clinic.patient.id, clinic.doctor_id)
        acts = [("complete", {}), ("chart", {"note": {"plan": "Rest"}, "procedures": [{"name": "ECG"}]})]
        before = counts(app)
        answers = at_once(
            2, lambda n, v=visit_id, a=acts: send(live_server, clinic.doctor, "POST", f"/visits/{v}/{a[n][0]}", a[n][1])
        )
        assert answers[0][0] == 200
        assert answers[1][0] in (201, 409)
        stored = int(answers[1][0] == 201)
        after = counts(app)
        assert (after["visit_notes"], after["procedures"]) == (
            before["visit_notes"] + stored,
            before["procedures"] + stored,
        )
