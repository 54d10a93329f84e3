"""What the tables of `tli-bench run` print, from constructed records."""

from tests.support import columns_of, make_record, scored_record, words_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.outcomes import p_text
from tli_bench.records.schema import Comparison
from tli_bench.report.terminal.layers import layer_sheet
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.parts import DASH
from tli_bench.report.terminal.unit import unit_parts
from tli_bench.stats.verdict import Verdict, VerdictKind


def test_a_p_value_is_never_printed_as_zero():
    assert [p_text(p) for p in (None, 0.0, 2e-5, 0.25)] == [DASH, "<1e-300", "2.0e-05", "0.250"]


def test_a_narrow_console_cuts_no_score():
    change = Comparison(
        split=Split.CONTROL,
        layer="1",
        quantity=HEADLINE,
        n=2,
        before=0.1,
        after=0.35,
        difference=0.25,
        ci=(0.125, 0.375),
        t=1.0,
        p=0.5,
        d_z=0.7,
    )
    curves = {"cosine": [0.1, 0.523], HEADLINE: [0.1, 0.417]}
    record = make_record(
        best_layer={"base": "1", "adapted": "1"},
        curves={split: dict.fromkeys(("base", "adapted"), curves) for split in (Split.DEV, Split.CONTROL)},
        comparisons=[change],
        words={Split.CONTROL: words_of(Split.CONTROL, 1)},
        columns={Split.CONTROL: {"base": {"1": columns_of([0.4])}}},
        verdicts={"1": Verdict(kind=VerdictKind.UNCLEAR, text="unclear: why")},
    )
    printed = "\n".join(text.plain for text in lay_out(unit_parts(record), 40))
    assert "…" not in printed
    for text in ("0.52→0.52", "+0.250 [+0.125, +0.375]"):
        assert text in printed
    assert "layer 1 (chosen on dev, output): unclear: why" in " ".join(printed.split())


def test_the_scores_of_a_layer_fit_into_120_columns_with_the_headline_first():
    adapter = {"name": "a", "sha256": "0" * 64}
    record = scored_record(
        adapter=adapter, scores=(0.5, 0.6, 0.7) * 20, base_scores=(0.1, 0.2, 0.3) * 20, layers=("9", "10")
    )
    sheet = layer_sheet(record)
    names = [column.name for column in sheet.columns]
    assert names[:4] == ["layer", "words", "P@1 of 50", "change [95 % CI]"]
    assert {"cosine", "mismatched", "gap"} <= set(names[sheet.aside :])
    assert {"cosine", "mismatched", "gap"}.isdisjoint(names[: sheet.aside])
    main, *_, described, _ = lines = [text.plain for text in lay_out([sheet], 120)]
    assert main.split()[:2] == described.split()[:2] == ["layer", "words"]
    assert lines == [text.plain for text in lay_out([sheet], None)]
    assert max(map(len, lines)) <= 120
