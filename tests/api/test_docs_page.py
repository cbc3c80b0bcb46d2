"""The documentation page works in a browser that reaches nothing but the service."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.live import live_service
from tests.tools import missing

PATIENCE = 30_000
"""Milliseconds until a browser on a busy machine has shown what it is to show."""

LOCAL_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with live_service(tmp_path_factory.mktemp("docs")) as service:
        yield service.url


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or missing("no Chromium: apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", LOCAL_ONLY]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


def try_out(page: Page, operation: str) -> Locator:
    """Execute a call from the page, as it is filled in; what the page shows of the answer."""
    block = page.locator(f".opblock[id$='-{operation}']")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    return block.locator(".live-responses-table .response")


def test_shows_every_operation(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")
    document = page.request.get(f"{url}/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            shown = page.locator(f".opblock[id$='-{operation['operationId']}']")
            expect(shown).to_contain_text(operation["summary"])


def test_executes_calls(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")

    created = try_out(page, "createPattern")
    expect(created.locator(".response-col_status")).to_contain_text("201")
    expect(created).to_contain_text('"revision": 1')

    counted = try_out(page, "countPatterns")
    expect(counted.locator(".response-col_status")).to_contain_text("200")
    expect(counted).to_contain_text('"count": 1')


def test_loads_everything_from_the_service_and_without_an_error(page: Page, url: str) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{url}/docs")
    expect(try_out(page, "getHealth")).to_contain_text('"status": "ok"')

    elsewhere = [seen for seen in requested if not seen.startswith((f"{url}/", "data:", "blob:"))]
    assert f"{url}/openapi.json" in requested
    assert f"{url}/healthz" in requested
    assert not elsewhere
    assert not complaints
