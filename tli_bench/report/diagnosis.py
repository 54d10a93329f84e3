"""Can a model be judged on a pair of languages at all? What its tokenizer makes of their words, and whether any layer knows them."""

from tli_bench.languages import resolve_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE
from tli_bench.records.controls import TokenCounts
from tli_bench.records.schema import RunRecord
from tli_bench.stats.verdict import EQUAL


def tokens_line(record: RunRecord) -> str:
    """Mean tokens of a control word and what the tokenizer loses, by language; empty where they were not counted."""
    parts = [
        f"{language.split('_')[0]} {found.per_word:.2f}" + (f" ({found.share:.0%} lost)" if found.lost else "")
        for language, found in _counted(record).items()
    ]
    return f"tokens per word: {', '.join(parts)}" if parts else ""


def _counted(record: RunRecord) -> dict[str, TokenCounts]:
    """Counts of the control words by language, where the tokens were counted."""
    counts = record.controls.unknown.get(Split.CONTROL, {}) if record.controls else {}
    return {language: found for language, found in counts.items() if found.per_word}


def cannot_be_judged(record: RunRecord) -> str:
    """Where the base finds translations in no layer: a sentence that says so, and that it may not know the language; else empty."""
    headline = record.headline_of(Split.CONTROL)
    curve = [value for value in record.curve(headline, Split.CONTROL, "base") or [] if value is not None]
    if not curve or max(curve) > CHANCE[headline] + EQUAL:
        return ""
    label, name = get_measure(headline).label, record.signature.model.rpartition("/")[2]
    said = f"{label} is at most {max(curve):.2f} in every layer (chance {CHANCE[headline]:.2f})"
    per_word = {code: found.per_word or 0.0 for code, found in _counted(record).items()}
    if not per_word:
        return f"{name}: {said}: not aligned, or not known to the model"
    code = max(per_word, key=lambda language: per_word[language])
    language = next(one for one in resolve_pair(record.pair) if one.code == code).name
    return f"{name}: {language} words are {per_word[code]:.1f} tokens each and {said}: not aligned, or not known to the model"
