"""Links as numbers are the same links: what two entries share, no more and no less."""

from hypothesis import given

from tests.lexicon.test_splits import entry_lists
from tli_bench.lexicon import Entry
from tli_bench.lexicon.linked import Links


@given(rows=entry_lists())
def test_two_entries_share_a_number_for_every_text_that_they_share(rows: list[Entry]) -> None:
    numbered = Links(rows)
    texts = [(row.links, row.openings) for row in rows]
    numbers = [(set(numbered.links(place)), set(numbered.openings(place))) for place in range(len(rows))]
    for one in range(len(rows)):
        for other in range(one):
            for a in (0, 1):
                for b in (0, 1):
                    assert len(numbers[one][a] & numbers[other][b]) == len(texts[one][a] & texts[other][b])
    assert {number for pair in numbers for part in pair for number in part} == set(range(numbered.size))


def test_what_a_single_entry_has_is_left_out() -> None:
    rows = [Entry("a", {"swh_Latn": ("abaka",)}), Entry("b", {"swh_Latn": ("umebu",)})]
    assert not Links(rows).links(0)
    assert Links([]).size == 0
