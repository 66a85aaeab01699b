"""The pages of the documentation work in a real browser, under the policy that they are sent with."""

import json

import pytest

from tests.e2e.browser import Browser
from tests.factories.people import make_user

pytestmark = [pytest.mark.slow, pytest.mark.only("sqlite")]

TITLE = "fetch('/openapi.json').then(answer => answer.json()).then(document => document.info.title)"
# Redoc always asks a CDN for its logo and draws without it when the policy refuses.
REDOC_ASKS_FOR = "cdn.redoc.ly"


@pytest.fixture
def browser(chromium, live_server):
    with Browser(chromium) as browser:
        yield browser


def of_this_site(browser, live_server):
    return [url for url in browser.requests if not url.startswith((live_server.base_url, "data:", "blob:"))]


def scroll_to(browser, selector):
    """Scroll until the page, which draws what is in sight, has drawn this."""
    browser.evaluate("window.scrollTo(0, 0)")
    browser.wait_for(f"!!document.querySelector('{selector}') || void window.scrollBy(0, 300)")


def test_swagger_ui_shows_the_operations(browser, live_server):
    browser.open(f"{live_server.base_url}/docs")
    browser.wait_for("document.querySelectorAll('.opblock').length")
    scroll_to(browser, "[id$=get_api_v1_auth_me]")
    assert browser.evaluate(TITLE) in browser.evaluate("document.body.innerText")
    assert browser.complaints == []
    assert of_this_site(browser, live_server) == []


def test_redoc_shows_the_title(browser, live_server):
    browser.open(f"{live_server.base_url}/redoc")
    browser.wait_for("document.body?.innerText.includes('/api/v1/audit-logs')")
    assert browser.evaluate(TITLE) in browser.evaluate("document.body.innerText")
    assert [text for text in browser.complaints if REDOC_ASKS_FOR not in text] == []
    assert [url for url in of_this_site(browser, live_server) if REDOC_ASKS_FOR not in url] == []


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/problems"])
def test_no_page_has_an_inline_script(browser, live_server, page):
    browser.open(f"{live_server.base_url}{page}")
    browser.wait_for("document.readyState === 'complete'")
    assert browser.evaluate("document.querySelectorAll('script:not([src])').length") == 0


TYPE = """((selector, text) => {
  const box = document.querySelector(selector);
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
  box.dispatchEvent(new Event('change', { bubbles: true }));
})"""


def test_swagger_ui_signs_in_and_asks_as_that_user(app, browser, live_server):
    user = make_user(app, "receptionist")
    browser.open(f"{live_server.base_url}/docs")
    browser.wait_for("!!document.querySelector('button.authorize')")
    browser.evaluate("document.querySelector('button.authorize').click()")
    browser.wait_for("!!document.querySelector('#oauth_username')")
    browser.evaluate(f"{TYPE}('#oauth_username', {json.dumps(user.email)})")
    browser.evaluate(f"{TYPE}('#oauth_password', {json.dumps(user.password)})")
    submit = "[...document.querySelectorAll('.auth-container')].find(box => box.querySelector('#oauth_username'))"
    browser.evaluate(f"{submit}.querySelector('button.authorize').click()")
    browser.wait_for("[...document.querySelectorAll('.auth-btn-wrapper button')].some(b => b.innerText === 'Logout')")
    browser.evaluate("document.querySelector('.auth-btn-wrapper .btn-done').click()")
    scroll_to(browser, "[id$=get_api_v1_auth_me]")
    browser.evaluate("document.querySelector('[id$=get_api_v1_auth_me] button').click()")
    browser.wait_for("!!document.querySelector('[id$=get_api_v1_auth_me] .try-out__btn')")
    browser.evaluate("document.querySelector('[id$=get_api_v1_auth_me] .try-out__btn').click()")
    browser.wait_for("!!document.querySelector('[id$=get_api_v1_auth_me] .execute')")
    browser.evaluate("document.querySelector('[id$=get_api_v1_auth_me] .execute').click()")
    answer = browser.wait_for("document.querySelector('[id$=get_api_v1_auth_me] .live-responses-table')?.innerText")
    assert user.email in answer
