"""Which measure plays which role: to change the headline of every board and command, change a name here."""

SIZES = (50, 20)
"""How many words the translation must be found among: 50, or 20 for a list that is too short for that."""
HEADLINE = f"p1_of_{SIZES[0]}"
"""What boards rank by, what verdicts and tests are about, and what commands show unless another measure is asked for."""
CHANCE = {f"p1_of_{m}": 1 / m for m in SIZES}
"""What vectors without any alignment score, exactly: every rank is as likely as any other."""
DESCRIPTIONS = ("cosine", "mismatched", "gap")
"""Raw geometry: described, never concluded from, for a constant vector changes it."""
COMPANION = "auc_centred"
"""What must agree with the headline before a change is claimed, with the same retrieval without unit vectors."""

SUBSET = "low_overlap"
"""The words that spelling cannot have aligned: a change that is not seen among them is not claimed."""


def size_for(words: int) -> int:
    """Among how many the translation must be found in a list of `words` concepts: 50, or 20 where there are no more than 50."""
    return next((m for m in SIZES if words > m), SIZES[-1])


def headline_for(words: int) -> str:
    """The headline of a list of `words` concepts."""
    return f"p1_of_{size_for(words)}"


def agreeing_with(headline: str) -> tuple[str, str]:
    """The measures whose change must agree with that of the headline before anything is claimed."""
    return COMPANION, f"{headline}_plain"
