"""Specialties: a catalogue that anybody reads; what is in use is not removed."""

import pytest

from tests.doctors.support import add, look
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.patients.support import refused

UNKNOWN = "/specialties/01900000-0000-7000-8000-000000000000"


def of(client, code):
    (found,) = [one for one in look(client, "/specialties", per_page=100).json["data"] if one["code"] == code]
    return found


def test_a_fresh_clinic_knows_the_usual_ones(client):
    listed = look(client, "/specialties", per_page=100).json["data"]
    codes = [one["code"] for one in listed]
    assert {"general_practice", "cardiology", "dermatology", "pediatrics", "psychiatry"} <= set(codes)
    names = [one["name"] for one in listed]
    assert names == sorted(names, key=lambda name: name.lower().replace(",", ""))
    assert listed[0].keys() == {"id", "code", "name", "created_at", "updated_at", "version"}
    assert [one["code"] for one in look(client, "/specialties", q="throat").json["data"]] == ["otolaryngology"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Sports medicine", "sports_medicine"),
        ("Médecine  de l'adolescent", "medecine_de_ladolescent"),
        ("X" * 100, "x" * 60),
        ("Pain & palliative care (2)", "pain_palliative_care_2"),
    ],
)
def test_a_code_is_made_of_the_name(client, admin, name, code):
    made = admin.post("/specialties", json={"name": name})
    assert made.status_code == 201, made.text
    assert (made.json["data"]["name"], made.json["data"]["code"]) == (name, code)
    assert of(client, code) == made.json["data"]
    assert add(admin, specialties=[code])["specialties"] == [code]


def test_codes_are_slugs_and_unique(admin):
    made = admin.post("/specialties", json={"name": "王", "code": "chinese-medicine"})
    assert made.status_code == 201
    refused(admin.post("/specialties", json={"name": "王"}), 422, "validation_failed", "code")
    taken = admin.post("/specialties", json={"name": "Cardiology"})
    refused(taken, 409, "specialty_taken", "code")
    for code in ("Cardio", "a b", "_a", "a__b", "", "a" * 61, "é", "a\n"):
        refused(admin.post("/specialties", json={"name": "X", "code": code}), 422, "validation_failed", "code")


def test_a_change_reaches_its_doctors(client, admin):
    made = add(admin, specialties=["urology", "cardiology"])
    urology = of(client, "urology")
    answer = admin.patch(f"/specialties/{urology['id']}", json={"code": "andrology", "name": "Andrology"})
    assert (answer.status_code, answer.json["data"]["version"]) == (200, 2)
    assert look(client, f"/doctors/{made['id']}").json["data"]["specialties"] == ["andrology", "cardiology"]
    assert look(client, "/doctors", q="androl").json["meta"]["total"] == 1
    stale = admin.patch(f"/specialties/{urology['id']}", json={"name": "X"}, headers={"If-Match": '"1"'})
    refused(stale, 412, "stale_version")
    refused(admin.patch(f"/specialties/{urology['id']}", json={"code": "cardiology"}), 409, "specialty_taken", "code")
    refused(admin.patch(UNKNOWN, json={"name": "X"}), 404, "not_found")


def test_one_in_use_is_not_removed(app, client, admin):
    made = add(admin, specialties=["urology"])
    urology = of(client, "urology")["id"]
    refused(admin.delete(f"/specialties/{urology}"), 409, "specialty_in_use")
    admin.patch(f"/doctors/{made['id']}", json={"specialties": []})
    for _ in range(2):
        assert admin.delete(f"/specialties/{urology}").status_code == 204
    assert query(app, "SELECT id FROM specialties WHERE code = 'urology'") == []
    refused(
        admin.patch(f"/doctors/{made['id']}", json={"specialties": ["urology"]}),
        422,
        "validation_failed",
        "specialties",
    )


def test_only_admins_write(app):
    doctor = signed_in(app, "doctor")
    refused(doctor.post("/specialties", json={"name": "X"}), 403, "forbidden")
    refused(doctor.delete(UNKNOWN), 403, "forbidden")
