"""Every view of the page has an address, every row a permalink, a citation and a download."""

import json

import pytest

from tests.report import cases
from tests.report.chromium import (
    choose,
    column,
    find,
    headings,
    reload,
    script,
    wait,
)


def view(page):
    """All that an address has to bring back."""
    return {
        "rows": column(page, "Model"),
        "columns": headings(page),
        "controls": [
            find(page, f"#{name}").get_attribute("value") for name in ("board", "scope", "kind", "search", "sort")
        ],
        "opened": script(
            page, "return [...document.querySelectorAll('.detail h3:first-child')].map((h) => h.textContent)"
        ),
        "versus": find(page, "#versus-said").text,
        "figure": find(page, "#figure").text,
    }


def test_every_view_has_an_address(page):
    before = page.current_url
    choose(page, "#scope", "Turkish – English")
    choose(page, "#kind", "base models")
    find(page, "#search").send_keys("org/")
    find(page, "#chooser summary").click()
    find(page, "#choices input[value=auc_centred]").click()
    find(page, "#chooser summary").click()
    script(
        page,
        "document.querySelector('#sort').value = 'score:asc'; document.querySelector('#sort').dispatchEvent(new Event('change'))",
    )
    find(page, "#ranks button.open").click()
    choose(page, "#versus-1", "org/weak")
    seen = view(page)
    assert (len(seen["opened"]), "org/weak" in seen["versus"], len(seen["rows"])) == (1, True, 3)
    sent = page.current_url
    reload(page, sent)
    assert view(page) == seen
    assert page.current_url == sent
    # The way back leads through what was chosen, to where it began.
    reload(page, before)
    choose(page, "#scope", "Turkish – English")
    choose(page, "#kind", "adapters")
    page.back()
    assert (find(page, "#scope").get_attribute("value"), find(page, "#kind").get_attribute("value")) == (
        "tur_Latn-eng_Latn",
        "",
    )
    page.back()
    assert find(page, "#scope").get_attribute("value") == "overall"
    assert page.current_url == before


@pytest.mark.parametrize(
    "part",
    [
        "scope=nowhere",
        "sort=<script>",
        "row=nobody",
        "kind=x",
        "board=1",
        "vs=a,b",
        "cols=audit,nothing",
        "columns=audit",
    ],
)
def test_an_address_that_names_what_is_not_there_says_so(blank, address, part):
    reload(blank, f"{address}#{part}")
    assert "names what the page does not have" in find(blank, "#notice").text
    assert len(column(blank, "Model")) == 8


def test_a_permalink_opens_its_row_alone(page):
    choose(page, "#kind", "base models")
    button = find(page, "button.open")
    name = button.text
    button.click()
    link = find(page, ".permalink").get_attribute("href")
    reload(page, link)
    assert len(column(page, "Model")) == 8
    assert find(page, ".detail h3").text == name
    assert len(page.find_elements("css selector", ".detail")) == 1
    top = script(page, "return document.querySelector('tr.opened').getBoundingClientRect().top")
    assert -1 <= top < 1000


def test_a_permalink_holds_when_the_model_is_called_otherwise(page, address):
    data = json.loads(script(page, "return document.getElementById('data').textContent"))
    entry = next(e for e in data["boards"][0]["entries"] if e["training"] == "tli-early")
    reload(page, f"{address}#row=an-older-name-{entry['id'][-10:]}")
    assert "tli-early" in find(page, ".detail h3").text
    assert not find(page, "#notice").is_displayed()


def test_a_row_is_cited_without_a_command_of_its_name(page):
    next(b for b in page.find_elements("css selector", "button.open") if "alert(1)" in b.text).click()
    cited = find(page, ".detail pre").text
    assert cited.startswith("@misc{tlibench-")
    assert cited.count("{") - cited.count("\\{") == cited.count("}") - cited.count("\\}")
    assert "\\input" not in cited
    assert "\\textbackslash input" in cited


def test_what_is_shown_can_be_downloaded(page, tmp_path):
    import csv
    import io

    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    choose(page, "#kind", "adapters")
    for ending in ("csv", "json"):
        find(page, f"#get-{ending}").click()
    files = {}

    def saved(count):
        files.update({p.suffix: p for p in tmp_path.iterdir() if p.suffix in (".csv", ".json")})
        return len(files) == count

    wait(page, lambda: saved(2))
    lines = list(csv.DictReader(io.StringIO(files[".csv"].read_text(encoding="utf-8"))))
    assert [line["training"] for line in lines] == ["tli-r4", "tli-early"]
    assert (lines[0]["rank"], lines[0]["p1_of_50"], lines[0]["ci_low"], lines[0]["p1_of_50_change"]) == (
        "2",
        "0.688",
        "0.664",
        "0.088",
    )
    told = json.loads(files[".json"].read_text(encoding="utf-8"))
    assert [row["training"] for row in told["rows"]] == ["tli-r4", "tli-early"]
    assert told["rows"][0]["signature"]["adapter"]["sha256"] == "a" * 64
    assert (told["score"], told["scope"], len(told["pairs"])) == ("p1_of_50", "overall", 3)
    find(page, "#reset").click()
    files.clear()
    for path in tmp_path.iterdir():
        path.unlink()
    find(page, "#get-csv").click()
    wait(page, lambda: saved(1))
    everything = list(csv.reader(io.StringIO(files[".csv"].read_text(encoding="utf-8"))))
    assert {len(line) for line in everything} == {len(everything[0])}
    assert any(cases.HOSTILE[:10] in cell for line in everything for cell in line)


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_missing_values_come_last_either_way(blank, address, direction):
    reload(blank, f"{address}#sort=p1_of_50_change:{direction}")
    gains = column(blank, "Over base")
    known = [float(text.replace("−", "-")) for text in gains if text != "–"]
    assert len(known) == 3
    assert gains[3:] == ["–"] * 5
    assert known == sorted(known, reverse=direction == "desc")
