"""Headless Chromium for tests of pages: what to ask of one, and what it answers.

Needs Debian's `chromium` and `chromium-driver` (`apt-get install chromium chromium-driver`). A screenshot of each view is kept
under build/screenshots.
"""

import shutil
from pathlib import Path

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "no chromium or chromedriver here: apt-get install chromium chromium-driver"
SHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE = 390
A4 = 703
"""CSS pixels between margins of 12 mm."""


def find(page, selector):
    return page.find_element("css selector", selector)


def script(page, source, *arguments):
    return page.execute_script(source, *arguments)


def column(page, name):
    """Texts of one column of the table, by its heading."""
    return script(
        page,
        """const heads = [...document.querySelectorAll("#ranks > thead th")];
        const at = heads.findIndex((head) => head.querySelector(".dt-column-title").textContent.startsWith(arguments[0]));
        return [...document.querySelectorAll("#ranks > tbody > tr[data-row]")].map((row) => row.cells[at].innerText.trim())""",
        name,
    )


def headings(page):
    return script(
        page, "return [...document.querySelectorAll('#ranks > thead .dt-column-title')].map((t) => t.textContent)"
    )


def wait(page, condition):
    """Until the page has drawn what `condition` asks for: sorting and charts follow events a moment later."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, 5, poll_frequency=0.05).until(lambda _: condition())


def choose(page, selector, label):
    from selenium.webdriver.support.select import Select

    Select(find(page, selector)).select_by_visible_text(label)


def wide(page, width, *, height=1000, media="", scheme="light"):
    """Emulate a screen, or paper."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width <= PHONE}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def reload(page, address):
    """Open an address as somebody does who was sent it, and wait until the page is drawn."""
    page.get("about:blank")
    page.get(address)
    wait(page, lambda: script(page, "return 'drawn' in document.documentElement.dataset"))


def serious(page):
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script(
        "const done = arguments[0]; axe.run().then(r => done(r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)])))"
    )
    return [v for v in found if v[0] in ("serious", "critical")]


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    assert page.save_screenshot(str(SHOTS / f"{name}.png"))


def cells(page, selector):
    return page.execute_script(
        "return [...document.querySelector(arguments[0]).tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText))",
        selector,
    )


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
