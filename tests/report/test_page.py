"""The page in headless Chromium: no network, no console error, the first screen concludes, the table works, axe finds nothing serious."""

import numpy as np
import pytest
from scipy import stats as sps

from tests.report import cases
from tests.report.chromium import (
    cells,
    choose,
    column,
    find,
    headings,
    painted,
    reload,
    script,
    serious,
    shoot,
    wait,
    wide,
)
from tli_bench.report.render_html import render_html

GOOD, EARLY, R4, FULL = "org/good", "tli-early", "tli-r4", "good-full (full fine-tuning)"


def test_the_first_screen_says_who_is_best_what_is_tied_and_why(page):
    from tli_bench.report.conclusion import conclude

    said = conclude(cases.leaderboard().boards[0])
    assert find(page, ".conclusion").text == said.sentence
    assert find(page, ".basis").text == said.basis
    wide(page, 1440)
    bottom = script(page, "return document.querySelector('.trust').getBoundingClientRect().bottom")
    assert bottom < 1000
    tiers = script(
        page,
        """return [...document.querySelectorAll("#figure tbody")].map((tier) => [tier.classList.contains("tied"),
        [...tier.rows].map((row) => row.cells[0].innerText)])""",
    )
    assert tiers == [[False, ["1"]], [False, ["2"]], [False, ["3"]], [False, ["4"]], [True, ["5=", "5="]]]
    scored = script(page, "return [...document.querySelectorAll('#figure .v1 b')].map((b) => b.textContent)")
    assert scored == ["0.755", "0.688", "0.600", "0.530", "0.150", "0.150"]


def test_the_picture_is_drawn_to_scale(page):
    """A dot stands at its score, its interval from low to high, guessing at 0.02."""
    wide(page, 1440)
    drawn = script(
        page,
        """const strip = document.querySelector("#figure td.p1 svg");
        const at = (name, side) => parseFloat(strip.querySelector(name).getAttribute(side));
        return [at("circle", "cx"), at(".interval", "x1"), at(".interval", "x2"), at(".chance", "x1")]""",
    )
    # The axis ends at 0.8, above the highest interval, 0.792.
    assert drawn == pytest.approx([100 * v / 0.8 for v in (0.755, 0.718, 0.792, 0.02)], abs=0.1)


def test_it_shows_every_entry_in_order_of_rank(page):
    assert [text.split()[0] for text in column(page, "Rank")] == ["1", "2", "3", "4", "5=", "5=", "–", "–"]
    assert column(page, "Model")[0] == f"{GOOD} {FULL}"
    assert "no rank: 1 of 3 pairs" in " ".join(column(page, "Model"))
    assert find(page, "#controls").is_displayed()


def test_few_columns_until_more_are_chosen(page):
    assert len(headings(page)) <= 7
    assert "Cosine" not in headings(page)
    find(page, "#chooser summary").click()
    find(page, "#choices input[value=cosine]").click()
    assert "Cosine" in headings(page)
    assert find(page, "#choices input[value=cosine]") == page.switch_to.active_element
    assert "cosine" in page.current_url
    assert serious(page) == []
    reload(page, page.current_url)
    assert "Cosine" in headings(page)
    find(page, "#reset").click()
    assert len(headings(page)) <= 7
    assert "#" not in page.current_url


def test_names_of_columns_tell_what_they_mean(page):
    from selenium.webdriver.common.keys import Keys

    handles = page.find_elements("css selector", "#ranks > thead [role=button]")
    assert len(handles) == len(headings(page))
    for handle in handles:
        told = script(
            page,
            "return arguments[0].getAttribute('aria-description') ?? "
            "document.getElementById(arguments[0].getAttribute('aria-describedby')).textContent",
            handle,
        )
        script(page, "arguments[0].focus()", handle)
        assert script(page, "return document.getElementById('tip').textContent") == told
        assert find(page, "#tip").is_displayed()
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not find(page, "#tip").is_displayed()


def test_sorting_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    def header():
        return script(
            page, "return [...document.querySelectorAll('#ranks > thead th')].find(t => t.innerText.includes('Model'))"
        )

    for direction, reverse in (("ascending", False), ("descending", True)):
        header().find_element("css selector", "[role=button]").send_keys(Keys.ENTER)
        wait(page, lambda: header().get_attribute("aria-sort") == direction)  # noqa: B023
        names = [text.split("\n")[0].lower() for text in column(page, "Model")]
        assert names == sorted(names, reverse=reverse)
    assert "sort=model:desc" in page.current_url


def test_filters_by_language_kind_and_text(page):
    choose(page, "#scope", "Swahili – English")
    assert "incomplete" in " ".join(column(page, "Model")[:1])
    choose(page, "#kind", "adapters")
    assert column(page, "Model") == [f"{GOOD} {R4}", f"{GOOD} {EARLY}"]
    choose(page, "#kind", "fully fine-tuned")
    assert column(page, "Model") == [f"{GOOD} {FULL}"]
    choose(page, "#kind", "all models")
    find(page, "#search").send_keys("weak")
    assert sorted(column(page, "Model")) == ["org/weak", "org/weak-too"]
    assert "Swahili – English, 1 pair" in find(page, "#caption").text


def test_a_row_opens_with_its_signature_curves_and_command(page):
    button = find(page, "tr[data-row] button.open")
    assert button.text.startswith(GOOD)
    button = next(b for b in page.find_elements("css selector", "button.open") if "tli-r4" in b.text)
    button.send_keys(" ")
    button = next(b for b in page.find_elements("css selector", "button.open") if "tli-r4" in b.text)
    assert button.get_attribute("aria-expanded") == "true"
    detail = find(page, ".detail")
    assert "tli-bench run --model org/good" in detail.text
    assert "2026-01-01" in detail.text
    assert detail.find_element("css selector", "canvas").get_attribute("role") == "img"
    for summary in detail.find_elements("css selector", "summary"):
        summary.click()
    assert "lexicon_hash" in detail.text
    assert "P@1 of 50, tli-r4" in detail.text
    assert "Bands are 95 % over the 24 words" in detail.text
    assert "Wilson's interval for P@1" in detail.text
    assert "No band for P@1 of 50" in detail.text
    facts = dict(
        zip(
            *(
                script(page, f"return [...document.querySelectorAll('.facts {t}')].map((n) => n.textContent)")
                for t in ("dt", "dd")
            ),
            strict=True,
        )
    )
    assert facts["Adapter hash"] == "a" * 64
    assert (facts["Trainable parameters"], facts["LoRA rank"], facts["Loss layer"]) == ("12,345", "4", "2")
    assert "± pairs 0.000 Standard deviation of the scores of the single pairs." in detail.text
    assert "Licence" not in facts  # nothing is shown that the records do not hold
    choose(page, ".detail select", "tur_Latn-eng_Latn")
    assert "tur_Latn-eng_Latn" in find(page, ".detail .chart canvas").get_attribute("aria-label")
    assert serious(page) == []
    shoot(page, "open-row")
    button.send_keys(" ")
    assert page.find_elements("css selector", ".detail") == []


def test_the_difference_from_the_base_has_its_interval_at_every_layer(page):
    next(b for b in page.find_elements("css selector", "button.open") if "tli-r4" in b.text).click()
    note = find(page, ".curves > div:last-child p").text
    assert note == (
        "The band is the 95 % interval of the difference, paired over the 24 words, layer by layer. "
        "At layer 0, 1, 2p there is none, for the difference is exactly zero."
    )
    find(page, ".curves > div:last-child summary").click()
    rows = cells(page, ".curves details table[data-of=difference]")
    assert [row[0] for row in rows] == list(cases.LAYERS)
    assert [row[1:] for row in rows[:3]] == [["+0.000", "–"]] * 3
    changes = np.repeat([[0.1, 0.1, 0.05, 0.1]], 6, axis=0).ravel()
    half = sps.t.ppf(0.975, 23) * changes.std(ddof=1) / 24**0.5
    low, high = (float(end) for end in rows[3][2].strip("[]").replace("+", "").split(", "))
    assert (float(rows[3][1]), low, high) == pytest.approx((0.0875, 0.0875 - half, 0.0875 + half), abs=0.00051)


def test_any_two_rows_are_compared_as_the_ranks_do(page):
    assert "is certainly better here" in find(page, "#versus-said").text
    choose(page, "#versus-0", "org/weak")
    choose(page, "#versus-1", "org/weak-too")
    assert "They cannot be told apart here" in find(page, "#versus-said").text
    find(page, "#differences summary").click()
    wait(page, lambda: page.find_elements("css selector", ".matrix"))
    matrix = script(
        page,
        """return [...document.querySelectorAll(".matrix tbody tr")].map((row) =>
        [...row.cells].slice(2).map((c) => [c.innerText, c.classList.contains("apart")]))""",
    )
    # Who is certainly better than whom is what ranks count: rank is 1 plus the number of such rows.
    better = [sum(apart and text.startswith("+") for text, apart in (matrix[b][a] for b in range(6))) for a in range(6)]
    assert [1 + n for n in better] == [1, 2, 3, 4, 5, 5]
    scores = [row.score for row in cases.leaderboard().boards[0].sections[0].rows]
    assert matrix[0][1][0] == f"{scores[0] - scores[1]:+.3f}"
    assert all(
        matrix[a][b][0].translate(str.maketrans("+−", "−+")) == matrix[b][a][0]
        for a in range(6)
        for b in range(a)
        if matrix[a][b][0][1:] != "0.000"
    )
    assert serious(page) == []


def test_the_hostile_name_is_text(page):
    names = column(page, "Model")
    assert any(name.startswith("<script>alert(1)</script>") for name in names)
    assert script(page, "return document.querySelectorAll('main script').length") == 0


def test_reported_rows_stand_in_a_table_of_their_own(page):
    assert "=evil()" in find(page, "section[aria-labelledby=reported]").text
    assert not any("evil" in name for name in column(page, "Model"))


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


def test_charts_are_painted_in_the_colours_of_their_series(page):
    assert painted(page, "#trainings-chart canvas", "--c1") > 30
    assert painted(page, "#trainings-chart canvas", "--c4") > 30
    assert painted(page, "#sweep-chart canvas", "--c1") > 100
    assert painted(page, "#sweep-chart canvas", "--c2") > 100


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


def test_each_source_of_uncertainty_can_be_shown_in_the_table_and_stands_in_the_row(page, address):
    names = ["± words", "± pairs", "One pair left out", "Its place"]
    reload(page, f"{address}#cols=se_words,sd_pairs,without_pair,place_without")
    assert [column(page, name)[0] for name in names] == ["0.018", "0.000", "0.755", "1"]
    assert column(page, "± words")[-1] == "–"
    assert find(page, ".sources").text.startswith("Where the uncertainty of good-full")
    find(page, "#ranks button.open").click()
    told = next(t for t in page.find_elements("css selector", ".detail table") if "uncertainty" in t.text)
    assert all(name in told.text for name in (*names, "Rank, pairs drawn too", "± seeds"))
    find(page, "#chooser summary").click()
    # Nothing is known of seeds or of pairs drawn at random here, so there is no such column to choose.
    offered = script(page, "return [...document.querySelectorAll('#choices input')].map((box) => box.value)")
    assert {"se_words", "place_without"} <= set(offered)
    assert not {"sd_seeds", "drawn_rank"} & set(offered)
    assert serious(page) == []
