"""An admin always remains, whoever leaves and however many try at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.database import query
from tests.factories.people import API, make_user, signed_in


def admins_left(app):
    return query(
        app,
        "SELECT count(*) AS n FROM users JOIN user_roles ON user_roles.user_id = users.id"
        " WHERE role = 'admin' AND status = 'active'",
    )[0]["n"]


@pytest.mark.parametrize("way", ["demoted", "replaced", "deactivated"])
def test_the_last_admin_stays(app, way):
    # The caller was the other admin a moment ago, so the one who is asked about is the last.
    caller, last = signed_in(app, "admin"), make_user(app, "admin")
    query(app, "UPDATE users SET status = 'locked' WHERE email = :email", email=caller.user.email)
    path = f"/users/{last.id}"
    facts = {"email": last.email, "first_name": "A", "last_name": "B", "roles": ["nurse"]}
    answer = {
        "demoted": lambda: caller.patch(path, json={"roles": ["doctor"]}),
        "replaced": lambda: caller.put(path, json=facts),
        "deactivated": lambda: caller.delete(path),
    }[way]()
    assert (answer.status_code, answer.json["code"]) == (409, "last_admin")
    assert admins_left(app) == 1
    assert caller.patch(path, json={"roles": ["admin", "doctor"]}).status_code == 200


def test_an_admin_who_never_signed_in_does_not_count(app):
    caller, last = signed_in(app, "admin"), make_user(app, "admin")
    make_user(app, "admin", status="invited")
    make_user(app, "admin", status="deactivated")
    query(app, "UPDATE users SET status = 'locked' WHERE email = :email", email=caller.user.email)
    assert caller.delete(f"/users/{last.id}").status_code == 409


def test_of_two_admins_one_may_go(app):
    caller, other = signed_in(app, "admin"), make_user(app, "admin")
    assert caller.delete(f"/users/{other.id}").status_code == 204
    assert admins_left(app) == 1


@pytest.mark.slow
@pytest.mark.parametrize("way", ["demote", "deactivate"])
def test_two_admins_who_put_each_other_out_at_once_leave_one(app, live_server, way):
    for _ in range(4):
        first, second = signed_in(app, "admin"), signed_in(app, "admin")
        together = threading.Barrier(2)

        def put_out(pair, together=together):
            caller, other = pair
            url = f"{live_server.base_url}{API}/users/{other.user.id}"
            together.wait()
            if way == "deactivate":
                return requests.delete(url, headers=caller.tokens.headers, timeout=20).status_code
            body = {"roles": ["nurse"]}
            return requests.patch(url, json=body, headers=caller.tokens.headers, timeout=20).status_code

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(put_out, [(first, second), (second, first)]))
        assert admins_left(app) >= 1
        assert [status for status in statuses if status < 300], statuses
        assert all(status in (200, 204, 401, 403, 409) for status in statuses)
        query(app, "UPDATE users SET status = 'deactivated'")
