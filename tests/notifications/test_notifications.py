"""People are told once, read it alone, and choose what they hear."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.core import state
from server.core.access import Actor, Role
from server.core.ids import new_id
from server.core.uow import command
from server.modules.notifications.enums import MANDATORY, Kind, SecurityEvent
from server.modules.notifications.service import choose, mail_kind, notify, outbox, tell_of_security
from server.modules.notifications.words import words_of
from tests.factories.database import body_of, deliver, mails, query
from tests.factories.people import make_user, signed_in


def tell(app, *people, kind=Kind.INVOICE_ISSUED, source_id=None, version=1, **rest):
    source_id = source_id or new_id()
    with app.app_context(), command("tests.tell", "notification"):
        notify(
            user_ids=[person.id for person in people],
            kind=kind,
            source_type="invoice",
            source_id=source_id,
            version=version,
            **rest,
        )
    return source_id


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def unread(client):
    return data(client.get("/notifications/unread-count"))["unread_count"]


def test_one_is_told_in_the_application_and_by_mail(app, as_role):
    client = as_role("patient")
    source = tell(app, client.user)
    (told,) = data(client.get("/notifications"))
    assert told["type"] == "invoice_issued"
    assert told["source"] == {"type": "invoice", "id": str(source)}
    assert (told["is_read"], told["read_at"], told["version"]) == (False, None, 1)
    assert unread(client) == 1
    assert deliver(app) == 1
    (mail,) = mails(app)
    assert mail["To"] == client.user.email
    assert told["title"] in mail["Subject"]
    assert told["body"] in body_of(mail)


def test_one_version_is_told_once_and_the_next_again(app, as_role):
    client = as_role("patient")
    source = tell(app, client.user)
    tell(app, client.user, source_id=source)
    tell(app, client.user, client.user, source_id=source)
    assert unread(client) == 1
    tell(app, client.user, source_id=source, version=2)
    tell(app, client.user, source_id=source, kind=Kind.CLAIM_DECIDED)
    assert unread(client) == 3
    assert deliver(app) == 2, "a decided claim is not mailed unless one wishes so"


def test_ten_who_tell_at_once_tell_once(app):
    people = [make_user(app, "patient") for _ in range(5)]
    source = new_id()
    together = threading.Barrier(10)

    def one(number):
        together.wait()
        tell(app, *(people if number % 2 else reversed(people)), source_id=source)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))
    assert query(app, "SELECT count(*) AS n FROM notifications")[0]["n"] == 5
    assert deliver(app) == 5


def test_what_was_read_stays_read_and_counts_no_more(app, as_role):
    client = as_role("nurse")
    tell(app, client.user)
    tell(app, client.user)
    newest, oldest = data(client.get("/notifications"))
    assert newest["id"] > oldest["id"]
    first = data(client.patch(f"/notifications/{newest['id']}/read"))
    assert first["is_read"]
    assert first["version"] == 2
    assert data(client.patch(f"/notifications/{newest['id']}/read")) == first
    assert unread(client) == 1
    assert [one["id"] for one in data(client.get("/notifications?is_read=false"))] == [oldest["id"]]
    assert [one["id"] for one in data(client.get("/notifications?is_read=true"))] == [newest["id"]]
    assert data(client.patch("/notifications/read-all")) == {"marked": 1}
    assert data(client.patch("/notifications/read-all")) == {"marked": 0}
    assert unread(client) == 0


def test_what_was_removed_is_gone_and_not_told_again(app, as_role):
    client = as_role("nurse")
    source = tell(app, client.user)
    (told,) = data(client.get("/notifications"))
    for _ in range(2):
        assert client.delete(f"/notifications/{told['id']}").status_code == 204
    assert client.patch(f"/notifications/{told['id']}/read").status_code == 404
    tell(app, client.user, source_id=source)
    assert data(client.get("/notifications")) == []
    assert unread(client) == 0


def test_anothers_is_not_there(app, as_role):
    client, other = as_role("nurse"), as_role("admin")
    tell(app, client.user)
    (told,) = data(client.get("/notifications"))
    absent = other.delete(f"/notifications/{new_id()}")
    for answer in (
        other.patch(f"/notifications/{told['id']}/read"),
        other.delete(f"/notifications/{told['id']}"),
    ):
        assert answer.status_code == 404
        assert answer.json["message"] == absent.json["message"]
    assert data(other.get("/notifications")) == []
    assert data(other.patch("/notifications/read-all")) == {"marked": 0}
    assert unread(client) == 1


@pytest.mark.parametrize(
    "query_string", ["is_read=yes", "type=invoice", "sort=title", "read=true", "cursor=x", "page=0"]
)
def test_a_list_refuses_what_it_does_not_know(as_role, query_string):
    answer = as_role("nurse").get(f"/notifications?{query_string}")
    assert answer.status_code == 422
    assert query_string.split("=")[0] in answer.json["errors"]


def test_one_chooses_what_one_hears_and_the_rest_stays(app, as_role):
    client = as_role("patient")
    before = data(client.get("/notifications/preferences"))
    assert set(before) == set(Kind)
    assert before["invoice_issued"] == {"in_app": True, "email": True}
    after = data(client.patch("/notifications/preferences", json={"invoice_issued": {"email": False}}))
    assert after == {**before, "invoice_issued": {"in_app": True, "email": False}}
    tell(app, client.user)
    assert (unread(client), deliver(app)) == (1, 0)
    chosen = {"invoice_issued": {"in_app": False, "email": True}, "message": {}}
    after = data(client.patch("/notifications/preferences", json=chosen))
    assert after["invoice_issued"] == {"in_app": False, "email": True}
    tell(app, client.user)
    assert (unread(client), deliver(app)) == (1, 1)
    assert len(data(client.get("/notifications"))) == 1


@pytest.mark.parametrize("kind", sorted(MANDATORY))
@pytest.mark.parametrize("channel", ["in_app", "email"])
def test_what_one_must_hear_cannot_be_muted(as_role, kind, channel):
    client = as_role("patient")
    answer = client.patch("/notifications/preferences", json={kind: {channel: False}, "message": {"email": True}})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [f"{kind}.{channel}"]
    assert data(client.get("/notifications/preferences"))["message"] == {"in_app": True, "email": False}
    assert client.patch("/notifications/preferences", json={kind: {channel: True}}).status_code == 200


def test_preferences_refuse_what_they_do_not_know(as_role):
    client = as_role("patient")
    for body, field in (
        ({"weather": {"email": True}}, "weather"),
        ({"message": {"sms": True}}, "message.sms"),
        ({"message": {"email": "yes"}}, "message.email"),
        ({"message": True}, "message"),
        ({"message": {"email": None}}, "message.email"),
    ):
        answer = client.patch("/notifications/preferences", json=body)
        assert answer.status_code == 422, body
        assert list(answer.json["errors"]) == [field]


def test_two_who_choose_at_once_both_get_their_wish_kept_or_the_last(app, as_role):
    client = as_role("patient")
    together = threading.Barrier(6)

    def one(number):
        together.wait()
        body = {kind: {"email": bool(number % 2)} for kind in sorted(set(Kind) - MANDATORY, reverse=number % 3 == 0)}
        return client.patch("/notifications/preferences", json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(6))) == {200}


def test_a_composer_of_its_own_writes_the_one_mail(app, as_role, monkeypatch):
    client = as_role("patient")
    asked = []
    monkeypatch.setitem(outbox._composers, "own", None)
    mail_kind("own")(lambda user_id, details: asked.append((user_id, details)))
    with app.app_context(), command("tests.tell", "notification"):
        tell_of_security(user_id=client.user.id, event=SecurityEvent.TOKEN_REUSED, mail="own")
    deliver(app)
    assert asked == [(client.user.id, {"event": "token_reused"})]
    assert mails(app) == []
    assert [told["type"] for told in data(client.get("/notifications"))] == ["security"]


def test_nobody_is_mailed_whose_account_is_closed(app, as_role):
    admin, nurse = as_role("admin"), make_user(app, "nurse")
    tell(app, nurse, kind=Kind.BREAK_GLASS)
    assert admin.delete(f"/users/{nurse.id}").status_code == 204
    deliver(app)
    assert mails(app) == []


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.SECURITY}))
def test_each_kind_has_its_words(kind):
    assert all(words_of(kind, {}))


@pytest.mark.parametrize("event", sorted(SecurityEvent))
def test_each_event_of_an_account_has_its_words(event):
    assert all(words_of(Kind.SECURITY, {"event": event}))


def test_telling_many_takes_as_many_statements_as_telling_one(app, statements_of):
    people = [make_user(app, "patient") for _ in range(20)]
    assert statements_of(lambda: tell(app, *people[:1])) == statements_of(lambda: tell(app, *people))


@pytest.fixture
def statements_of(app):
    """Return how many statements a piece of work sends."""
    from sqlalchemy import event

    from server.core.db import db

    def count(work):
        seen = []

        def note(*args):
            seen.append(args[2])

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    return count


def test_a_user_who_is_as_new_as_the_news_is_told(app):
    from server.modules.users import service as users

    with app.app_context(), command("tests.tell", "notification"):
        user = users.create(email="new@example.com", first_name="New", last_name="Comer", roles=["nurse"])
        tell_of_security(user_id=user.id, event=SecurityEvent.PASSWORD_CHANGED)
    assert signed_in(app, "nurse")
    assert query(app, "SELECT count(*) AS n FROM notifications")[0]["n"] == 1


def test_preferences_are_shown_and_changed_with_ones_account_too(as_role):
    client = as_role("patient")
    body = {"first_name": "Ada", "notification_preferences": {"message": {"email": True}}}
    me = data(client.patch("/auth/me", json=body))
    assert me["first_name"] == "Ada"
    assert me["notification_preferences"]["message"] == {"in_app": True, "email": True}
    assert me["notification_preferences"] == data(client.get("/notifications/preferences"))
    assert data(client.get("/auth/me"))["notification_preferences"] == me["notification_preferences"]
    answer = client.patch("/auth/me", json={"notification_preferences": {"security": {"email": False}}})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["notification_preferences.security.email"]


def test_what_is_mandatory_is_heard_whatever_was_stored(app, as_role):
    client = as_role("nurse")
    for kind in sorted(MANDATORY):
        query(
            app,
            "INSERT INTO notification_preferences (user_id, kind, in_app, email, updated_at)"
            " SELECT id, :kind, false, false, created_at FROM users WHERE email = :email",
            kind=kind.value,
            email=client.user.email,
        )
        assert data(client.get("/notifications/preferences"))[kind] == {"in_app": True, "email": True}
    tell(app, client.user, kind=Kind.BREAK_GLASS)
    assert unread(client) == 1
    assert deliver(app) == 1


def test_the_service_does_not_mute_it_either(app, as_role):
    client = as_role("nurse")
    with app.app_context(), command("tests.choose", "notification"):
        actor = Actor(client.user.id, new_id(), frozenset({Role.NURSE}), state.grid())
        choose(actor=actor, wishes={"security": {"in_app": False}, "message": {"email": True}})
    stored = query(app, "SELECT kind FROM notification_preferences")
    assert stored == [{"kind": "message"}]
