"""How requests are counted for their limits, and who is not counted."""

import pytest
import redis

from server.core import limits
from tests.factories.calendar import make_doctor
from tests.factories.people import API, bearer, make_patient, signed_in

LIMITED = {"RATE_LIMITS_FACTOR": "1", "RATE_READ": "5 per minute", "RATE_WRITE": "2 per minute"}
ME = f"{API}/auth/me"


def statuses(client, headers, times, target=ME):
    return [client.get(target, headers=headers).status_code for _ in range(times)]


def test_each_request_counts_once_and_each_class_for_itself(app, make_app):
    limited = make_app(**LIMITED).test_client()
    admin = signed_in(app, "admin")
    assert statuses(limited, admin.tokens.headers, 7) == [200] * 5 + [429] * 2
    target = f"{API}/patients/{make_patient(app).id}"
    writes = [limited.patch(target, json={"occupation": "Baker"}, headers=admin.tokens.headers) for _ in range(3)]
    assert [answer.status_code for answer in writes] == [200, 200, 429]
    assert 1 <= int(writes[-1].headers["Retry-After"]) <= 61


def test_all_sessions_of_a_user_count_together_and_users_apart(app, make_app):
    limited = make_app(**LIMITED).test_client()
    first = signed_in(app, "nurse")
    again = signed_in(app, user=first.user)
    other = signed_in(app, "nurse")
    assert statuses(limited, first.tokens.headers, 3) == [200] * 3
    assert statuses(limited, again.tokens.headers, 3) == [200, 200, 429]
    assert statuses(limited, other.tokens.headers, 5) == [200] * 5


def test_who_is_not_let_in_uses_up_nobodys_limit(app, make_app):
    limited = make_app(**LIMITED).test_client()
    nurse, ended = signed_in(app, "nurse"), None
    ended = signed_in(app, user=nurse.user)
    assert statuses(limited, ended.tokens.headers, 1) == [200]
    ended.post("/auth/logout", json={})
    for token in (ended.tokens.access, nurse.tokens.refresh, nurse.tokens.access[:-2]):
        assert statuses(limited, bearer(token), 6) == [401] * 6
    assert statuses(limited, nurse.tokens.headers, 5) == [200] * 4 + [429]


@pytest.mark.parametrize("of_a_doctor", ["", "/reviews", "/availability/slots"])
def test_a_public_read_counts_for_the_user_where_there_is_one_and_else_for_the_address(app, make_app, of_a_doctor):
    limited = make_app(**LIMITED).test_client()
    target = f"{API}/doctors/{make_doctor(app).id}{of_a_doctor}"
    nurse, other = signed_in(app, "nurse"), signed_in(app, "nurse")
    assert statuses(limited, nurse.tokens.headers, 6, target) == [200] * 5 + [429]
    assert statuses(limited, {}, 6, target) == [200] * 5 + [429]
    assert statuses(limited, other.tokens.headers, 3, target) == [200] * 3
    # It is the same count as that of all other reads.
    assert statuses(limited, other.tokens.headers, 3) == [200, 200, 429]
    assert statuses(limited, bearer(other.tokens.access[:-2]), 1, target) == [401]


@pytest.mark.only("postgres")
def test_where_redis_counts_the_whole_server_counts_as_one(app, make_app):
    nurse = signed_in(app, "nurse")
    first, second = (make_app(**LIMITED).test_client() for _ in range(2))
    assert statuses(first, nurse.tokens.headers, 3) == [200] * 3
    assert statuses(second, nurse.tokens.headers, 3) == [200, 200, 429]


@pytest.mark.only("postgres")
def test_while_redis_is_down_this_process_counts(app, make_app, monkeypatch):
    made = make_app(**LIMITED)
    limited, nurse = made.test_client(), signed_in(app, "nurse")
    assert statuses(limited, nurse.tokens.headers, 2) == [200] * 2

    def refuse(*_args, **_kwargs):
        raise redis.ConnectionError("down")

    with monkeypatch.context() as patched:
        patched.setattr(redis.connection.AbstractConnection, "send_packed_command", refuse)
        assert statuses(limited, nurse.tokens.headers, 7) == [200] * 5 + [429] * 2


@pytest.mark.only("postgres")
def test_a_count_that_was_made_ahead_counts_for_its_own_limit_alone(app):
    limiter = app.extensions["rate_limiter"]
    with app.test_request_context():
        storage = limiter.storage
        assert isinstance(storage, limits.CountedAhead)
        limits.things().counter = limits.Counter(storage.prefixed_key("one"), 60, count=41)
        assert storage.incr("other", 60) == 1
        assert storage.incr("one", 60) == 1
        limits.things().counter = limits.Counter(storage.prefixed_key("one"), 60, count=41)
        assert [storage.incr("one", 60) for _ in range(2)] == [41, 2]
