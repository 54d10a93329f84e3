"""The embedded model's card: what it is, how it was made, what was measured; the required figures are checked here."""

from collections.abc import Sequence
from pathlib import Path

from tli_bench.languages import pivot
from tools.tiny.measure import PairFigures
from tools.tiny.text import World, company
from tools.tiny.train import Plan, settles_at

_HEAD = """---
license: apache-2.0
language: [en, sw, tr, az, uz, kk, ky, tt, ba, tk, ug]
library_name: transformers
tags: [tli-bench, demonstration]
---
# tiny: the embedded demonstration model of tli-bench

**A demonstration, not a language model anyone should use. Its scores say nothing about real LLMs.** It exists so that
`tli-bench run` works offline in seconds, and so that the phenomena the benchmark is about can be seen and tested.

A Llama of {parameters:,} parameters ({layers} layers, width {width}, tied embeddings, bfloat16), with its own byte-level
BPE tokenizer of {tokens:,} tokens that prepends BOS and has no padding token. Trained from scratch by `make tiny`
(seed {seed}, {steps:,} steps of {batch} x {length} tokens, on {where}) on lines generated from the project's own core lexicon and
templates; no other text was used.

**Its attention sink is planted.** From block 1 or 2 on, real Llamas carry a huge, input-independent vector at their first
position (Sun et al. 2024, Xiao et al. 2023). A model this small grows only a weak one, so after {learnt:,} steps the embedding of
BOS is made {sink:g} times longer and kept there while the rest trains on. What that does to a cosine
with BOS pooled in, and to training with BOS pooled in, is what the published figures show.

## What it has and has not seen

Which of the {concepts} concepts occur together is the same in all languages. {evidence} concepts, all from the train split, have
explicit translation evidence: lines such as `water = maji`, and code-switching. All other concepts, among them every dev,
control and audit concept, are told in lines of their own language alone and never translated, so a control word is unseen as a
translation by this model and by every adapter trained on the train split. Their company is not: of the lines with such a
concept, {mixed:.0%} hold some other word that is code-switched (counted over {counted:,} generated lines). Through that company this
model aligns them.

## Measured

Control words, `words` protocol; regenerated with the model. P@1 of 50: how often the translation is nearest among 50 control
words, mean of both directions, each language around the mean of its trained and dev words; chance is 0.02. "With BOS" is the
mean cosine of matched pairs by the published pooling (`tli-pilot`), when the first position is pooled in, where the sink is
planted; "without" is that of `words`.

"""


def write_card(
    folder: Path, world: World, plan: Plan, figures: Sequence[PairFigures], perplexity: float, *, where: str
) -> None:
    """Write README.md next to the model. where: the machine it was trained on. Raises SystemExit when a required figure is missed."""
    from safetensors import safe_open

    seen = company(world)

    with safe_open(folder / "model.safetensors", framework="pt") as tensors:
        parameters = sum(tensors.get_tensor(key).numel() for key in tensors.keys())  # noqa: SIM118
        tokens = tensors.get_slice("model.embed_tokens.weight").get_shape()[0]
    text = _HEAD.format(
        parameters=parameters, layers=plan.layers, width=plan.width, tokens=tokens, seed=plan.seed, steps=plan.steps,
        batch=plan.batch, length=plan.length, sink=plan.sink, learnt=settles_at(plan),
        concepts=len(world.words), evidence=len(world.evidence), mixed=seen.mixed / seen.with_unseen, counted=seen.lines,
        where=where,
    )  # fmt: skip
    text += _table(figures) + _curves(figures)
    text += f"\nPerplexity per token on held-out generated lines: {perplexity:.2f}.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    missed = [problem for item in figures if item.pair.endswith(pivot().code) for problem in required(item)]
    if missed:
        raise SystemExit("required figures missed:\n" + "\n".join(missed))


def required(item: PairFigures) -> list[str]:
    """What the embedded model should show on one pair with English but does not, one sentence each."""
    problems = []
    best = item.found[item.best]
    if item.n < 300:
        problems.append(f"{item.pair}: {item.n} control words are fewer than 300")
    if not 0.15 <= best <= 0.8:
        problems.append(f"{item.pair}: best P@1 of 50 {best:.2f} is outside 0.15..0.8")
    if not item.found[-1] <= 0.75 * best:
        problems.append(
            f"{item.pair}: P@1 of 50 at the output, {item.found[-1]:.2f}, is not clearly below the best, {best:.2f}"
        )
    if not any(bos > 0.9 and own < 0.6 for bos, own in zip(item.with_bos, item.cosine, strict=True)):
        problems.append(f"{item.pair}: no layer has a cosine above 0.9 with BOS and below 0.6 without")
    return problems


def _table(figures: Sequence[PairFigures]) -> str:
    lines = [
        "| pair | words | best layer | P@1 of 50 there | at the output | sink layer | cosine with BOS | without |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in figures:
        sink = max(range(len(item.layers)), key=lambda k: item.with_bos[k] - item.cosine[k])
        lines.append(
            f"| {item.pair} | {item.n} | {item.layers[item.best]} | {item.found[item.best]:.2f} | {item.found[-1]:.2f} "
            f"| {item.layers[sink]} | {item.with_bos[sink]:.3f} | {item.cosine[sink]:.3f} |"
        )
    return "\n".join(lines) + "\n"


def _curves(figures: Sequence[PairFigures]) -> str:
    parts = []
    for item in [f for f in figures if f.pair in ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")]:
        parts.append(f"\n### {item.pair}, by layer (`p`: before the final norm)\n")
        parts.append("| | " + " | ".join(item.layers) + " |\n|---|" + "---|" * len(item.layers))
        for name, curve in (
            ("P@1 of 50", item.found),
            ("cosine", item.cosine),
            ("mismatched", item.mismatched),
            ("cosine with BOS", item.with_bos),
        ):
            parts.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in curve) + " |")
    return "\n".join(parts) + "\n"
