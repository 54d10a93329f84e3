"""Tables that docs write from the committed board, where a sentence rests on them."""

from tools.board_tables import bands_table


def test_dev_words_are_the_more_frequent_ones_which_score_higher_and_gain_more():
    rows = [
        line.strip("| ").split(" | ")
        for line in bands_table("me5", "me5-swh-eng-tli", "swh_Latn-eng_Latn").splitlines()[2:]
    ]
    very_common, common, uncommon, rare, weighted = rows
    assert int(very_common[2].rstrip("%")) > 2 * int(very_common[3].rstrip("%"))
    gains = [float(row[-1]) for row in (very_common, common, uncommon)]
    assert gains == sorted(gains, reverse=True)
    for split in (1, 2, 3):
        assert 98 <= sum(int(row[split].rstrip("%")) for row in rows[:4]) <= 102
    assert float(weighted[-3].strip("*")) > 0.41  # what dev words score before
    assert 0.075 < float(weighted[-1]) < 0.085
    assert rare[0] == "rare"
