"""How alike two spellings are, fast enough for every pair of a large dictionary."""

from rapidfuzz.distance import Levenshtein


def similarity(a: str, b: str, *, at_least: float = 0.0) -> float | None:
    """1 minus the Levenshtein distance over the longer length, or None if that is below `at_least`.

    Two empty strings have no similarity: None.
    """
    longest = max(len(a), len(b))
    if not longest:
        return None
    most = int(longest * (1 - at_least) + 1e-9)
    distance = Levenshtein.distance(a, b, score_cutoff=most)
    if distance > most:
        return None
    value = 1 - distance / longest
    return value if value >= at_least - 1e-9 else None
