"""The sentence under the table of words with a trained relative holds for the committed records."""

import re

from tools.related_words import related_table


def test_the_two_kinds_of_words_cannot_be_told_apart_and_the_gains_are_nearly_the_same_without_relatives():
    rows = [line.replace("−", "-").split(" | ") for line in related_table().splitlines()[2:]]
    assert len(rows) == 4
    for row in rows:
        low, high = map(float, re.findall(r"[+-]\d\.\d+", row[6])[1:])
        assert low < 0 < high
        assert abs(float(row[5]) - float(row[7].rstrip(" |"))) <= 0.005
