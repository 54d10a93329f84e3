"""The page in headless Chromium: no network, no console error, sorting, filters and rows work, axe finds nothing serious.

Needs Debian's `chromium` and `chromium-driver` (`apt-get install chromium chromium-driver`); skipped without them.
A screenshot of each view is kept under build/screenshots.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.report import cases
from tli_bench.report.render_html import render_html

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no chromium or chromedriver here: apt-get install chromium chromium-driver",
)
SHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def browser():
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
def page(browser, address):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    yield browser
    assert browser.get_log("browser") == []
    events = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def find(page, selector):
    return page.find_element("css selector", selector)


def column(page, number):
    return page.execute_script(
        "return [...document.querySelectorAll('#ranks tbody tr')].map(r => r.cells[arguments[0]].innerText)", number
    )


def wait(page, condition):
    """Until the page has drawn what `condition` asks for: sorting and charts follow events a moment later."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, 5, poll_frequency=0.05).until(lambda _: condition())


def choose(page, selector, label):
    from selenium.webdriver.support.select import Select

    Select(find(page, selector)).select_by_visible_text(label)


def serious(page):
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script(
        "const done = arguments[0]; axe.run().then(r => done(r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)])))"
    )
    return [v for v in found if v[0] in ("serious", "critical")]


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    assert page.save_screenshot(str(SHOTS / f"{name}.png"))


def test_it_shows_every_entry_in_order_of_rank(page):
    assert column(page, 1) == ["1", "2", "3", "4", "5=", "5=", "–", "–"]
    assert column(page, 3)[0] == "org/good"
    assert find(page, "#controls").is_displayed()
    shoot(page, "wide")


def test_sorting_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    header = page.execute_script(
        "return [...document.querySelectorAll('#ranks th')].find(t => t.innerText.startsWith('Model'))"
    )
    header.find_element("css selector", "[role=button]").send_keys(Keys.ENTER)
    wait(page, lambda: column(page, 3) == sorted(column(page, 3)))
    assert header.get_attribute("aria-sort") == "ascending"
    header.find_element("css selector", "[role=button]").send_keys(Keys.ENTER)
    wait(page, lambda: column(page, 3) == sorted(column(page, 3), reverse=True))
    assert header.get_attribute("aria-sort") == "descending"


def test_filters_by_language_kind_and_text(page):
    choose(page, "#scope", "Swahili – English")
    assert "incomplete" in " ".join(column(page, 3)[:1])
    choose(page, "#kind", "adapters")
    assert column(page, 4) == ["tli-r4", "tli-early"]
    choose(page, "#kind", "fully fine-tuned")
    assert column(page, 4) == ["good-full (full fine-tuning)"]
    choose(page, "#kind", "all models")
    find(page, "#search").send_keys("weak")
    assert sorted(column(page, 3)) == ["org/weak", "org/weak-too"]
    assert "Swahili – English, 1 pair" in find(page, "#caption").text


def test_a_row_opens_with_its_signature_curves_and_command(page):
    button = find(page, "button.open[aria-label$='tli-r4']")
    button.send_keys(" ")
    assert button.get_attribute("aria-expanded") == "true"
    detail = find(page, ".detail")
    assert "tli-bench run --model org/good" in detail.text
    assert "2026-01-01" in detail.text
    assert detail.find_element("css selector", "canvas").get_attribute("role") == "img"
    for summary in detail.find_elements("css selector", "summary"):
        summary.click()
    assert "lexicon_hash" in detail.text
    assert "P@1 of 50, trained" in detail.text
    assert "Bands are 95 % over the 24 words" in detail.text
    assert "Wilson's interval for P@1" in detail.text
    assert "No band for P@1 of 50" in detail.text
    choose(page, ".detail select", "tur_Latn-eng_Latn")
    assert "tur_Latn-eng_Latn" in find(page, ".detail .chart canvas").get_attribute("aria-label")
    assert serious(page) == []
    shoot(page, "open-row")
    button.send_keys(" ")
    assert page.find_elements("css selector", ".detail") == []


def test_the_hostile_name_is_text(page):
    names = column(page, 3)
    assert any(name.startswith("<script>alert(1)</script>") for name in names)
    assert page.execute_script("return document.querySelectorAll('#ranks script').length") == 0


def test_reported_rows_stand_in_a_table_of_their_own(page):
    assert "=evil()" in find(page, "section[aria-labelledby=reported]").text
    assert not any("evil" in name for name in column(page, 3))


def cells(page, selector):
    return page.execute_script(
        "return [...document.querySelector(arguments[0]).tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText))",
        selector,
    )


def test_what_was_trained_from_one_base_is_drawn_and_in_a_table(page):
    rows = cells(page, "#trainings-table table")
    assert [row[1] for row in rows] == ["untrained", "LoRA, early layers", "LoRA, full depth", "full fine-tuning"]
    assert rows[0][6:] == ["0.600", "1.000", "0.600", "1.000"]
    assert rows[1][2:7] == ["tli-early", "swh_Latn-eng_Latn", "1", "4,115", "−0.070 [−0.079, −0.061]"]
    canvas = find(page, "#trainings-chart canvas")
    assert canvas.get_attribute("aria-label").startswith("Control P@1 of 50, chosen layer: change against the base")
    page.execute_script("document.querySelector('#trainings').scrollIntoView()")
    shoot(page, "trainings")
    choose(page, "#quantity", "P@1, output")
    assert find(page, "#trainings-chart canvas").get_attribute("aria-label").startswith("P@1, output")
    choose(page, "#scope", "Turkish – English")
    assert "Turkish – English" in find(page, "#trainings-table caption").text
    assert serious(page) == []


def test_the_sweep_is_drawn_and_in_a_table(page):
    assert find(page, "#sweeps").is_displayed()
    assert "19 trainings, 3 seeds" in find(page, "#sweep-about").text
    find(page, "#sweeps summary").click()
    rows = cells(page, "#sweep-table table")
    assert rows[5][:5] == ["loss at layer 2", "16", "16,000", "3", "+0.170 [+0.145, +0.195]"]
    legend = find(page, "#sweep-chart .u-legend").text
    assert "● loss at layer 1" in legend
    assert "■ loss at layer 2" in legend
    page.execute_script("document.querySelector('#sweeps').scrollIntoView()")
    shoot(page, "sweep")
    choose(page, "#score", "Dev P@1 of 50, loss layer")
    assert find(page, "#sweep-chart canvas").get_attribute("aria-label").startswith("Dev P@1 of 50, loss layer")


def painted(page, selector, colour):
    """Pixels of a canvas within a hair of a colour, as the browser resolves it."""
    script = """const canvas = document.querySelector(arguments[0]), probe = document.createElement("span");
      probe.style.color = getComputedStyle(document.documentElement).getPropertyValue(arguments[1]); document.body.append(probe);
      const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number); probe.remove();
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [canvas.width, canvas.height];
      const context = copy.getContext("2d", {willReadFrequently: true});
      context.drawImage(canvas, 0, 0);
      const d = context.getImageData(0, 0, copy.width, copy.height).data;
      let found = 0;
      for (let i = 0; i < d.length; i += 4)
        if (d[i + 3] > 200 && Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 12) found++;
      return found"""
    return page.execute_script(script, selector, colour)


def test_charts_are_painted_in_the_colours_of_their_series(page):
    assert painted(page, "#trainings-chart canvas", "--c1") > 30
    assert painted(page, "#trainings-chart canvas", "--c4") > 30
    assert painted(page, "#sweep-chart canvas", "--c1") > 100
    assert painted(page, "#sweep-chart canvas", "--c2") > 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_accessibility_finding(page, scheme):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    assert serious(page) == []
    dark = page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)"
    assert dark == (scheme == "dark")
    shoot(page, scheme)


def test_a_phone_scrolls_the_table_not_the_page(page):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    find(page, "button.open").click()
    widths = """return [document.documentElement.scrollWidth,
      ...[...document.querySelectorAll('canvas')].map((canvas) => canvas.clientWidth)]"""
    wait(page, lambda: max(page.execute_script(widths)) <= PHONE["width"])
    assert serious(page) == []
    shoot(page, "phone")


def test_without_scripts_the_table_is_there(page, address):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.get(address)
        assert "org/weak-too" in find(page, "#ranks").text
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_an_empty_leaderboard_has_no_error(page, tmp_path):
    from tli_bench.report.table import build

    path = tmp_path / "empty.html"
    path.write_text(render_html(build([])), encoding="utf-8")
    page.get(path.as_uri())
    assert "No measured rows yet" in find(page, "#caption").text
