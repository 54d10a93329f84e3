"""The tables of downstream tasks: base alone, missing values, what was cut, and tasks that are not ours."""

import re

import pytest

from tests.support import downstream_record
from tli_bench.downstream.registry import find_spec
from tli_bench.report.terminal.downstream import as_line, downstream_parts
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.tasks import task_parts


def metadata(name, source):
    """What a task of ours says of itself: the title of its specification, and where its documents came from."""
    kind = {"xquad": "xquad", "tydiqa": "tydiqa", "bitext": "bitext"}.get(name.split("_")[1] if "_" in name else "")
    return {**({"title": find_spec(kind).TITLE} if kind else {}), **({"source": source} if source else {})}


def printed(results, *, sources=(), without=(), of=3):
    sections = {
        "results": {name: {"alias": name, **metrics} for name, metrics in results.items()},
        "n-samples": {name: {"original": of, "effective": 3} for name in results},
        "configs": {name: {"metadata": metadata(name, dict(sources).get(name))} for name in results},
    }
    return "\n".join(text.plain for text in lay_out(task_parts(sections, without=set(without)), None))


QA = {
    "exact_match,none": 0.5,
    "exact_match_stderr,none": "N/A",
    "f1,none": 0.75,
    "empty,none": 0.25,
    "copied,none": 0.0,
}


def test_the_base_alone_has_no_arrows_and_shares_that_are_zero_are_not_noted():
    text = printed({"tli_xquad_tur_Latn": QA})
    assert re.search(r"^ tli_xquad_tur_Latn +3 +0\.500 +0\.750 +25% empty", text, re.MULTILINE)
    assert "→" not in text
    assert "fixtures" not in text
    assert "first" not in text


def test_a_limit_is_told_with_the_scores():
    """A score of three questions of nine hundred looks like any other score otherwise."""
    text = printed({"tli_xquad_tur_Latn": QA}, of=900)
    assert re.search(r"^ tli_xquad_tur_Latn +3 +0\.500 +0\.750 +the first of 900, 25% empty", text, re.MULTILINE)
    assert "this task ran on first documents alone: a trial, never a benchmark" in text


def test_base_and_adapted_stand_side_by_side_and_a_missing_value_is_a_dash():
    both = {"p1,none": float("nan"), "p1_base,none": 0.5, "p1_change,none": float("nan"), "truncated_texts,none": 4.0}
    text = printed({"tli_bitext_swh_Latn-eng_Latn": both})
    assert re.search(r"3 +0\.500 → – +4 texts cut", text)
    assert "base → adapted" in text


def test_the_layer_is_named_not_numbered():
    curve = {f"p1_L{layer},none": 0.0 for layer in ("00", "01", "2p", "02")}
    for position, name in ((0.0, "0"), (2.0, "2p"), (3.0, "2")):
        text = printed({"tli_bitext_a": {"best_layer,none": position, "p1,none": 1.0, **curve}})
        assert re.search(rf"layer {name}\s", text)


def test_a_record_is_summed_up_by_scores_and_its_layer_has_a_name():
    """Positions and counts come first in records of some tasks; the one of `6p` is a 6, that of layer 6 a 7."""
    scores = {"best_layer": 1.0, "queries": 102.0, "p1": 0.25, "mrr": 0.5, "p1_L00": 0.1, "p1_L1p": 0.25, "p1_L01": 0.2}
    record = downstream_record(
        task="tli_bitext_swh_Latn-eng_Latn", adapter=None, scores={"base": scores}, layers=("0", "1p", "1"),
        curves={"base": {"p1": [0.1, 0.25, 0.2]}},
    )  # fmt: skip
    assert as_line(record).endswith("downstream  p1 0.250  mrr 0.500")
    text = "\n".join(text.plain for text in lay_out(downstream_parts(record), None))
    assert re.search(r"^ best_layer +1p +– +–$", text, re.MULTILINE)


def test_tasks_of_one_kind_share_a_table_and_lm_evals_own_have_theirs():
    text = printed(
        {
            "xcopa_tr": {"acc,none": 0.6},
            "tli_xquad_tur_Latn": QA,
            "odd": {"weird,none": 0.1},
            "tli_tydiqa_swh_Latn": QA,
        },
        sources={"tli_xquad_tur_Latn": "fixtures:xquad/x.json"},
    )
    assert text.count("question answering") == 1
    assert text.count("lm-eval's own tasks") == 2  # other metrics, another table
    assert re.search(r"task +docs +weird\s", text)
    assert "1 of these 4 tasks read the project's small fixtures: a trial of the tools, never a benchmark" in text


def test_a_metric_read_through_two_filters_is_two_columns():
    text = printed(
        {"gsm": {"exact_match,strict-match": 0.25, "exact_match,flexible-extract": 0.5, "x_base,strict": 0.1}}
    )
    assert re.search(r"docs +exact_match,strict-match +exact_match,flexible-extract\s", text)
    assert re.search(r"gsm +3 +0\.250 +0\.500", text)


@pytest.mark.parametrize("results", [{}, {"tli_alignment_x": {"gap,none": 0.1}}])
def test_nothing_is_printed_where_there_is_no_downstream_task(results):
    assert printed(results, without=results) == ""
