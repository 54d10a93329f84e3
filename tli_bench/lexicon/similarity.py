"""How alike two spellings are, fast enough for every pair of a large dictionary."""


def similarity(a: str, b: str, *, at_least: float = 0.0) -> float | None:
    """1 minus the Levenshtein distance over the longer length, or None where that is below `at_least`.

    Two empty strings have no similarity: None.
    """
    longest = max(len(a), len(b))
    if not longest:
        return None
    if a == b:
        return 1.0
    most = int(longest * (1 - at_least) + 1e-9)
    if abs(len(a) - len(b)) > most or _bag_distance(a, b) > most:
        return None
    value = 1 - _levenshtein(a, b) / longest
    return value if value >= at_least - 1e-9 else None


def _bag_distance(a: str, b: str) -> int:
    """A lower bound of the edit distance: letters of the longer word that have no partner, wherever they stand."""
    if len(b) > len(a):
        a, b = b, a
    return sum(max(a.count(letter) - b.count(letter), 0) for letter in set(a))


def _levenshtein(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
