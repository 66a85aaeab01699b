"""Accounts over HTTP: made, read, changed and closed by admins."""

import uuid

import pytest

from tests.factories.database import audit_rows
from tests.factories.people import make_user

NEW = {"email": "Eva.Roth@Example.com", "first_name": "Eva", "last_name": "Roth", "roles": ["nurse"]}


@pytest.fixture
def admin(as_role):
    return as_role("admin", first_name="Ada", last_name="Zimmer")


def made(admin, **changes):
    answer = admin.post("/users", json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_a_new_account_is_answered_with_its_place(admin):
    answer = admin.post("/users", json={**NEW, "username": "eva", "phone": "(617) 555-0100"})
    data = answer.json["data"]
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/api/v1/users/{data['id']}")
    assert answer.headers["ETag"] == f'"{data["version"]}"'
    assert data["email"] == NEW["email"]
    assert (data["username"], data["phone"], data["roles"]) == ("eva", "+16175550100", ["nurse"])
    assert (data["status"], data["mfa_enabled"], data["last_login_at"], data["version"]) == ("invited", False, None, 1)
    assert uuid.UUID(data["id"]).version == 7
    assert admin.get(f"/users/{data['id']}").json["data"] == data


def test_an_id_made_by_the_client_is_kept_and_a_taken_one_refused(admin):
    own = str(uuid.uuid4())
    assert made(admin, id=own)["id"] == own
    again = admin.post("/users", json={**NEW, "id": own, "email": "other@example.com"})
    assert again.status_code == 409
    assert admin.post("/users", json={**NEW, "id": "17", "email": "x@example.com"}).status_code == 422


@pytest.mark.parametrize("email", ["eva.roth@example.com", "EVA.ROTH@EXAMPLE.COM"])
def test_an_address_is_taken_in_any_case(admin, email):
    made(admin)
    answer = admin.post("/users", json={**NEW, "email": email})
    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (409, "email_taken", ["email"])


def test_a_user_name_is_taken_in_any_case(admin):
    made(admin, username="eva")
    other = made(admin, email="other@example.com")
    for answer in (
        admin.post("/users", json={**NEW, "email": "third@example.com", "username": "EVA"}),
        admin.patch(f"/users/{other['id']}", json={"username": "Eva"}),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "username_taken")


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["owner"]}, "roles.0"),
        ({"roles": ["nurse", "nurse"]}, "roles"),
        ({"roles": "nurse"}, "roles"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "<b>Eva</b>"}, "first_name"),
        ({"last_name": "Ro\u202eth"}, "last_name"),
        ({"username": "a b"}, "username"),
        ({"phone": "call me"}, "phone"),
        ({"password": "an admin sets none"}, "password"),
        ({"nickname": "E"}, "nickname"),
    ],
)
def test_what_is_not_valid_is_named(admin, changes, blamed):
    answer = admin.post("/users", json={**NEW, **changes})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [blamed])


@pytest.mark.parametrize(
    "field", ["status", "version", "created_at", "mfa_enabled", "last_login_at", "email_verified_at"]
)
def test_what_only_the_server_writes_is_refused_or_ignored(admin, field):
    user = made(admin)
    value = {"status": "active", "version": 1, "mfa_enabled": True}.get(field, "2026-01-01T00:00:00Z")
    assert admin.post("/users", json={**NEW, "email": "x@example.com", field: value}).json["code"] == "read_only"
    if field != "version":
        refused = admin.patch(f"/users/{user['id']}", json={field: value})
        assert (refused.status_code, refused.json["code"]) == (422, "read_only")
    replaced = admin.put(f"/users/{user['id']}", json={**NEW, field: value})
    assert replaced.status_code == 200
    assert {**replaced.json["data"], "version": 1, "updated_at": ""} == {**user, "updated_at": ""}


def test_get_edit_put_works_and_what_is_left_out_falls_back(admin):
    user = made(admin, username="eva", phone="+16175550100")
    shown = admin.get(f"/users/{user['id']}").json["data"]
    edited = admin.put(f"/users/{user['id']}", json={**shown, "last_name": "Roth-Weiß"})
    assert (edited.status_code, edited.json["data"]["last_name"]) == (200, "Roth-Weiß")
    assert edited.json["data"]["version"] == shown["version"] + 1
    bare = admin.put(f"/users/{user['id']}", json=NEW).json["data"]
    assert (bare["username"], bare["phone"]) == (None, None)
    missing = admin.put(f"/users/{user['id']}", json={k: v for k, v in NEW.items() if k != "roles"})
    assert (missing.status_code, list(missing.json["errors"])) == (422, ["roles"])


def test_patch_changes_only_what_is_sent(admin):
    user = made(admin, username="eva")
    changed = admin.patch(f"/users/{user['id']}", json={"first_name": "Evelyn"}).json["data"]
    assert changed == {**user, "first_name": "Evelyn", "version": 2, "updated_at": changed["updated_at"]}
    assert admin.patch(f"/users/{user['id']}", json={"roles": ["doctor", "nurse"]}).json["data"]["version"] == 3


def test_a_stale_version_changes_nothing(admin):
    user = made(admin)
    path = f"/users/{user['id']}"
    assert admin.patch(path, json={"first_name": "Evelyn"}, headers={"If-Match": '"1"'}).status_code == 200
    for answer in (
        admin.patch(path, json={"first_name": "Eve"}, headers={"If-Match": '"1"'}),
        admin.patch(path, json={"first_name": "Eve", "version": 1}),
        admin.put(path, json={**NEW, "version": 1}),
        admin.patch(path, json={"roles": ["doctor"], "version": 1}),
        admin.delete(path, headers={"If-Match": '"1"'}),
        admin.patch(path, json={"first_name": "Eve", "version": 2}, headers={"If-Match": '"1"'}),
        admin.patch(path, json={"first_name": "Eve"}, headers={"If-Match": "nonsense"}),
    ):
        assert (answer.status_code, answer.json["code"]) == (412, "stale_version")
    shown = admin.get(path).json["data"]
    assert (shown["first_name"], shown["roles"], shown["version"], shown["status"]) == (
        "Evelyn",
        ["nurse"],
        2,
        "invited",
    )
    assert admin.patch(path, json={"first_name": "Eve", "version": 2}).status_code == 200


def test_deleting_closes_the_account_again_and_again(admin, as_role, client):
    nurse = as_role("nurse")
    path = f"/users/{nurse.user.id}"
    assert [admin.delete(path).status_code for _ in range(2)] == [204, 204]
    assert admin.delete(path, headers={"If-Match": '"999"'}).status_code == 204
    assert admin.delete(path).data == b""
    assert admin.get(path).json["data"]["status"] == "deactivated"
    assert nurse.get("/auth/me").status_code == 401
    assert admin.delete(f"/users/{uuid.uuid4()}").status_code == 404


def test_nobody_changes_their_own_roles_or_status(admin, as_role):
    as_role("admin")
    own = f"/users/{admin.user.id}"
    for answer in (admin.patch(own, json={"roles": ["admin", "doctor"]}), admin.delete(own)):
        assert (answer.status_code, answer.json["code"]) == (403, "own_account")
    assert admin.patch(own, json={"first_name": "Adelheid", "roles": ["admin"]}).status_code == 200


def test_the_address_of_an_opened_account_is_not_changed_by_an_admin_alone(app, admin):
    user = make_user(app, "nurse")
    answer = admin.patch(f"/users/{user.id}", json={"email": "else@example.com"})
    assert admin.get(f"/users/{user.id}").json["data"]["email"] == user.email, answer.text


@pytest.mark.parametrize("path", ["/users/17", "/users/0193a3c4-0000-7000-8000-000000000000", "/users/me2"])
def test_an_unknown_account_is_404(admin, path):
    assert [admin.open(method, path, json={}).status_code for method in ("GET", "PATCH", "DELETE")] == [404] * 3


# The list


@pytest.fixture
def staff(app, admin):
    return {
        "mueller": make_user(app, "doctor", first_name="Jörg", last_name="Müller", phone="+16175550199"),
        "oneil": make_user(app, "doctor", "nurse", first_name="Sinéad", last_name="O'Neil"),
        "abel": make_user(app, "cashier", first_name="Tom", last_name="Abel", status="deactivated"),
        "brown": make_user(app, "nurse", first_name="Tom", last_name="Brown", status="invited"),
    }


def names(admin, **query):
    answer = admin.get("/users", query_string=query)
    assert answer.status_code == 200, answer.text
    return [user["last_name"] for user in answer.json["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # Who was deleted leaves the list, and is found when asked for.
        ({}, ["Brown", "Müller", "O'Neil", "Zimmer"]),
        ({"sort": "-last_name"}, ["Zimmer", "O'Neil", "Müller", "Brown"]),
        ({"sort": "created_at"}, ["Zimmer", "Müller", "O'Neil", "Brown"]),
        ({"role": "doctor"}, ["Müller", "O'Neil"]),
        ({"role": "nurse"}, ["Brown", "O'Neil"]),
        ({"role": "technician"}, []),
        ({"status": "active"}, ["Müller", "O'Neil", "Zimmer"]),
        ({"status": "deactivated"}, ["Abel"]),
        ({"role": "nurse", "status": "invited"}, ["Brown"]),
        ({"q": "muller"}, ["Müller"]),
        ({"q": "MÜLLER jorg"}, ["Müller"]),
        ({"q": "oneil"}, ["O'Neil"]),
        ({"q": "tom"}, ["Brown"]),
        ({"q": "tom", "status": "deactivated"}, ["Abel"]),
        ({"q": "tom", "status": "invited"}, ["Brown"]),
        ({"q": "5550199"}, ["Müller"]),
        ({"q": "nobody at all"}, []),
        ({"per_page": 3, "page": 2}, ["Zimmer"]),
        ({"per_page": 2, "page": 9}, []),
    ],
)
def test_the_list_filters_sorts_and_pages(admin, staff, query, expected):
    assert names(admin, **query) == expected


@pytest.mark.parametrize(
    "query", [{"sort": "password"}, {"role": "owner"}, {"status": "gone"}, {"per_page": 101}, {"page": 0}, {"x": 1}]
)
def test_a_wrong_query_is_422(admin, query):
    answer = admin.get("/users", query_string=query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, list(query))


def test_the_cursor_walks_through_all(admin, staff):
    found, query = [], {"per_page": 3}
    while True:
        answer = admin.get("/users", query_string=query).json
        found += [user["last_name"] for user in answer["data"]]
        if not answer["meta"]["next_cursor"]:
            break
        query = {"per_page": 3, "cursor": answer["meta"]["next_cursor"]}
    assert found == ["Brown", "Müller", "O'Neil", "Zimmer"]


def test_roles_are_recorded_before_and_after_and_names_only_by_field(app, admin):
    user = made(admin)
    admin.patch(f"/users/{user['id']}", json={"roles": ["doctor"], "first_name": "Evangeline"})
    row = audit_rows(app)[-1]
    assert (row["action"], row["changed"]) == ("users.update", ["first_name", "roles"])
    assert (row["values_before"], row["values_after"]) == ({"roles": ["nurse"]}, {"roles": ["doctor"]})
    assert (row["version_before"], row["version_after"]) == (1, 2)
