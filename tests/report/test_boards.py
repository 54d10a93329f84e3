"""Which records may stand in one rank: the pairs of one lexicon do, other words for a pair do not."""

from tests.support import scored_record
from tli_bench.report.entries import collect
from tli_bench.report.render_md import render_markdown
from tli_bench.report.table import board_label, build

SWH, TUR = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn"


def boards(*records):
    found = collect(records).boards
    return {
        key.lexicon_hash: {e.signature.model: set(e.units) for e in entries.values()} for key, entries in found.items()
    }


def test_the_pairs_of_one_lexicon_share_a_board_although_each_has_its_own_hash():
    """The hash in a signature is that of one language pair's words."""
    found = boards(
        scored_record(model="a", pair=SWH, lexicon_hash="1" * 64),
        scored_record(model="a", pair=TUR, lexicon_hash="2" * 64),
        scored_record(model="b", pair=TUR, lexicon_hash="2" * 64),
    )
    assert list(found.values()) == [{"a": {SWH, TUR}, "b": {TUR}}]
    assert not set(found) & {"1" * 64, "2" * 64, ""}


def test_one_shared_hash_is_shown_as_it_is():
    assert set(
        boards(scored_record(pair=SWH, lexicon_hash="1" * 64), scored_record(pair=TUR, lexicon_hash="1" * 64))
    ) == {"1" * 64}


def test_other_words_for_the_same_pair_make_another_board():
    found = boards(
        scored_record(model="a", pair=SWH, lexicon_hash="1" * 64),
        scored_record(model="b", pair=SWH, lexicon_hash="3" * 64),
    )
    assert found == {"1" * 64: {"a": {SWH}}, "3" * 64: {"b": {SWH}}}


def test_demonstrations_are_ranked_apart_and_come_last():
    """`tiny`, and what was trained from it, next to one real model: more rows, and yet behind."""
    found = build(
        [
            scored_record(model="tiny", pair=SWH),
            scored_record(model="tiny", pair=SWH, revision="sha256:other"),
            scored_record(model="org/real", pair=SWH),
        ]
    ).boards
    assert [[entry.key.model for entry in board.entries] for board in found] == [["org/real"], ["tiny", "tiny"]]
    assert [board_label(board.key).startswith("demonstration, not real models: protocol ") for board in found] == [
        False,
        True,
    ]
    page = render_markdown(build([scored_record(model="tiny", pair=SWH), scored_record(model="org/real", pair=SWH)]))
    assert page.index("## Measured: protocol") < page.index("## Demonstration: not real models: protocol")
