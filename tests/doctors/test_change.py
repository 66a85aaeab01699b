"""Admins change, deactivate and bring back doctors; what the calendar stands on is counted."""

import pytest

from server.core.errors import Conflict
from server.modules.doctors import signals
from tests.doctors.support import PUBLIC, WHOLE, add, facts, last_names, look
from tests.factories.database import query
from tests.factories.people import make_user, signed_in
from tests.patients.support import refused


def calendar_version(app):
    return query(app, "SELECT calendar_version FROM doctors")[0]["calendar_version"]


def test_get_edit_put(app, admin):
    made = add(admin, **WHOLE)
    sent = {**made, "city": "Łódź", "specialties": ["neurology"]}
    answer = admin.put(f"/doctors/{made['id']}", json=sent)
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert {**changed, "updated_at": None} == {**sent, "updated_at": None, "version": 2}
    assert admin.get(f"/doctors/{made['id']}").json["data"] == changed


def test_put_sets_back_what_is_missing(admin):
    made = add(admin, **WHOLE)
    bare = admin.put(f"/doctors/{made['id']}", json=facts()).json["data"]
    missing = ("title", "license_number", "bio", "city", "consultation_fee", "timezone", "default_duration_minutes")
    assert [bare[name] for name in missing] == [None] * len(missing)
    assert (bare["specialties"], bare["languages"], bare["status"]) == ([], [], "active")
    refused(admin.put(f"/doctors/{made['id']}", json={"city": "X"}), 422, "validation_failed", "first_name")


def test_put_keeps_the_account_unless_it_is_sent(app, admin):
    user = make_user(app, "doctor")
    path = f"/doctors/{add(admin, user_id=str(user.id))['id']}"
    assert admin.put(path, json=facts(license_number="MA-1")).json["data"]["user_id"] == str(user.id)
    bare = admin.put(path, json=facts(user_id=None)).json["data"]
    assert (bare["user_id"], bare["license_number"]) == (None, None)


def test_patch_changes_what_is_sent_and_finds_by_it(client, admin):
    made = add(admin, **WHOLE)
    path = f"/doctors/{made['id']}"
    answer = admin.patch(path, json={"last_name": "Ødegård", "languages": ["no"], "consultation_fee": "9.99"})
    changed = answer.json["data"]
    same = PUBLIC - {"last_name", "name", "languages", "consultation_fee", "version", "updated_at"}
    assert {name: changed[name] for name in same} == {name: made[name] for name in same}
    for found in ({"q": "odegard"}, {"language": "no"}, {"max_fee": "10"}):
        assert last_names(look(client, "/doctors", **found)) == ["Ødegård"], found
    assert last_names(look(client, "/doctors", q="luczak")) == []
    refused(admin.patch(path, json={"rating": 5}), 422, "read_only", "rating")
    refused(admin.patch(path, json={"name": "A B"}), 422, "read_only", "name")


def test_versions(admin):
    made = add(admin)
    path = f"/doctors/{made['id']}"
    assert admin.patch(path, json={"city": "X"}, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    refused(admin.patch(path, json={"city": "Y"}, headers={"If-Match": '"1"'}), 412, "stale_version")
    refused(admin.patch(path, json={"city": "Y", "version": 1}), 412, "stale_version")
    refused(admin.delete(path, headers={"If-Match": '"1"'}), 412, "stale_version")
    assert admin.get(path).json["data"]["city"] == "X"
    # Specialties lie in another table, and count as well; the same ones again do not.
    for _ in range(2):
        assert admin.patch(path, json={"specialties": ["urology"]}).json["data"]["version"] == 3


def test_a_change_of_the_calendar_is_counted(app, admin):
    made = add(admin)
    path = f"/doctors/{made['id']}"
    for body, expected in (
        ({"city": "X", "bio": "Y"}, 0),
        ({"timezone": "Asia/Kolkata"}, 1),
        ({"timezone": "Asia/Kolkata"}, 1),
        ({"default_duration_minutes": 20}, 2),
        ({"status": "inactive"}, 3),
        ({"status": "inactive"}, 3),
        ({"status": "active", "default_duration_minutes": None}, 5),
    ):
        assert admin.patch(path, json=body).status_code == 200
        assert calendar_version(app) == expected, body


def test_deactivated_and_brought_back(app, client, admin):
    made = add(admin)
    path = f"/doctors/{made['id']}"
    for headers in ({}, {"If-Match": '"77"'}):
        assert admin.delete(path, headers=headers).status_code == 204
    assert calendar_version(app) == 1
    assert look(client, path).status_code == 404
    back = admin.patch(path, json={"status": "active"})
    assert back.json["data"]["status"] == "active"
    assert look(client, path).status_code == 200
    refused(admin.patch(path, json={"status": "gone"}), 422, "validation_failed", "status")
    refused(admin.delete("/doctors/01900000-0000-7000-8000-000000000000"), 404, "not_found")


@pytest.mark.parametrize("way", ["delete", "patch"])
def test_a_receiver_may_veto_and_nothing_has_happened(app, admin, way):
    made = add(admin)
    path = f"/doctors/{made['id']}"
    seen = []

    def veto(_sender, *, doctor, actor):
        seen.append((str(doctor.id), actor.user_id, doctor.calendar_version))
        raise Conflict("Somebody is booked.", appointments=[])

    with signals.deactivating.connected_to(veto):
        answer = admin.delete(path) if way == "delete" else admin.patch(path, json={"status": "inactive", "city": "X"})
        refused(answer, 409, "conflict")
    assert seen == [(made["id"], admin.user.id, 1)]
    assert admin.get(path).json["data"] == made
    assert calendar_version(app) == 0


def test_another_account_is_told(app, admin):
    first, second = make_user(app, "doctor"), make_user(app, "doctor")
    made = add(admin)
    path = f"/doctors/{made['id']}"
    told = []

    def note(_sender, *, doctor):
        told.append(doctor.user_id)

    with signals.account_changed.connected_to(note):
        for user_id in (first.id, first.id, second.id, None):
            answer = admin.patch(path, json={"user_id": user_id and str(user_id)})
            assert answer.status_code == 200, answer.text
    assert told == [first.id, second.id, None]
    refused(admin.patch(path, json={"user_id": str(make_user(app, "nurse").id)}), 422, "validation_failed", "user_id")
    add(admin, user_id=str(second.id))
    refused(admin.patch(path, json={"user_id": str(second.id)}), 409, "already_has_profile", "user_id")


def test_a_closed_account_closes_the_profile_whatever_is_booked(app, client, admin):
    user = make_user(app, "doctor")
    made = add(admin, user_id=str(user.id))

    def veto(_sender, **_rest):
        raise Conflict("Somebody is booked.")

    with signals.deactivating.connected_to(veto):
        assert admin.delete(f"/users/{user.id}").status_code == 204
    shown = admin.get(f"/doctors/{made['id']}").json["data"]
    assert (shown["status"], shown["user_id"]) == ("inactive", str(user.id))
    assert look(client, "/doctors").json["data"] == []
    assert calendar_version(app) == 1
    # Opening the account again does not open the profile: that is an admin's decision of its own.
    assert admin.post(f"/users/{user.id}/reactivate").status_code == 200
    assert admin.get(f"/doctors/{made['id']}").json["data"]["status"] == "inactive"


def test_nobody_else_changes_a_doctor(app, admin):
    owner = signed_in(app, "doctor")
    made = add(admin, user_id=str(owner.user.id))
    for someone in (owner, signed_in(app, "receptionist")):
        refused(someone.patch(f"/doctors/{made['id']}", json={"city": "X"}), 403, "forbidden")
        refused(someone.delete(f"/doctors/{made['id']}"), 403, "forbidden")
