"""The pages of the documentation work in a real browser, under the policy that they are sent with."""

import pytest

from tests.e2e.browser import Browser

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


def test_swagger_ui_shows_the_operations(browser, live_server):
    browser.open(f"{live_server.base_url}/docs")
    assert browser.wait_for("document.querySelectorAll('.opblock').length") > 20
    assert browser.evaluate(TITLE) in browser.evaluate("document.body.innerText")
    assert browser.complaints == []
    assert of_this_site(browser, live_server) == []


def test_redoc_shows_the_title(browser, live_server):
    browser.open(f"{live_server.base_url}/redoc")
    browser.wait_for("document.querySelector('h1') && document.querySelectorAll('h2').length > 5")
    assert browser.evaluate(TITLE) in browser.evaluate("document.body.innerText")
    assert [text for text in browser.complaints if REDOC_ASKS_FOR not in text] == []
    assert [url for url in of_this_site(browser, live_server) if REDOC_ASKS_FOR not in url] == []


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/problems"])
def test_no_page_has_an_inline_script(browser, live_server, page):
    browser.open(f"{live_server.base_url}{page}")
    browser.wait_for("document.readyState === 'complete'")
    source = f"fetch('{page}').then(answer => answer.text())"
    count = f"{source}.then(html => new DOMParser().parseFromString(html, 'text/html'))"
    assert browser.evaluate(f"{count}.then(page => page.querySelectorAll('script:not([src])').length)") == 0
