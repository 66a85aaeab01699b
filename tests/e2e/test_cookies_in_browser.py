"""An application on another origin keeps its session in a cookie, in a real browser; scripts never see the token."""

import json

import pytest

from tests.e2e.browser import Browser
from tests.e2e.spa import Spa
from tests.factories.people import make_user
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.only("sqlite")]


@pytest.fixture
def spa():
    with Spa() as spa:
        yield spa


@pytest.fixture
def api(leg, spa):
    server = LiveServer(leg, ALLOWED_ORIGINS=spa.origin)
    server.start()
    yield f"http://localhost:{server.port}"
    server.stop()


@pytest.fixture
def page(chromium, spa, api):
    with Browser(chromium) as browser:
        visit(browser, spa)
        yield browser


def visit(browser, spa):
    browser.open(spa.origin)
    browser.wait_for("document.readyState === 'complete' && typeof call === 'function'")


def run(browser, function, *given):
    """Call a function of the application and return what it answers."""
    return browser.evaluate(f"{function}({', '.join(json.dumps(one) for one in given)})")


def cookies(browser, api):
    return {one["name"]: one for one in browser.call("Network.getCookies", urls=[api])["cookies"]}


def test_a_session_lives_in_a_cookie_from_sign_in_to_sign_out(app, page, api, spa):
    user = make_user(app, "doctor")
    answer = run(page, "signIn", api, user.email, user.password)
    assert (answer["status"], answer["data"]["user"]["email"]) == (200, user.email)
    assert "refresh_token" not in answer["data"]
    assert run(page, "me", api)["data"]["id"] == str(user.id)

    visit(page, spa)  # a reload: what was in memory is gone
    assert run(page, "me", api)["status"] == 401
    first = cookies(page, api)["__Host-refresh"]["value"]
    assert run(page, "refresh", api)["status"] == 200
    assert run(page, "me", api)["status"] == 200
    assert cookies(page, api)["__Host-refresh"]["value"] != first

    assert run(page, "signOut", api)["status"] == 200
    assert cookies(page, api) == {}
    assert run(page, "refresh", api)["status"] in (401, 422)


def test_the_cookies_are_as_narrow_as_can_be_and_scripts_never_see_the_token(app, page, api):
    user = make_user(app, "doctor")
    assert run(page, "signIn", api, user.email, user.password)["status"] == 200
    assert run(page, "refresh", api)["status"] == 200
    kept = cookies(page, api)
    assert set(kept) == {"__Host-refresh", "__Host-csrf"}
    for name, one in kept.items():
        # A domain without a dot before it: this host alone.
        assert (one["secure"], one["sameSite"], one["path"], one["domain"]) == (True, "Strict", "/", "localhost")
        assert one["httpOnly"] == (name == "__Host-refresh")
        assert not one["session"]
    token = kept["__Host-refresh"]["value"]
    readable = run(page, "readable")
    assert kept["__Host-csrf"]["value"] in readable
    assert token not in readable
    assert token.rpartition(".")[0] not in readable


def test_without_the_csrf_token_the_cookie_opens_nothing(app, page, api):
    user = make_user(app, "doctor")
    assert run(page, "signIn", api, user.email, user.password)["status"] == 200
    before = cookies(page, api)
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}):
        for function in ("refresh", "signOut"):
            answer = run(page, function, api, headers)
            assert (answer["status"], answer["code"]) == (403, "csrf_failed")
    assert cookies(page, api) == before
    assert run(page, "refresh", api)["status"] == 200


def test_two_tabs_that_renew_at_once_both_stay_signed_in(app, page, api):
    user = make_user(app, "doctor")
    assert run(page, "signIn", api, user.email, user.password)["status"] == 200
    both = page.evaluate(f"Promise.all([refresh({json.dumps(api)}), refresh({json.dumps(api)})])")
    assert [answer["status"] for answer in both] == [200, 200]
    assert run(page, "refresh", api)["status"] == 200


def test_an_origin_that_is_not_allowed_reads_and_ends_nothing(app, page, api, spa):
    user = make_user(app, "doctor")
    assert run(page, "signIn", api, user.email, user.password)["status"] == 200
    csrf = page.evaluate("csrf()")
    with Spa() as stranger:
        visit(page, stranger)
        for attempt in (
            f"refresh({json.dumps(api)}, {json.dumps(csrf)})",
            f"signOut({json.dumps(api)}, {{}})",
            f"fetch('{api}/api/v1/auth/refresh', {{method: 'POST', credentials: 'include', body: ''}})",
        ):
            assert page.evaluate(f"{attempt}.then(() => 'read', (error) => error.name)") == "TypeError"
        # Without reading the answer: the request arrives, with the cookie, and is refused.
        blind = f"fetch('{api}/api/v1/auth/logout', {{method: 'POST', mode: 'no-cors', credentials: 'include'}})"
        assert page.evaluate(f"{blind}.then((answer) => answer.type)") == "opaque"
    visit(page, spa)
    assert run(page, "refresh", api)["status"] == 200
