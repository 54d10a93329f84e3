"""The page of a study: Markdown, one HTML file that needs no network, and its figure as SVG."""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from tli_bench import __version__
from tli_bench.base.files import write_text
from tli_bench.base.wording import visible
from tli_bench.models.catalog import DEMONSTRATION
from tli_bench.report.effects import Shown, effects_figure
from tli_bench.report.escape import markdown
from tli_bench.report.render_html import styles, template
from tli_bench.studies.analysis import Findings
from tli_bench.studies.answer import answer
from tli_bench.studies.sections import Section, Table, sections

_LIMIT = 1500
"""Characters of a paragraph: more than any of ours, fewer than what could hide one."""


def write_page(
    findings: Findings, folder: Path, commands: Sequence[str], *, name: str, files: Mapping[str, str] | None = None
) -> list[Path]:
    """Write NAME.md, NAME.html and NAME.svg into the folder; raises OutputError.

    files: what the page links to, as `files_of` gives it; the HTML, which may be anywhere, only says what they are called.
    """
    svg = _figure(findings, folder / name)
    told = sections(findings, commands, files or {})
    pages = [folder / f"{name}.md", folder / f"{name}.html"]
    write_text(pages[0], _markdown(findings, told, svg.name), alone=True)
    write_text(pages[1], _html(findings, told, svg.read_bytes()), alone=True)
    return [*pages, svg]


def files_of(folder: Path, design: Path, points: Path) -> dict[str, str]:
    """The address of a study's design and of its points, one file or a folder of them, for a page in `folder`; by what they are."""
    found = {"the design": design, "its points": points}
    return {what: quote(Path(os.path.relpath(path, folder)).as_posix()) for what, path in found.items()}


def _figure(findings: Findings, stem: Path) -> Path:
    primary = findings.design.declared
    marks = []
    for arm in findings.arms:
        for net, found in ((False, arm.gains), (True, arm.nets)):
            effect = found.get(primary.name)
            if effect is not None:
                ends = None if effect.low is None or effect.high is None else (effect.low, effect.high)
                group = f"{arm.setting.arm}{f', layer {arm.setting.layer}' if arm.setting.layer else ''}"
                marks.append(Shown(group, arm.setting.label, arm.setting.rank, effect.value, ends, net))
    smoke = " (smoke test)" if findings.design.smoke else ""
    title = f"{findings.design.name}, {findings.study.base.model}{smoke}; bars: 95 %, simultaneous"
    return effects_figure(marks, stem, title=title, axis=f"change of {primary.label} from the base")


CAPTION = (
    "Change of the primary outcome from the base, and net of the twin on shuffled pairs where there is one (hollow, dashed). Bars and "
    "bands are 95 % intervals over words and trainings, simultaneous over settings."
)


def _title(findings: Findings) -> str:
    return f"{findings.design.name} on {findings.study.base.model}"


def _warnings(findings: Findings) -> list[str]:
    found = []
    if findings.design.smoke:
        found.append("Smoke test: a few steps of training, to show that the commands work. It answers nothing.")
    if any(one.startswith("design: ") for one in findings.added):
        found.append("The design was changed after the first point was made: everything here is exploratory.")
    return found


def _html(findings: Findings, told: Sequence[Section], svg: bytes) -> str:
    return str(
        template("study.html").render(
            title=visible(_title(findings)),
            version=__version__,
            styles=styles(),
            warnings=_warnings(findings),
            question=visible(findings.design.question, limit=_LIMIT),
            answer=visible(answer(findings), limit=_LIMIT),
            caption=CAPTION,
            figure=base64.b64encode(svg).decode(),
            sections=[_spelt(section) for section in told],
        )
    )


def _spelt(section: Section) -> Section:
    """A section with nothing unseen in it."""
    tables = tuple(Table(_line(table.head), tuple(_line(row) for row in table.rows)) for table in section.tables)
    files = tuple(f"{what}, {PurePosixPath(unquote(address)).name}" for what, address in section.files.items())
    texts = [*section.texts, *([f"Files: {'; '.join(files)}."] if files else [])]
    return Section(visible(section.title), tuple(visible(t, limit=_LIMIT) for t in texts), tables, section.code)


def _line(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(visible(cell, limit=300) for cell in cells)


def _markdown(findings: Findings, told: Sequence[Section], figure: str) -> str:
    lines = [f"# Study {markdown(_title(findings))}", ""]
    for warning in _warnings(findings):
        lines += [f"> {warning}", ""]
    lines += [
        markdown(findings.design.question, limit=_LIMIT), "", f"**{markdown(answer(findings), limit=_LIMIT)}**", "",
        f"![{markdown(_title(findings))}]({figure})", "", CAPTION, "",
    ]  # fmt: skip
    for section in told:
        lines += [f"## {markdown(section.title)}", ""]
        for text in section.texts:
            lines += [markdown(text, limit=_LIMIT), ""]
        for table in section.tables:
            lines += [*_table(table), ""]
        if section.files:
            lines += [f"Files: {', '.join(f'[{what}]({address})' for what, address in section.files.items())}.", ""]
        if section.code:
            needs = [] if findings.study.base.model in DEMONSTRATION else ["<!-- needs: a real checkpoint -->"]
            lines += [*needs, "```sh", *section.code, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table) -> list[str]:
    rows = [[markdown(cell, limit=300) for cell in row] for row in (table.head, *table.rows)]
    rule = ["---", *(["---:"] * (len(table.head) - 1))]
    return [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
