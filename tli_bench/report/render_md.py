"""The leaderboard as GitHub Markdown."""

from collections.abc import Iterable, Sequence

from tli_bench.base.wording import counted
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE, HEADLINE, SIZES
from tli_bench.records.audit import MEANING
from tli_bench.report.columns import DIGITS, FLAG, columns, in_words, score_column, shown
from tli_bench.report.conclusion import conclude, entry_names
from tli_bench.report.escape import markdown
from tli_bench.report.page.defaults import default_columns
from tli_bench.report.reported import Reported
from tli_bench.report.scopes import short_pair
from tli_bench.report.sources import sources
from tli_bench.report.sweeps import ABOUT as SWEEPS_ABOUT
from tli_bench.report.sweeps import Sweep, pairs_of, scores_of, table_rows
from tli_bench.report.table import (
    Board,
    Leaderboard,
    Row,
    Section,
    board_label,
    cell_text,
    interval_text,
    model_label,
    rank_text,
    row_label,
    training_label,
)
from tli_bench.report.trainings import (
    ABOUT,
    KINDS,
    Contest,
    change_text,
    loss_text,
    parameters_text,
    quantities,
)


def how_to_read() -> str:
    """What the score, ranks, ties and intervals mean, above every board."""
    label = get_measure(HEADLINE).label
    return (
        f"The score, {label}, says how often a word's translation is the nearest of {SIZES[0]} candidates, itself and "
        f"{SIZES[0] - 1} wrong words, once each language's mean vector is taken out: guessing gives {CHANCE[HEADLINE]:.2f}, "
        "perfect vectors 1. It is of words never trained on, at the layer chosen on the dev words (the last one, where a list has "
        "none), averaged over the pairs of "
        "the table. Rank 2–4 means that one model is better for certain and all but four models are worse for certain; `=` "
        "marks a model that cannot be told from some other. All ranks of a table hold together with 95 %, however many models "
        "it has; the interval of a score is 95 % over concepts. A model with a reservation, without all pairs of a table, or "
        "scored before there was this score, is listed below without a rank. Cosine, mismatched and gap, at the end, describe "
        "raw geometry: a constant vector changes them, and they decide nothing."
    )


def render_markdown(leaderboard: Leaderboard) -> str:
    """The conclusion, averages with the main columns, single pairs as one matrix per board, every column, reported figures apart."""
    lines = ["# Leaderboard", ""]
    if leaderboard.boards:
        lines += _concluded(leaderboard.boards[0])
    if leaderboard.updated:
        lines += [f"Latest record: {markdown(leaderboard.updated)}.", ""]
    lines += [how_to_read(), ""]
    if not leaderboard.boards:
        lines += ["No measured rows yet.", ""]
    for i, board in enumerate(leaderboard.boards):
        lines += _board(board, first=i == 0)
    lines += _sweeps(leaderboard.sweeps)
    lines += _reported(leaderboard.reported)
    if leaderboard.left_out:
        lines += ["## Records that no table holds", "", *(f"- {markdown(line)}" for line in leaderboard.left_out), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _concluded(board: Board) -> list[str]:
    """What a board says, what it rests on, and where its two averages disagree."""
    found = conclude(board)
    lines = [f"**{markdown(found.sentence, limit=2000)}**", ""]
    for text in (found.basis, found.sources, found.disagreement):
        if text:
            lines += [markdown(text, limit=2000), ""]
    return lines


def _board(board: Board, *, first: bool) -> list[str]:
    key = board.key
    title = f"## {'Demonstration' if key.demonstration else 'Measured'}: {markdown(board_label(key).removeprefix('demonstration, '))}"
    lines = [title, "", *([] if first else _concluded(board))]
    for section in board.sections:
        if section.scope.kind in ("overall", "family"):
            lines += _section(board, section)
    return lines + _uncertain(board) + _matrix(board) + _contests(board) + _everything(board)


def _section(board: Board, section: Section) -> list[str]:
    held, score, names = default_columns(board), score_column(), entry_names(board.entries)
    header = ["rank", "model", f"{score.label} [95 %]", *(c.label for c in held)]
    count = len(section.scope.pairs)
    # A reason stands with the name: one column less for the many rows that have none.
    reasons = {row.entry: f" (no rank: {row.unranked})" for row in section.rows if row.unranked}
    lines = [
        f"### {section.scope.label} ({counted(count, 'pair')})",
        "",
        *_head(header, left=(1,)),
    ]
    for row in section.rows:
        places = f" ({interval_text(row)})" if row.ranked and row.ranked.tied else ""
        name = markdown(names[row.entry] + reasons.get(row.entry, ""), limit=300)
        lines.append(_line([rank_text(row) + places, name, _score(row), *(cell_text(c, row) for c in held)]))
    return [*lines, "", *([f"{FLAG} {MEANING}", ""] if any(row.flagged for row in section.rows) else [])]


def _uncertain(board: Board) -> list[str]:
    """Where the uncertainty of each ranked row comes from, over all pairs."""
    section, names, held = board.sections[0], entry_names(board.entries), sources()
    ranked = [row for row in section.rows if row.ranked]
    if not ranked:
        return []
    lines = [f"### {section.scope.label}: where the uncertainty comes from", ""]
    lines += _head(["model", *(source.label for source in held)], left=(0,))
    for row in ranked:
        lines.append(_line([markdown(names[row.entry], limit=200), *(source.text(row) for source in held)]))
    return [*lines, "", *(f"- {source.label}: {source.about}" for source in held), ""]


def _score(row: Row) -> str:
    interval = f" [{row.ranked.ci[0]:.3f}, {row.ranked.ci[1]:.3f}]".replace("-", "−") if row.ranked else ""
    return shown(score_column(), row.score) + interval


def _everything(board: Board) -> list[str]:
    """All columns of all pairs: the tables above have the main ones."""
    section, shown_above, names = board.sections[0], default_columns(board), entry_names(board.entries)
    others = [c for c in columns() if c.id in board.columns and c not in shown_above]
    if not others:
        return []
    header = ["model", score_column().label, *(c.label for c in others)]
    lines = [f"### {section.scope.label}: the other columns", "", *_head(header, left=(0,))]
    for row in section.rows:
        cells = [markdown(names[row.entry], limit=200), shown(score_column(), row.score)]
        lines.append(_line([*cells, *(cell_text(c, row) for c in others)]))
    return [*lines, ""]


def _matrix(board: Board) -> list[str]:
    """Score and rank of every entry on every pair."""
    score = score_column()
    sections = [s for s in board.sections if s.scope.kind == "pair"]
    header = [
        "model",
        "training",
        *(short_pair(s.scope.id) for s in sections),
    ]
    lines = [f"### {score.label} by pair (rank)", "", *_head([markdown(h) for h in header], left=(0, 1))]
    found = [{row.entry: row for row in s.rows} for s in sections]
    for i, entry in enumerate(board.entries):
        cells = [markdown(model_label(entry)), markdown(row_label(entry))]
        for rows in found:
            row = rows.get(i)
            rank = f" ({rank_text(row)})" if row and row.ranked else ""
            cells.append(shown(score, row.score if row else None) + rank)
        lines.append(_line(cells))
    return [*lines, ""]


def _contests(board: Board) -> list[str]:
    """What was trained from one base: all pairs with every quantity, then the headline pair by pair."""
    overall = [c for c in board.contests if c.scope.kind == "overall"]
    if not board.contests:
        return []
    lines = ["### Early layers, full depth, full fine-tuning", "", markdown(ABOUT, limit=1000), ""]
    for contest in overall:
        lines += _contest(board, contest)
    return lines + _contest_pairs(board)


def _contest(board: Board, contest: Contest) -> list[str]:
    base = board.entries[contest.base]
    english = any(row.english is not None for row in contest.rows)
    header = [
        "kind",
        "training",
        "trained on",
        "loss layer",
        "parameters",
        *(quantity.label for quantity in quantities().values()),
        *(["English"] if english else []),
    ]
    count = len(contest.scope.pairs)
    values = [f"{contest.values[q]:.{DIGITS}f}".replace("-", "−") if q in contest.values else "–" for q in quantities()]
    lines = [
        f"#### From {markdown(model_label(base))}, {contest.scope.label} ({counted(count, 'pair')})",
        "",
        *_head(header, left=(0, 1, 2)),
        _line(["untrained", "base", "–", "–", "–", *values, *(["–"] if english else [])]),
    ]
    for row in contest.rows:
        entry = board.entries[row.entry]
        cells = [
            KINDS[row.kind],
            markdown(training_label(entry)),
            markdown(short_pair((entry.trained and entry.trained.trained_on) or "–")),
            markdown(loss_text(entry)),
            parameters_text(entry),
            *(change_text(row.changes.get(q)) for q in quantities()),
        ]
        change = "–" if row.english is None else f"{row.english:+.3f}".replace("-", "−")
        lines.append(_line([*cells, *([change] if english else [])]))
    return [*lines, ""]


def _contest_pairs(board: Board) -> list[str]:
    """Change of the headline of every contender on every pair."""
    found = [c for c in board.contests if c.scope.kind == "pair"]
    pairs = [s.scope for s in board.sections if s.scope.kind == "pair"]
    cells = {(row.entry, c.scope.id): change_text(row.changes.get(HEADLINE)) for c in found for row in c.rows}
    order = list(dict.fromkeys(row.entry for c in board.contests for row in c.rows))
    header = ["model", "training", *(markdown(short_pair(scope.id)) for scope in pairs)]
    lines = [
        f"#### Change of the {in_words(score_column().label)} by pair, chosen layer",
        "",
        *_head(header, left=(0, 1)),
    ]
    for i in order:
        entry = board.entries[i]
        names = [markdown(model_label(entry)), markdown(training_label(entry))]
        lines.append(_line([*names, *(cells.get((i, scope.id), "–") for scope in pairs)]))
    return [*lines, ""]


def _sweeps(sweeps: Sequence[Sweep]) -> list[str]:
    """Rank of LoRA against score, one line per setting."""
    if not sweeps:
        return []
    lines = ["## Rank of LoRA against score", "", SWEEPS_ABOUT, ""]
    scores = scores_of(sweeps)
    header = ["training", "LoRA rank", "parameters", "seeds", *(score.label for score in scores)]
    for sweep, pair in pairs_of(sweeps):
        lines += [
            f"### {markdown(sweep.name)}: {markdown(sweep.model)}, {markdown(short_pair(pair))}",
            "",
            *_head(header, left=(0,)),
            *(_line([markdown(cells[0]), *cells[1:]]) for cells in table_rows(sweep, pair, scores)),
            "",
        ]
    return lines


def _reported(rows: Sequence[Reported]) -> list[str]:
    if not rows:
        return []
    header = [
        "model",
        "method",
        "pair",
        "words",
        "n",
        "quantity",
        "layer",
        "protocol",
        "before",
        "value",
        "p",
        "source",
        "note",
    ]
    lines = [
        "## Reported figures",
        "",
        "Published by others under their own protocols and words: not measured here, not ranked.",
        "",
        *_head(header, left=(0, 1, 2, 3, 5, 7, 11, 12)),
    ]
    for row in rows:
        ci = f" [{row.ci[0]:g}, {row.ci[1]:g}]" if row.ci else ""
        how = ", recomputed from its published per-pair values" if row.source.recomputed else ""
        source = f"[{markdown(row.source.title)}]({row.source.url}), {row.source.year}{how}"
        lines.append(
            _line(
                [
                    *(markdown(text) for text in (row.model, row.method, row.pair, row.split)),
                    "–" if row.n is None else str(row.n),
                    markdown(row.quantity),
                    markdown(row.layer),
                    markdown(row.protocol),
                    "–" if row.before is None else f"{row.before:g}",
                    f"{row.value:g}{ci}",
                    "–" if row.p is None else f"{row.p:.2e}",
                    source,
                    markdown(row.note, limit=300),
                ]
            )
        )
    return [*lines, ""]


def _head(names: Sequence[str], *, left: Iterable[int]) -> list[str]:
    texts = set(left)
    return [_line(names), "|" + "|".join("---" if i in texts else "---:" for i in range(len(names))) + "|"]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
