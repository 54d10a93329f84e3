"""One browser for a module's tests, and the page of the small leaderboard in it."""

import json

import pytest

from tests.report import cases
from tests.report.chromium import CHROMIUM, DRIVER, MISSING, reload
from tli_bench.report.render_html import render_html


@pytest.fixture(scope="module")
def browser():
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    arguments = (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "window-size=1300,1000",
        "disable-background-networking",
    )
    for argument in (*arguments, "disable-component-update", "no-first-run"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render_html(cases.leaderboard()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def blank(browser):
    """The browser before anything is opened; afterwards no page may have said anything in its console or asked the network."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get_log("browser")
    browser.get_log("performance")
    yield browser
    assert browser.get_log("browser") == []
    events = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.fixture
def page(blank, address):
    """The page of the small leaderboard, as it opens."""
    reload(blank, address)
    return blank
