"""How long the leaderboard's page takes to open, filter and sort in headless Chromium: a page of many models must answer at once.

Make one with `python -m benchmarks.leaderboard --keep FOLDER`, then `python -m benchmarks.page FOLDER/index.html`. Needs
selenium, `chromium` and `chromedriver`.
"""

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path

# What is changed: a control, one of its values, and the event that a reader's hand would cause.
STEPS = {
    "filter by kind": ("kind", "adapter", "change"),
    "search": ("search", "model-12", "input"),
    "sort": ("sort", "score:asc", "change"),
    "other languages": ("scope", "turkic", "change"),
}
# There and back by turns; calls back when the change has been painted.
TIMED = """const [id, value, event, done] = arguments, box = document.getElementById(id), start = performance.now();
const usual = id === "scope" ? "overall" : "";
box.value = box.value === usual ? value : usual;
box.dispatchEvent(new Event(event));
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)))"""


def main() -> None:
    from selenium import webdriver
    from selenium.webdriver.support.wait import WebDriverWait

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--budget", type=float, default=0.5, help="Seconds for one step.")
    options = parser.parse_args()
    chrome = webdriver.ChromeOptions()
    chrome.binary_location = shutil.which("chromium") or ""
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1440,1000"):
        chrome.add_argument(f"--{argument}")
    with webdriver.Chrome(options=chrome, service=webdriver.ChromeService(shutil.which("chromedriver"))) as driver:
        start = time.perf_counter()
        driver.get(options.page.resolve().as_uri())
        WebDriverWait(driver, 60, poll_frequency=0.02).until(
            lambda d: d.execute_script("return 'ready' in document.documentElement.dataset")
        )
        print(f"open: {time.perf_counter() - start:.2f} s")
        slow = []
        for name, step in STEPS.items():
            taken = [driver.execute_async_script(TIMED, *step) / 1000 for _ in range(options.repeats)]
            print(f"{name}: median {statistics.median(taken):.3f} s, slowest {max(taken):.3f} s")
            slow += [name] if statistics.median(taken) > options.budget else []
    if slow:
        sys.exit(f"over {options.budget} s: {', '.join(slow)}")


if __name__ == "__main__":
    main()
