"""Ours against the ways of others: `make bench`, or `python -m benchmarks.speed`; a table of ratios, and all figures as JSON.

Seconds are CPU seconds of one thread, medians over rounds in which every way has its turn, so that a busy machine troubles all alike:
ratios are the point. The slow ways get fewer words and are scaled to all of them; `words` says how many each got. The floor is the time
of the blocks' matrix products for each distinct prefix once. `--model NAME` adds a model of your own, `--write` replaces the
figures of docs/performance.md (then `make docs-tables`).
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from benchmarks.speed import peers, step
from benchmarks.speed.clock import in_turns, peak_rise
from benchmarks.speed.models import random_llama
from tli_bench.lexicon import load_lexicon
from tli_bench.measures import LayerView, centre, compute
from tli_bench.models import LoadedModel, load_model
from tli_bench.models.identity import MeasuredModel
from tli_bench.models.trees import prefixes
from tli_bench.models.types import Model, Tokenizer
from tli_bench.plugin.gathered import inputs
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import DEFAULT_BATCH, Backend
from tli_bench.vectors.batches import batches
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import Encoded, encode_words, framing
from tli_bench.vectors.protocols import Pooling, get_protocol
from tools.speed_tables import RESULT, all_tables

PAIR = "swh-eng"
CARRIER = "carrier:next"
SLOW = {"the published pilot": 300, "MEXA's extractor": 25}
"""Of so many words one is given to a way that is slow."""
BATCHED = 32
"""Words that the naive ways get: one of their batches."""
OURS, APART = "ours", "ours, each text for itself"


def framed(tokenizer: Tokenizer, words: Sequence[str], protocol: str) -> list[Encoded]:
    """Words as a protocol frames the words of the pair's first language, cut after the word as scoring does."""
    chosen = get_protocol(protocol)
    frame = framing(chosen, load_lexicon("core", pair=PAIR).source_language.code)
    return encode_words(tokenizer, words, **frame._replace(cut=bool(chosen.templates))._asdict())


def extraction(name: str, model: Model, tokenizer: Tokenizer, words: Sequence[str], rounds: int, protocol: str) -> Any:
    """One model under one protocol: seconds of each way for all words."""
    encoded = framed(tokenizer, words, protocol)
    sequences = [item.ids for item in encoded]
    some = {title: encoded[:: min(share, len(encoded))] for title, share in SLOW.items()}
    part = encoded[:: max(1, len(encoded) // BATCHED)][:BATCHED]
    apart = encoded[:: max(1, len(encoded) // (2 * BATCHED))]
    poolings = (Pooling.WORD_MEAN, Pooling.WORD_LAST)
    ways = {
        OURS: (encoded, lambda: extract(model, encoded, poolings=poolings, batch_size=64, share=True)),
        APART: (apart, lambda: extract(model, apart, poolings=poolings, batch_size=DEFAULT_BATCH)),
        "naive batches of 32, head": (part, lambda: peers.naive(model, part)),
        "naive batches of 32, body only": (part, lambda: peers.naive(model, part, head=False)),
        "MEXA's extractor": (some["MEXA's extractor"], lambda: peers.mexa(model, some["MEXA's extractor"])),
        "the published pilot": (some["the published pilot"], lambda: peers.pilot(model, some["the published pilot"])),
    }
    with tempfile.TemporaryDirectory() as folder:
        encode = peers.sentence_encoder(model, tokenizer, Path(folder))
        if encode is not None:
            ways["sentence-transformers, last layer alone"] = (encoded, lambda: encode(list(words)))
        spent = in_turns({title: work for title, (_, work) in ways.items()}, rounds)
    least = prefixes(sequences)
    return {
        "model": name, "protocol": get_protocol(protocol).id, "words": len(words), "tokens": sum(map(len, sequences)), "prefixes": least,
        "run": sum(batch.tokens for batch in batches(sequences, 64, share=True)),
        "floor": peers.floor_seconds(model, least),
        "ways": {t: {"words": len(w), "seconds": spent[t] * len(encoded) / len(w)} for t, (w, _) in ways.items()},
    }  # fmt: skip


def profile(model: Model, tokenizer: Tokenizer, words: Sequence[str]) -> dict[str, float]:
    """Shares of ours, by the operations of torch that take the most of it."""
    encoded = framed(tokenizer, words, "words")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
        extract(model, encoded, batch_size=64, share=True)
    spent = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    most = sorted(spent, key=spent.__getitem__, reverse=True)[:6]
    return {name: spent[name] / sum(spent.values()) for name in most}


def memory(model: Model, tokenizer: Tokenizer, words: Sequence[str]) -> dict[str, float | None]:
    """MiB above the weights: of extraction, of a whole answer to the tasks, and of what an answer holds."""
    encoded, protocol = framed(tokenizer, words, "words"), get_protocol("words")
    identity = MeasuredModel("m", "r", "float32", None, "bos", None)
    half = len(words) // 2
    asked = [SimpleNamespace(args=(a, b, (protocol,), PAIR)) for a, b in zip(words[:half], words[half:], strict=False)]
    backend = Backend(model, tokenizer, batch_size=64)
    backend.apart("base")
    kept: list[Any] = []
    found = {
        "naive batches of 32, head, no result kept": peak_rise(lambda: peers.naive(model, encoded)),
        "extraction": peak_rise(lambda: kept.append(extract(model, encoded, batch_size=64, share=True))),
        "answers and the pool that is scored": peak_rise(
            lambda: kept.append(inputs(answer(asked, backend=backend, identity=identity), protocol.id))
        ),
    }
    layers, _, width = kept[0].vectors[Pooling.WORD_MEAN].shape
    one = layers * len(words) * width * 4 / 2**20
    return found | {"one mean of every word": one, "what is scored: two means of every word": 2 * one}


def growth(tokenizer: Tokenizer, words: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """Seconds of ours as words, layers and width grow, and of all measures as the pool grows."""
    found = []

    def measured(what: str, works: dict[int, Any]) -> None:
        spent = in_turns({str(size): work for size, work in works.items()}, rounds)
        found.append({"what": what, "at": [*works], "seconds": [spent[str(size)] for size in works]})

    def run(depth: int, width: int, count: int) -> Any:
        model, encoded = random_llama(depth, width, len(tokenizer)), framed(tokenizer, words[:count], "words")
        return partial(extract, model, encoded, batch_size=64, share=True)

    most = len(words)
    measured("words, 4 layers x 256", {count: run(4, 256, count) for count in (most // 4, most // 2, most)})
    measured("layers, width 256", {depth: run(depth, 256, most // 4) for depth in (4, 8, 16)})
    measured("width, 4 layers", {width: run(4, width, most // 4) for width in (256, 512, 1024)})
    measured("pool of all measures, one layer x 256", {n: partial(compute, view(n, 256)) for n in (200, 400, 800)})
    return found


def view(pairs: int, width: int) -> LayerView:
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(pairs, width, generator=generator)
    target = source + torch.randn(pairs, width, generator=generator)
    return LayerView(source, target, centre=centre(source[::10], target[::10]))


def scores(rounds: int) -> list[dict[str, Any]]:
    """All our measures of one layer against the loops of MEXA for its one score."""
    rows = []
    for pairs, width in ((564, 192), (686, 512)):
        looked = view(pairs, width)
        ways = {"ours": partial(compute, looked), "loops": partial(peers.loops, looked.source, looked.target)}
        rows.append({"pairs": pairs, "width": width} | in_turns(ways, rounds))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--words", type=int, default=600, help="of the 16-block model; the larger one gets an eighth, the carrier half"
    )
    parser.add_argument("--model", help="a model of your own: alias, folder or Hub id")
    parser.add_argument("--out", type=Path, help="write the figures there")
    parser.add_argument("--write", action="store_true", help="replace the figures of docs/performance.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(options)
    for path in [options.out, RESULT if options.write else None]:
        if path:
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(all_tables(found))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Every figure."""
    tiny, lexicon = load_model("tiny"), load_lexicon("core", pair=PAIR)
    words = [*dict.fromkeys(side for pair in lexicon.pairs for side in (pair.source, pair.target))]
    words = words[:: max(1, len(words) // options.words)][: options.words]
    vocabulary, rounds = len(tiny.tokenizer), options.rounds
    models: list[tuple[str, Model, Tokenizer, list[str]]] = [
        ("16 blocks x 512", random_llama(16, 512, vocabulary), tiny.tokenizer, words),
        ("24 blocks x 1024", random_llama(24, 1024, vocabulary), tiny.tokenizer, words[::8]),
        ("tiny", tiny.model, tiny.tokenizer, words),
    ]
    if options.model:
        own: LoadedModel = load_model(options.model)
        models.append((own.id, own.model, own.tokenizer, words[::4]))
    rows = [extraction(*row, rounds, "words") for row in models]
    rows.append(extraction(*models[0][:3], words[::2], rounds, CARRIER))
    return {
        "made": {
            "date": time.strftime("%Y-%m-%d"), "torch": torch.__version__, "processor": platform.processor() or platform.machine(),
            "rounds": rounds,
        },
        "extraction": rows,
        "profile": profile(*models[0][1:]),
        "memory": memory(*models[0][1:]),
        "measures": scores(min(rounds, 3)),
        "training": [step.ratios(depth, 512, rounds) for depth in (16, 32)],
        "growth": growth(tiny.tokenizer, words[:400], min(rounds, 3)),
    }  # fmt: skip


if __name__ == "__main__":
    main()
