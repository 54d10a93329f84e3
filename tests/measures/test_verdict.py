import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.verdict import Change, VerdictInput, VerdictKind, verdict

PLAIN = VerdictInput(n=63, raw=0.6, mismatched=0.2, gap_ci=(0.37, 0.43), p1=0.7, sink_ratio=1.2, sink_pooled=False)


def change(gap: float, low: float, high: float, *, mismatched: float = 0.0) -> Change:
    return Change(matched=gap + mismatched, mismatched=mismatched, gap=gap, gap_ci=(low, high))


UP = change(0.08, 0.06, 0.10)
FLAT = change(0.0, -0.02, 0.02)
DOWN = change(-0.05, -0.07, -0.03)

CASES = {
    "too few pairs": (replace(PLAIN, n=8), "unclear: 8 pairs are too few (at least 10)"),
    "sink, saturated": (
        VerdictInput(n=63, raw=0.9999, mismatched=0.9998, sink_ratio=214, sink_pooled=True),
        "raw 0.9999, mismatched 0.9998 -> gap 0.0001: sink artefact (position 0 norm 214x)",
    ),
    "sink, position 0 unknown": (
        VerdictInput(n=63, raw=0.9999, mismatched=0.9998),
        "raw 0.9999, mismatched 0.9998 -> gap 0.0001: sink artefact",
    ),
    "sink, pooled but not saturated": (
        VerdictInput(n=63, raw=0.97, mismatched=0.95, sink_ratio=12.4, sink_pooled=True),
        "raw 0.9700, mismatched 0.9500 -> gap 0.0200: sink artefact (position 0 norm 12x)",
    ),
    "saturated without position 0": (
        replace(PLAIN, raw=0.9999, mismatched=0.9998, gap_ci=(0.0, 0.0002), p1=0.1, sink_ratio=214),
        "raw 1.00, mismatched 1.00 -> gap 0.00 [0.00, 0.00]: anisotropy, P@1 0.10 of 63",
    ),
    "anisotropy": (
        replace(PLAIN, raw=0.86, mismatched=0.8, gap_ci=(0.04, 0.08)),
        "raw 0.86, mismatched 0.80 -> gap 0.06 [0.04, 0.08]: anisotropy, P@1 0.70 of 63",
    ),
    "aligned": (PLAIN, "raw 0.60, mismatched 0.20 -> gap 0.40 [0.37, 0.43]: aligned, P@1 0.70 of 63"),
    "aligned in a narrow cone": (
        replace(PLAIN, raw=0.9, mismatched=0.55, gap_ci=(0.3, 0.4)),
        "raw 0.90, mismatched 0.55 -> gap 0.35 [0.30, 0.40]: aligned, P@1 0.70 of 63",
    ),
    "not aligned": (
        replace(PLAIN, raw=0.21, gap_ci=(-0.02, 0.04), p1=1 / 63),
        "raw 0.21, mismatched 0.20 -> gap 0.01 [-0.02, 0.04]: not aligned, P@1 0.02 of 63, chance",
    ),
    "gap without retrieval": (
        replace(PLAIN, raw=0.25, gap_ci=(0.01, 0.09), p1=0.0),
        "unclear: raw 0.25, mismatched 0.20 -> gap 0.05 [0.01, 0.09] and P@1 0.00 of 63 disagree",
    ),
    "no interval": (
        replace(PLAIN, gap_ci=None),
        "unclear: raw 0.60, mismatched 0.20 -> gap 0.40, but the gap's interval was not measured",
    ),
    "generalises": (replace(PLAIN, control=UP, train=UP), "generalises: control gap +0.08 [0.06, 0.10]"),
    "generalises while the cone narrows": (
        replace(PLAIN, control=change(0.08, 0.06, 0.10, mismatched=0.2)),
        "generalises: control gap +0.08 [0.06, 0.10]",
    ),
    "memorises": (
        replace(PLAIN, control=FLAT, train=UP),
        "memorises: train gap +0.08 [0.06, 0.10], control gap +0.00 [-0.02, 0.02]",
    ),
    "cone narrowing": (
        replace(PLAIN, control=change(0.0, -0.01, 0.01, mismatched=0.09)),
        "cone narrowing: matched and mismatched rise together "
        "(control matched +0.09, mismatched +0.09, gap +0.00 [-0.01, 0.01])",
    ),
    "cone narrowing, gap falls": (
        replace(PLAIN, control=change(-0.02, -0.03, -0.01, mismatched=0.09), train=UP),
        "cone narrowing: matched and mismatched rise together "
        "(control matched +0.07, mismatched +0.09, gap -0.02 [-0.03, -0.01])",
    ),
    "damage": (replace(PLAIN, control=DOWN, train=UP), "damage: control gap -0.05 [-0.07, -0.03]"),
    "no change, exactly": (
        replace(PLAIN, control=change(0.0, 0.0, 0.0)),
        "no change: every control cosine is the same before and after",
    ),
    "no change, within the interval": (
        replace(PLAIN, control=FLAT, train=FLAT),
        "no change: control gap +0.00 [-0.02, 0.02]",
    ),
    "interval too wide": (
        replace(PLAIN, control=change(0.0, -0.2, 0.2)),
        "unclear: control gap +0.00 [-0.20, 0.20] decides nothing",
    ),
    "control cannot tell itself from train": (
        replace(PLAIN, control=change(0.03, -0.01, 0.09), train=UP),
        "unclear: control gap +0.03 [-0.01, 0.09], train gap +0.08 [0.06, 0.10] decides nothing",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_constructed_cases(case: str) -> None:
    data, text = CASES[case]
    assert verdict(data).text == text


def test_every_kind_has_a_constructed_case() -> None:
    assert {verdict(data).kind for data, _ in CASES.values()} == set(VerdictKind)


@pytest.mark.parametrize("case", CASES)
def test_the_text_names_the_kind(case: str) -> None:
    found = verdict(CASES[case][0])
    assert found.kind.value in found.text


def test_a_sink_is_said_before_any_change() -> None:
    data = VerdictInput(n=63, raw=0.9999, mismatched=0.9998, sink_ratio=214, sink_pooled=True, control=UP)
    assert verdict(data).kind is VerdictKind.SINK


def test_small_effects_keep_their_side_of_zero_visible() -> None:
    found = verdict(replace(PLAIN, control=change(0.004, 0.001, 0.007)))
    assert found.text == "generalises: control gap +0.0040 [0.0010, 0.0070]"


numbers = st.floats(-1, 1)
intervals = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
changes = st.builds(Change, matched=numbers, mismatched=numbers, gap=numbers, gap_ci=intervals)


@given(
    st.builds(
        VerdictInput,
        n=st.integers(1, 900),
        raw=numbers,
        mismatched=numbers,
        gap_ci=st.none() | intervals,
        p1=st.none() | st.floats(0, 1),
        sink_ratio=st.none() | st.floats(0, 1000),
        sink_pooled=st.none() | st.booleans(),
        control=st.none() | changes,
        train=st.none() | changes,
    )
)
def test_every_input_gets_one_line(data: VerdictInput) -> None:
    found = verdict(data)
    assert found.kind.value in found.text
    assert "\n" not in found.text
    about_change = {
        VerdictKind.GENERALISES,
        VerdictKind.MEMORISES,
        VerdictKind.CONE,
        VerdictKind.DAMAGE,
        VerdictKind.NO_CHANGE,
    }
    if data.control is None:
        assert found.kind not in about_change


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (replace(PLAIN, raw=math.nan), "no verdict from raw = nan"),
        (replace(PLAIN, gap_ci=(math.nan, 1.0)), "no verdict from gap_ci low = nan"),
        (replace(PLAIN, control=change(math.inf, 0.0, 1.0)), "no verdict from control matched = inf"),
        (replace(PLAIN, n=0), "no verdict from 0 pairs"),
    ],
)
def test_nan_gets_no_verdict(data: VerdictInput, message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        verdict(data)
