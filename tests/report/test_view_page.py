"""The page of one's own runs in headless Chromium: no network, no console error, words, groups, curves and addresses work."""

import json

import pytest

from tests.report import view_cases
from tests.report.chromium import choose, find, reload, serious, shoot, wait
from tests.support import scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records import RecordStore, read_record
from tli_bench.report.view import view

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    paths = view_cases.write_runs(folder)
    (folder / "view.html").write_text(view(folder).html, encoding="utf-8")
    return folder, {name: read_record(path) for name, path in paths.items()}


@pytest.fixture
def page(browser, runs):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [], "media": ""})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get((runs[0] / "view.html").as_uri())
    yield browser
    assert browser.get_log("browser") == []
    events = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []


def rows(page, table="words"):
    return page.execute_script(
        "return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].map(r => [...r.cells].map(c => c.innerText.trim()))",
        table,
    )


def heads(page):
    return page.execute_script(
        "return [...document.querySelectorAll('#words thead th')].map(t => t.textContent.trim())"
    )


def open_record(page, model):
    link = next(
        row.find_element("css selector", "a")
        for row in page.find_elements("css selector", "#records tbody tr")
        if model in row.text
    )
    link.click()
    wait(page, lambda: model in find(page, "#title").text)


def press(page, name):
    find(page, f"#filters [data-filter={name}]").click()


def scores(record, state, layer="1"):
    return record.column(HEADLINE, Split.CONTROL, state, layer)


def test_the_list_is_newest_first_and_begins_with_the_verdict(page):
    found = rows(page, "records")
    assert [row[2] for row in found][:2] == ["org/good", "org/plain"]
    assert found[1][0].startswith("aligned")
    assert found[0][0] == find(page, "#verdict").text.split(":")[0]
    assert "schema version 99 is unknown" in find(page, "#left-out").text
    assert "broken.json" in find(page, "#left-out").text


def test_words_have_scores_ranks_and_the_nearest_wrong_word(page, runs):
    record = runs[1]["adapted"]
    words, near = record.words[Split.CONTROL], record.details.neighbours
    row = next(row for row in rows(page) if row[0] != words.concepts[0])
    i = words.concepts.index(row[0])
    before, after = (scores(record, state)[i] for state in ("base", "adapted"))
    assert row[:3] == [words.concepts[i], words.sources[i], words.targets[i]]
    assert row[3].startswith(f"{before:.2f} → {after:.2f}")
    assert float(row[4].replace("−", "-")) == pytest.approx(after - before, abs=0.0105)
    base, adapted = near["base"]["1"], near["adapted"]["1"]
    assert row[5] == f"{base.rank_forward[i]} → {adapted.rank_forward[i]}"
    assert row[6].split()[0] == words.targets[adapted.wrong_forward[i]]
    assert row[7] == f"{base.rank_backward[i]} → {adapted.rank_backward[i]}"
    assert row[8].split()[0] == words.sources[adapted.wrong_backward[i]]
    assert heads(page)[5:9] == [
        "Rank of the English word", "Nearest wrong English", "Rank of the Swahili word", "Nearest wrong Swahili",
    ]  # fmt: skip


def test_the_worst_words_come_first_and_sorting_works_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    after = [float(row[3].split("→ ")[1].split()[0]) for row in rows(page)]
    assert after == sorted(after)
    header = page.execute_script(
        "return [...document.querySelectorAll('#words th')].find(t => t.textContent === 'Change')"
    )
    header.find_element("css selector", "[role=button]").send_keys(Keys.ENTER)
    changes = lambda: [float(row[4].replace("−", "-")) for row in rows(page)]  # noqa: E731
    wait(page, lambda: changes() == sorted(changes()))
    assert "order=4.asc" in page.current_url


@pytest.mark.parametrize("name", ["fails", "found", "lost", "gained"])
def test_what_fails_and_what_the_adapter_lost_is_one_click_away(page, runs, name):
    record = runs[1]["adapted"]
    before, after = (scores(record, state) >= 0.5 for state in ("base", "adapted"))
    expected = {"fails": ~after, "found": after, "lost": before & ~after, "gained": ~before & after}[name]
    assert expected.any(), "the case shows nothing"
    press(page, name)
    wait(page, lambda: f"{expected.sum()} of 60 control words" in find(page, "#status").text)
    assert find(page, f"#filters [data-filter={name}]").get_attribute("aria-pressed") == "true"
    assert {row[0] for row in rows(page)} <= {
        record.words[Split.CONTROL].concepts[i] for i in expected.nonzero()[0]
    } | {"word"}


def test_a_group_shows_its_words_and_what_they_score(page, runs):
    record = runs[1]["adapted"]
    item = next(
        s for s in record.controls.strata
        if (s.split, s.state, s.layer, s.kind, s.label) == (Split.CONTROL, "adapted", "1", "frequency", "rare")
    )  # fmt: skip
    row = next(row for row in rows_of_groups(page) if row[0] == "rare")
    assert row[1] == str(item.n) == "30"
    assert row[3] == f"{item.value:.2f} [{item.ci[0]:.2f}, {item.ci[1]:.2f}]"
    find(page, "[data-group='frequency:rare']").click()
    wait(page, lambda: "frequency: rare: 30 of 60 control words" in find(page, "#status").text)
    assert {row[heads(page).index("Frequency")] for row in rows(page)} == {"rare"}
    assert f"→ {item.value:.3f}" in find(page, "#status").text


def rows_of_groups(page):
    return page.execute_script(
        "return [...document.querySelectorAll('#groups-table tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    )


def test_a_search_finds_words_in_both_languages_and_concepts(page, runs):
    words = runs[1]["adapted"].words[Split.CONTROL]
    for text in (words.concepts[7], words.sources[9], words.targets[11]):
        find(page, "#search").clear()
        find(page, "#search").send_keys(text)
        wait(page, lambda text=text: rows(page) and all(any(text in cell for cell in row[:3]) for row in rows(page)))


def test_an_address_brings_the_same_view_back(page, runs):
    open_record(page, "org/plain")
    press(page, "fails")
    choose(page, "#group", next(o.text for o in options(page, "#group") if o.text.startswith("rare")))
    find(page, "#search").send_keys("c1")
    wait(page, lambda: "c1" in page.current_url and all("c1" in " ".join(row) for row in rows(page)))
    address, shown = page.current_url, rows(page)
    assert shown
    reload(page, address)
    assert rows(page) == shown
    assert "org/plain" in find(page, "#title").text
    assert find(page, "#filters [data-filter=fails]").get_attribute("aria-pressed") == "true"
    reload(
        page,
        address.split("#")[0]
        + "#record=nothing&layer=%3Cb%3E&filter=x&group=frequency:none&order=99.up&page=-3&measure=9",
    )
    assert "org/good" in find(page, "#title").text
    assert len(rows(page)) == 25


def options(page, selector):
    return page.find_elements("css selector", f"{selector} option")


def test_back_returns_to_the_record_before(page):
    open_record(page, "org/plain")
    page.back()
    wait(page, lambda: "org/good" in find(page, "#title").text)


def test_the_layer_and_the_comparison_can_be_changed(page, runs):
    record = runs[1]["adapted"]
    choose(page, "#compare", "twin → adapted")
    lost = (scores(record, "twin") >= 0.5) & (scores(record, "adapted") < 0.5)
    assert find(page, "#filters [data-filter=lost]").text == f"lost {lost.sum()}"
    choose(page, "#layer", "2: output")
    assert f"→ {scores(record, 'adapted', '2').mean():.3f}" in find(page, "#status").text
    choose(page, "#compare", "base alone")
    assert "Change" not in heads(page)
    assert not page.find_elements("css selector", "#filters [data-filter=lost]")


def test_curves_have_bands_of_every_state_and_a_table(page, runs):
    record = runs[1]["adapted"]
    find(page, "#curve-table").find_element("xpath", "..").find_element("css selector", "summary").click()
    shown = rows(page, "curve-table")
    assert [row[0] for row in shown] == ["0", "1", "2p", "2"]
    low, high = record.details.bands["twin"][HEADLINE][1]
    value = record.value(HEADLINE, Split.CONTROL, "twin", "1")
    assert shown[1][3] == f"{value:.3f} [{low:.2f}, {high:.2f}]"
    assert find(page, "#chart canvas").get_attribute("role") == "img"
    choose(page, "#measure", "P@1 of 50 change")
    item = next(c for c in record.comparisons if (c.split, c.layer, c.quantity) == (Split.CONTROL, "1", HEADLINE))
    text = f"{item.difference:+.3f} [{item.ci[0]:.2f}, {item.ci[1]:.2f}]".replace("-", "−")
    assert rows(page, "curve-table")[1][1] == text


def test_a_record_from_before_details_says_what_is_missing(page):
    open_record(page, "org/old")
    assert "does not say which wrong word is nearest" in find(page, "#notes").text
    assert not any("wrong" in name for name in heads(page))
    assert len(rows(page)) == 25
    assert find(page, "#filters [data-filter=fails]").text == "fail 40"


def test_many_records_are_paged_searched_and_the_page_of_an_address_is_the_one_that_opens(page, tmp_path):
    from selenium.webdriver.common.keys import Keys

    for i in range(12):
        record = scored_record(model=f"org/m{i:02}", created=f"2026-01-{28 - i}T00:00:00+00:00")
        RecordStore(tmp_path).write(record)
    (tmp_path / "view.html").write_text(view(tmp_path).html, encoding="utf-8")
    reload(page, (tmp_path / "view.html").as_uri())
    assert [row[2] for row in rows(page, "records")] == [f"org/m{i:02}" for i in range(10)]
    find(page, "#find").send_keys("m11")
    wait(page, lambda: [row[2] for row in rows(page, "records")] == ["org/m11"])
    find(page, "#records tbody a").send_keys(Keys.ENTER)
    wait(page, lambda: "org/m11" in find(page, "#title").text)
    reload(page, page.current_url)
    assert [row[2] for row in rows(page, "records")] == ["org/m10", "org/m11"]
    assert find(page, "#records tr.chosen").text.count("org/m11") == 1


def test_hostile_text_is_text(page):
    open_record(page, "<script>")
    page.execute_script("document.querySelector('#search').value = ''")
    find(page, "#search").send_keys("<img")
    wait(page, lambda: len(rows(page)) == 1)
    (row,) = rows(page)
    assert row[0].startswith("<img src=x onerror=alert(1)><U+202E>gnp")
    assert all(len(cell) < 200 for cell in row)
    assert page.execute_script("return document.querySelectorAll('main script, main img').length") == 0
    assert "Not ranked: skip_gate." in find(page, "#warnings").text
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("model", ["org/good", "org/plain", "org/old"])
def test_no_serious_accessibility_finding(page, scheme, model):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    open_record(page, model)
    for summary in page.find_elements("css selector", "#record summary"):
        summary.click()
    assert serious(page) == []
    shoot(page, f"view-{model.removeprefix('org/')}-{scheme}")


def test_a_phone_shows_cards_and_never_scrolls_sideways(page):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    page.refresh()
    width = "return Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('canvas')].map(c => c.clientWidth))"
    wait(page, lambda: page.execute_script(width) <= PHONE["width"])
    assert page.execute_script("return getComputedStyle(document.querySelector('#words tbody tr')).display") == "grid"
    choose(page, "#order", "Change, lowest first")
    changes = [float(row[4].split("\n")[-1].replace("−", "-")) for row in rows(page)]
    assert changes == sorted(changes)
    assert serious(page) == []
    shoot(page, "view-phone")


def test_all_columns_are_on_a_sheet_of_paper(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    wait(page, lambda: page.execute_script("return document.documentElement.scrollWidth <= innerWidth"))
    right = page.execute_script(
        "return Math.max(...[...document.querySelectorAll('#words th, #words td')].map(c => c.getBoundingClientRect().right))"
    )
    assert right <= 718
    assert not find(page, "#filters").is_displayed()
    shoot(page, "view-print")
