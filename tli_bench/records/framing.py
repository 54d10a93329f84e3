"""What the framing of words says about the scores made from them: when to warn, and when no verdict may be given."""

from collections.abc import Iterator

from tli_bench.lexicon.pairs import Split
from tli_bench.records.controls import Controls

OWN_SINK_WARNS, OWN_SINK_REFUSES = 0.02, 0.10
"""Share of words with an attention sink among their own tokens above which scores carry a warning, and no verdict."""
UNKNOWN_REFUSES = 0.05
"""Share of a language's control words that the tokenizer may lose before no verdict is given."""


def unknown_share(controls: Controls, split: Split = Split.CONTROL) -> float:
    """Share of the words of `split` that the tokenizer lost, in the language that lost more; 0 where nothing was counted."""
    return max((counts.share for counts in controls.unknown.get(split, {}).values()), default=0.0)


def warnings_of(controls: Controls) -> Iterator[str]:
    """A sentence for each thing about the framing that a reader of the scores must know."""
    share = controls.own_sink
    if share is not None and share > OWN_SINK_WARNS:
        yield (
            f"own sink: {share:.1%} of the words have a token of their own with more than 5x the ordinary norm in the middle layers, "
            "and their vectors say more of that than of the word"
        )
    for split, languages in controls.unknown.items():
        for language, counts in languages.items():
            if counts.share > UNKNOWN_REFUSES:
                yield (
                    f"unknown words: of {counts.n} {split.value} words of {language} the tokenizer loses {counts.lost} "
                    f"({counts.unknown} hold an unknown token, {counts.same} have the tokens of another word)"
                )


def why_withheld(controls: Controls | None) -> str:
    """Why no verdict may be given on the control words, as a sentence without its full stop; empty where one may."""
    if controls is None:
        return ""
    if controls.own_sink is not None and controls.own_sink > OWN_SINK_REFUSES:
        return (
            f"an attention sink sits on the own tokens of {controls.own_sink:.0%} of the words; use the protocol words"
        )
    if unknown_share(controls) > UNKNOWN_REFUSES:
        return f"the tokenizer loses {unknown_share(controls):.0%} of the control words of a language"
    return ""
