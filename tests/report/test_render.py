"""Each format against its golden file, and third-party text made harmless in every one.

`python -m tests.report.test_render` writes the golden files again; read the difference before committing it.
"""

import base64
import csv
import gzip
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.report import cases
from tests.support import scored_record
from tli_bench.report.conclusion import conclude
from tli_bench.report.embed import pack_curve
from tli_bench.report.escape import csv_cell, latex, markdown
from tli_bench.report.page.defaults import MOST
from tli_bench.report.page.packed import PLAIN, packed
from tli_bench.report.render_html import render_html
from tli_bench.report.table import build
from tli_bench.report.write import RENDERERS, write_all

GOLDEN = Path(__file__).parent / "golden"
COMPARED = ("leaderboard.md", "leaderboard.csv", "trainings.csv", "sweeps.csv", "reported.csv", "leaderboard.tex")


@pytest.fixture(scope="module")
def rendered():
    board = cases.leaderboard()
    return {name: render(board) for name, render in RENDERERS.items()}


@pytest.mark.parametrize("name", COMPARED)
def test_golden(rendered, name):
    assert rendered[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_no_format_carries_the_reading_direction_mark(rendered):
    for name, text in rendered.items():
        assert "\u202e" not in text, name
        assert "U+202E" in text or name in ("reported.csv", "trainings.csv", "sweeps.csv"), name


def test_markdown_has_no_html_of_the_record(rendered):
    assert "<script" not in rendered["leaderboard.md"]
    for line in rendered["leaderboard.md"].splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) >= 3


def test_markdown_tables_keep_their_columns(rendered):
    width = None
    for line in rendered["leaderboard.md"].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert width is None or cells is None or cells == width, line
        width = cells


def test_markdown_begins_with_the_conclusion_and_its_main_tables_have_the_main_columns(rendered):
    said = conclude(cases.leaderboard().boards[0])
    lines = rendered["leaderboard.md"].splitlines()
    assert lines[2] == f"**{markdown(said.sentence, limit=2000)}**"
    assert lines[4] == markdown(said.basis, limit=2000)
    assert lines[6] == markdown(said.sources, limit=2000)
    averages = [line for line in lines if line.startswith(("| rank |", "| model | ± words"))]
    assert len(averages) >= 3
    assert all(line.count("|") - 1 <= MOST for line in averages)
    # Whatever is left out there stands in one table at the end.
    others = lines[lines.index("### All pairs: the other columns") + 2]
    assert "AUC, centred" in others
    assert "Cosine" in others


def test_latex_tables_have_labels_of_their_own_and_name_their_board(rendered):
    text = rendered["leaderboard.tex"]
    labels = re.findall(r"\\label\{(tab:tli-[A-Za-z0-9-]+)\}", text)
    assert len(labels) == text.count(r"\begin{table}") == len(set(labels))
    captions = re.findall(r"\\caption\{(.*)\}", text)
    assert len(captions) == len(labels)
    assert all(
        c.startswith(r"\textbf{Protocol words.v1, lexicon own 1")
        for c, name in zip(captions, labels, strict=True)
        if name != "tab:tli-reported"
    )
    for block in text.split(r"\begin{tabular}{")[1:]:
        layout, _, body = block.partition("}")
        rows = [line for line in body.split(r"\end{tabular}")[0].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(layout)}


def test_csv_has_no_formula_and_keeps_its_columns(rendered):
    for name in (name for name in COMPARED if name.endswith(".csv")):
        lines = list(csv.reader(io.StringIO(rendered[name])))
        assert {len(line) for line in lines} == {len(lines[0])}
        for cell in (cell for line in lines for cell in line):
            number = re.fullmatch(r"-?\d+(\.\d+)?(e[-+]\d+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_latex_has_no_command_of_the_record(rendered):
    assert r"\input" not in rendered["leaderboard.tex"].replace(r"\textbackslash{}input", "")
    for line in rendered["leaderboard.tex"].splitlines():
        if line.endswith(r"\\"):
            assert not re.search(r"(?<!\\)[%#$]", line.replace("$-$", "")), line


DOCUMENT = r"""\documentclass{article}
\usepackage{%s}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(shutil.which("lualatex") is None, reason="lualatex is not installed")
@pytest.mark.parametrize("board", ["cases", "hostile", "committed"])
def test_latex_compiles_with_the_packages_that_it_names(request, rendered, tmp_path, board):
    text = {
        "cases": lambda: rendered["leaderboard.tex"],
        "hostile": lambda: request.getfixturevalue("hostile")["leaderboard.tex"],
        "committed": lambda: (Path(__file__).parents[2] / "leaderboards" / "leaderboard.tex").read_text(
            encoding="utf-8"
        ),
    }[board]()
    packages = re.search(r"Needs \\usepackage\{([a-z,]+)\}", text)[1]
    (tmp_path / "board.tex").write_text(DOCUMENT % (packages, text), encoding="utf-8")
    command = ["lualatex", "-interaction=nonstopmode", "-halt-on-error", "board.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "board.pdf").stat().st_size > 1000


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (markdown, "a|b<c>`d`[e](f)", r"a\|b&lt;c&gt;\`d\`\[e\](f)"),
        (markdown, "http://x @me", "http&#58;//x &#64;me"),
        (markdown, "line\nbreak", "line break"),
        (latex, r"50% \x_{y}^~&#$", r"50\% \textbackslash{}x\_\{y\}\textasciicircum{}\textasciitilde{}\&\#\$"),
        (csv_cell, "=1+1", "'=1+1"),
        (csv_cell, " @x", "'@x"),
        (csv_cell, "-org/model", "'-org/model"),
        (csv_cell, "org/model", "org/model"),
    ],
)
def test_escapes(function, text, expected):
    assert function(text) == expected


class Page(HTMLParser):
    """Elements, attributes, and the text of the data element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.data, self._in_data = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._in_data = ("id", "data") in attrs

    def handle_data(self, data):
        if self._in_data:
            self.data += data

    def handle_endtag(self, tag):
        self._in_data = False


def test_the_page_has_our_scripts_only_and_loads_nothing(rendered):
    page = Page(rendered["index.html"])
    assert page.elements.count("script") == 4  # the data, two libraries and the page's own
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "src"]
    links = [value for tag, name, value in page.attributes if name == "href" and tag != "a"]
    assert links == ["data:,"]
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline'; img-src" in policy
    assert "'unsafe-eval'" not in policy


def test_the_page_holds_the_hostile_name_as_data(rendered):
    page = Page(rendered["index.html"])
    data = json.loads(page.data)
    names = [entry["model"] for entry in data["boards"][0]["entries"]]
    assert any(name.startswith('<script>alert(1)</script>"') for name in names)
    assert "<" not in page.data
    assert "{{" not in re.sub(
        r"<script>.*?</script>", "", rendered["index.html"].replace("{{DATA}}=cmd", ""), flags=re.S
    )


@pytest.fixture(scope="module")
def hostile():
    """What was trained, and a sweep, whose every text is hostile."""
    adapter = cases.EARLY.model_copy(
        update={
            "name": cases.HOSTILE,
            "recipe": cases.HOSTILE,
            "loss_layers": (cases.HOSTILE,),
            "trained_on": cases.HOSTILE,
        }
    )
    training = cases.FULL.model_copy(update={"name": "=cmd|x", "base": "org/model", "recipe": cases.HOSTILE})
    records = [
        scored_record(scores=(0.5, 0.6) * 10, base_scores=(0.1, 0.2) * 10, adapter=adapter),
        scored_record(scores=(0.5, 0.6) * 10, training=training, model=cases.HOSTILE, revision="x"),
    ]
    sweep = cases.sweep()
    points = [
        p.model_copy(update={"settings": {cases.HOSTILE: str(i), "=a": "@b"}}) for i, p in enumerate(sweep.points)
    ]
    named = dict.fromkeys(("name", "model", "revision", "dtype", "quantization", "lexicon"), cases.HOSTILE)
    board = build(records, sweeps=[sweep.model_copy(update={"points": tuple(points)} | named)])
    assert len(board.boards[0].contests[0].rows) == 2
    return {name: render(board) for name, render in RENDERERS.items()}


def test_hostile_trainings_and_sweeps_are_text_everywhere(hostile):
    for name, text in hostile.items():
        assert "\u202e" not in text, name
    test_csv_has_no_formula_and_keeps_its_columns(hostile)
    test_latex_has_no_command_of_the_record(hostile)
    test_markdown_has_no_html_of_the_record(hostile)
    test_markdown_tables_keep_their_columns(hostile)
    page = Page(hostile["index.html"])
    assert page.elements.count("script") == 4
    assert "<" not in page.data
    assert json.loads(page.data)["sweeps"][0]["title"].startswith("<script>alert(1)</script>")


def test_huge_strings_do_not_blow_up_a_page():
    long = build([scored_record(model="m" * 100_000)])
    assert len(render_html(long)) < 400_000
    assert all(len(line) < 2000 for line in RENDERERS["leaderboard.md"](long).splitlines())


def test_an_empty_leaderboard_renders(tmp_path):
    empty = build([])
    assert "No measured rows yet" in RENDERERS["leaderboard.md"](empty)
    assert [path.name for path in write_all(empty, tmp_path)] == list(RENDERERS)
    assert "No measured rows yet" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_long_data_is_compressed_and_comes_back_as_it_was():
    data = {"text": cases.HOSTILE * (PLAIN // 20)}
    found = packed(data)
    assert found.type == "application/gzip"
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", found.text)
    assert json.loads(gzip.decompress(base64.b64decode(found.text))) == data
    assert packed({"text": cases.HOSTILE}).type == "application/json"


def test_curves_are_packed_two_characters_a_layer():
    # 0 is level 2047 = 31 * 64 + 63, 1 is 3047 = 47 * 64 + 39, unscored is 4095 = 63 * 64 + 63.
    assert pack_curve([0.0, 1.0, None]) == "V_" + "ld" + "__"


def write_golden():
    board = cases.leaderboard()
    for name in COMPARED:
        (GOLDEN / name).write_text(RENDERERS[name](board), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
