"""The page on a desk, a tablet, a phone and paper, light and dark."""

import json

import pytest

from tests.report.chromium import (
    A4,
    PHONE,
    choose,
    find,
    headings,
    reload,
    script,
    serious,
    shoot,
    wait,
    wide,
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, PHONE])
def test_every_screen_is_accessible_and_as_wide_as_it_is(page, width, scheme):
    wide(page, width, scheme=scheme)
    fits = "return document.documentElement.scrollWidth"
    wait(page, lambda: script(page, fits) <= width)
    assert serious(page) == []
    dark = script(page, "return getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)"
    assert dark == (scheme == "dark")
    shoot(page, f"{width}-{scheme}")
    find(page, "button.open").click()
    wait(page, lambda: script(page, fits) <= width)
    assert serious(page) == []


def test_a_phone_shows_cards(page):
    wide(page, PHONE, height=844)
    shown = script(
        page,
        """const rows = [...document.querySelectorAll("#ranks > tbody > tr[data-row]")], cells = [...rows[0].cells];
        const tops = cells.map((c) => c.getBoundingClientRect().top), labels = cells.map((c) => getComputedStyle(c, "::before").content);
        return [rows.every((row) => row.scrollWidth <= row.clientWidth + 1), tops.every((top, i) => !i || top > tops[i - 1]), labels]""",
    )
    assert shown[:2] == [True, True]
    assert '"Over base"' in shown[2]
    choose(page, "#sort", "Over base, lowest first")
    first = script(page, "return document.querySelector('#ranks > tbody > tr[data-row]').innerText")
    assert "tli-early" in first
    assert "−0.070" in first
    shoot(page, "cards")


def test_the_header_stays_in_sight(page):
    wide(page, 1440, height=500)
    script(
        page,
        "window.scrollTo(0, document.querySelector('#ranks tbody tr:nth-child(5)').getBoundingClientRect().top + scrollY)",
    )
    wait(
        page,
        lambda: abs(script(page, "return document.querySelector('#ranks > thead th').getBoundingClientRect().top")) < 2,
    )


def test_a_wide_table_keeps_its_names_in_sight(page, address):
    everything = ",".join(
        column["id"]
        for column in json.loads(script(page, "return document.getElementById('data').textContent"))["columns"]
    )
    reload(page, f"{address}#cols={everything}")
    wide(page, 768)
    wait(page, lambda: "wide" in find(page, "#ranks-scroll").get_attribute("class"))
    script(page, "document.getElementById('ranks-scroll').scrollLeft = 400")
    name, place = (
        script(page, f"return document.querySelector('{one}').getBoundingClientRect().left")
        for one in ("#ranks td.who", "#ranks-scroll")
    )
    assert 0 <= name - place < 120
    assert serious(page) == []


@pytest.mark.parametrize("all_columns", [False, True])
def test_paper_shows_all_chosen_columns_and_no_controls(page, address, all_columns):
    data = json.loads(script(page, "return document.getElementById('data').textContent"))
    chosen = [column["id"] for column in data["columns"]] + ["parameters", "trained_on", "lora_rank"]
    if all_columns:
        reload(page, f"{address}#cols={','.join(chosen)}")
        assert len(headings(page)) > 12
    wide(page, A4, media="print")
    assert not find(page, "#controls").is_displayed()
    assert script(page, "return document.getElementById('ranks').scrollWidth") <= A4
    rights = script(
        page,
        "return [...document.querySelectorAll('#ranks > tbody > tr[data-row] > td')].map((c) => c.getBoundingClientRect().right)",
    )
    assert max(rights) <= A4 + 1
    sizes = script(
        page,
        "return [...document.querySelectorAll('#ranks > tbody > tr[data-row] > td')].map((c) => parseFloat(getComputedStyle(c).fontSize))",
    )
    assert min(sizes) >= 8.6  # 6.5 points
    shoot(page, f"print-{'all' if all_columns else 'main'}")
