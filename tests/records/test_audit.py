"""Control minus audit: two samples of different concepts, each concept counted once."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import make_signature, scored_record
from tli_bench.base.errors import ResultError
from tli_bench.lexicon import load_core
from tli_bench.lexicon.pairs import Split
from tli_bench.records import RecordStore
from tli_bench.records.audit import MEANING, Side, audited, control_minus_audit, gap_of, gaps, in_words, is_audited
from tli_bench.records.sources import iter_records
from tli_bench.records.store import read_record
from tli_bench.records.summary import summarise
from tli_bench.records.validate import validate_record
from tli_bench.stats.pseudo import over_pairs, two_sample

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")
DEV = frozenset({("sun", "jua", "sun")})


def sides(values, *, name, layer="3", dev=DEV, pairs=PAIRS):
    """Both pairs with the same values, by concept."""
    concepts = [f"{name}{i}" for i in range(len(values))]
    return {pair: Side(layer, dev, concepts, np.asarray(values, float)) for pair in pairs}


def draws(mean, n=200, seed=0):
    return np.random.default_rng(seed).normal(mean, 0.3, n)


def records(control=0.5, audit=0.4, *, pairs=PAIRS, **changes):
    spread = np.linspace(-0.1, 0.1, 60)
    return [
        scored_record(pair=pair, scores=tuple(mean + spread), lexicon=name, lexicon_hash=digit * 64, **changes)
        for pair in pairs
        for name, mean, digit in (("core 1.0", control, "a"), ("core audit 1.0", audit, "b"))
    ]


@pytest.mark.parametrize(
    ("lexicon", "expected"),
    [
        ("core 1.0", "core audit 1.0"),
        ("core audit 1.0", None),
        ("core", None),
        ("own 1", None),
        ("corelist 1", None),
        ("core my list", None),
    ],
)
def test_only_the_core_has_audit_words(lexicon, expected):
    assert audited(lexicon) == expected
    assert make_signature(lexicon=lexicon).audit is (lexicon == "core audit 1.0")


def test_the_difference_is_that_of_two_samples_of_clustered_concepts():
    control, audit = sides(draws(0.6), name="c"), sides(draws(0.5, 150, 1), name="a")
    gap = control_minus_audit(control, audit)
    x, y = (
        over_pairs({pair: dict(zip(side.concepts, side.values, strict=True)) for pair, side in found.items()})[1]
        for found in (control, audit)
    )
    assert gap.difference == two_sample(x, y)
    assert (gap.pairs, gap.control, gap.audit) == (2, pytest.approx(x.mean()), pytest.approx(y.mean()))


def test_two_pairs_of_the_same_words_are_not_twice_the_evidence():
    one = control_minus_audit(
        sides(draws(0.6), name="c", pairs=PAIRS[:1]), sides(draws(0.5), name="a", pairs=PAIRS[:1])
    )
    two = control_minus_audit(sides(draws(0.6), name="c"), sides(draws(0.5), name="a"))
    assert two.difference.se == pytest.approx(one.difference.se)


def test_a_planted_excess_is_flagged_and_a_deficit_is_not():
    assert control_minus_audit(sides(draws(0.7), name="c"), sides(draws(0.5, seed=1), name="a")).exceeds
    assert not control_minus_audit(sides(draws(0.5), name="c"), sides(draws(0.7, seed=1), name="a")).exceeds


def test_words_of_one_kind_are_rarely_flagged():
    """The lower end of a 95 % interval lies above 0 in 2.5 % of draws."""
    found = [
        control_minus_audit(sides(draws(0.5, 60, 2 * i), name="c"), sides(draws(0.5, 50, 2 * i + 1), name="a")).exceeds
        for i in range(1000)
    ]
    assert 0.01 < np.mean(found) < 0.045


def test_few_words_are_shown_and_never_flagged():
    gap = control_minus_audit(sides([0.9, 0.8] * 5, name="c"), sides([0.1, 0.0] * 5, name="a"))
    assert not gap.exceeds
    assert "too few words to say whether they differ" in in_words("x", gap)


def test_sides_that_do_not_belong_together_are_refused():
    control = sides(draws(0.5), name="c")
    with pytest.raises(ResultError, match="control was read at layer 3, audit at 4; run both again"):
        control_minus_audit(control, sides(draws(0.5), name="a", layer="4"))
    with pytest.raises(ResultError, match="other dev words"):
        control_minus_audit(control, sides(draws(0.5), name="a", dev=frozenset()))
    with pytest.raises(ResultError, match="tur_Latn-eng_Latn has no audit words scored"):
        control_minus_audit(control, sides(draws(0.5), name="a", pairs=PAIRS[:1]))


def test_from_records_and_in_words():
    found = records()
    gap = gap_of(found)
    assert (gap.control, gap.audit, gap.exceeds) == (pytest.approx(0.5), pytest.approx(0.4), True)
    (line,) = gaps(found)
    assert line.startswith(
        "org/model, base, words.v1: P@1 of 50 of control words 0.500, of audit words 0.400, mean over 2 pairs"
    )
    assert "control minus audit +0.100 [+0.0" in line
    assert line.endswith(MEANING)
    (line,) = gaps(records(0.5, 0.5))
    assert line.endswith("no more than chance.")
    assert list(gaps(record for record in found if not record.signature.audit)) == []


def test_records_that_cannot_be_compared_say_why():
    found = records()[:-1]
    (line,) = gaps(found)
    assert line.endswith("cannot be compared: tur_Latn-eng_Latn has no audit words scored")


def test_a_run_is_audited_when_every_row_is():
    found = records()
    assert is_audited(found)
    assert not is_audited(found[:-1])
    assert not is_audited(record for record in found if not record.signature.audit)
    assert not is_audited([scored_record()])


def test_stores_and_sources_keep_them_out_of_sight(tmp_path):
    store = RecordStore(tmp_path)
    for record in records():
        store.write(record)
    assert len(list(store.everything())) == 4
    assert [record.signature.audit for record in store] == [False, False]
    assert [record.signature.audit for _, record in iter_records(tmp_path)] == [False, False]
    alone = next(path for path in store.paths() if read_record(path).signature.audit)
    with pytest.raises(ResultError, match="holds no records of control words"):
        list(iter_records(alone))


def test_a_summary_names_them():
    assert [summarise(record).flags for record in records(pairs=PAIRS[:1])] == [(), ("audit words",)]
    assert Split.AUDIT not in records()[1].words


def test_audit_words_that_the_core_does_not_have_are_an_error(monkeypatch):
    core = load_core()
    bare = replace(core, splits={c: Split.CONTROL if s is Split.AUDIT else s for c, s in core.splits.items()})
    monkeypatch.setattr("tli_bench.records.validate.installed_core", lambda: bare)
    record = scored_record(lexicon=f"core audit {core.version}")
    errors = validate_record(record).errors
    assert any("has no audit words of swh_Latn-eng_Latn" in error for error in errors), errors
    other = validate_record(scored_record(lexicon="core audit 0.0.1")).errors
    assert not any("audit words" in error for error in other)
