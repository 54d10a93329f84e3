"""What one GPU does with an 8B model: `python -m benchmarks.gpu`, at most about 8 minutes, a table that grows row by row.

The model has the shape of Llama 3.1 8B and random weights (`benchmarks/llama_8b.json`), so that nothing is downloaded; its tokenizer is
`tiny`'s. Each row is measured in bfloat16 and with NF4 weights, by the same functions as in use. The bare forward is the text body
over as many tokens as there are distinct prefixes, without anything kept. `--config tiny --device cpu` tries the script itself in a
minute.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from benchmarks.speed import step as training
from tli_bench.evaluate.analysis import Analyser
from tli_bench.evaluate.views import Vectors
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models import LoadedModel, LoadOptions, load_model
from tli_bench.models.catalog import TINY_DIR
from tli_bench.models.trees import prefixes, tree_states
from tli_bench.training.data import split_data
from tli_bench.vectors.batches import batches
from tli_bench.vectors.extract import extract, layer_names
from tli_bench.vectors.inputs import Encoded

HERE = Path(__file__).resolve().parent
ROUNDS = 5
Row = tuple[str, str]


def make(folder: Path, config: str, device: str) -> None:
    """A model of random weights with tiny's tokenizer, saved in bfloat16."""
    place = folder if config != "tiny" else TINY_DIR
    if config != "tiny":
        shutil.copy(HERE / "llama_8b.json", folder / "config.json")
    with torch.device(device):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(place), dtype=torch.bfloat16)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY_DIR / name, folder / name)


@contextmanager
def peak(device: str) -> Iterator[Callable[[], float]]:
    """Gives a function that says by how many GiB the device's memory rose at most since the start; 0 on a CPU."""
    if device == "cpu":
        yield lambda: 0.0
        return
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    yield lambda: (torch.cuda.max_memory_allocated() - before) / 2**30


def seconds(work: Callable[[], object], device: str, rounds: int = ROUNDS) -> float:
    """Median seconds, after one round that does not count."""
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def words_of(loaded: LoadedModel) -> list[Encoded]:
    """Every distinct word of one pair, as the default protocol frames it."""
    lexicon = load_lexicon("core", pair="swh-eng")
    data = [split_data(lexicon, split, loaded.tokenizer, at_least=2) for split in Split if lexicon.of(split)]
    found = {item.ids: item for part in data for item in (*part.sources, *part.targets)}
    return list(found.values())


def extraction(loaded: LoadedModel, rounds: int) -> Iterator[Row]:
    """All layers of all words of a pair, each prefix once, against the bare forward of the distinct prefixes, at several sizes."""
    words = words_of(loaded)
    sequences = [word.ids for word in words]
    distinct = prefixes(sequences)

    @torch.no_grad()
    def bare(size: int) -> None:
        # As many tokens as there are prefixes, in rows of 8 with the causal mask: what the card can do with them.
        flat = [token for one in sequences for token in one][: distinct - distinct % 8]
        for start in range(0, len(flat), 6 * size):
            part = flat[start : start + 6 * size]
            body(loaded.model, torch.tensor(part[: len(part) - len(part) % 8], device=loaded.device).view(-1, 8))

    @torch.no_grad()
    def alone(size: int) -> None:
        for batch in batches(sequences, size, share=True, device=torch.device(loaded.device).type):
            tree_states(loaded.model, batch.tree)

    for size in (64, 256, 1024):
        forward = seconds(lambda size=size: bare(size), loaded.device, rounds)
        unpooled = seconds(lambda size=size: alone(size), loaded.device, rounds)
        with peak(loaded.device) as rise:
            ours = seconds(
                lambda size=size: extract(loaded.model, words, batch_size=size, share=True), loaded.device, rounds
            )
            memory = rise()
        told = (
            f"{distinct / ours:,.0f} prefixes/s, the bare forward {distinct / forward:,.0f} ({forward / ours:.2f} of it), the trees alone "
            f"{distinct / unpooled:,.0f}, + {memory:.2f} GiB"
        )
        yield (
            f"extraction, {len(words)} words, {sum(map(len, sequences))} tokens, {distinct} prefixes, batch {size}",
            told,
        )


def body(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """The last hidden state alone."""
    return model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state


def step(loaded: LoadedModel, rounds: int) -> list[Row]:
    """A training step at hidden state 2 against the published one."""
    with peak(loaded.device) as rise:
        taken = training.measure(loaded, rounds, tolerance=0.05)
        memory = rise()
    return [
        (
            "training step at layer 2, 8 pairs",
            f"{1000 * taken['tree']:.0f} ms, words apart {1000 * taken['truncated']:.0f} ms, published {1000 * taken['published']:.0f} ms "
            f"({taken['published'] / taken['tree']:.1f}x), + {memory:.2f} GiB",
        )
    ]


def statistics_row(loaded: LoadedModel) -> list[Row]:
    """All scores of one pair of this shape on the CPU, from random states."""
    lexicon = load_lexicon("core", pair="swh-eng")
    pairs = [pair for pair in lexicon.pairs if pair.split is not Split.AUDIT]
    config = loaded.model.config
    layers = layer_names(config.num_hidden_layers, final_norm=True)
    shape = (len(layers), len(pairs), config.hidden_size)
    states = {"base": Vectors(torch.randn(shape), torch.randn(shape))}
    gold = torch.from_numpy(lexicon.gold(pairs))
    start = time.perf_counter()
    Analyser(pairs, layers, states, gold).run()
    taken = time.perf_counter() - start
    return [
        (
            f"statistics of a pair, {shape[0]} layers x {shape[2]}, CPU",
            f"{taken:.1f} s ({torch.get_num_threads()} threads)",
        )
    ]


def whole_run(folder: Path, quantize: str, device: str, pairs: int) -> list[Row]:
    """`tli-bench run` without an adapter, loading included."""
    import tli_bench

    start = time.perf_counter()
    tli_bench.score(
        str(folder), pairs=list(DEFAULT_PAIRS)[:pairs], skip_gate=True, confirm=False, dtype="bfloat16", quantize=quantize,
        device=device, batch_size=256,
    )  # fmt: skip
    return [(f"run, {pairs} pairs, loading included", f"{time.perf_counter() - start:.0f} s")]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", choices=("8b", "tiny"), default="8b")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of the whole run; 0 leaves it out")
    options = parser.parse_args()
    where = torch.cuda.get_device_name() if options.device != "cpu" else "CPU"
    print(f"{where}, torch {torch.__version__}, {options.config}, {time.strftime('%Y-%m-%d')}", flush=True)
    print("| weights | what | measured |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, options.config, options.device)
        for quantize in ("none",) if options.device == "cpu" else ("none", "nf4"):
            for row in measured(folder, quantize, options):
                print(f"| {'bf16' if quantize == 'none' else 'NF4'} | {' | '.join(row)} |", flush=True)
        if options.pairs:
            for row in whole_run(folder, "none", options.device, options.pairs):
                print(f"| bf16 | {' | '.join(row)} |", flush=True)


def measured(folder: Path, quantize: str, options: argparse.Namespace) -> Iterator[Row]:
    """Rows of the model under one precision, each as soon as it is there."""
    start = time.perf_counter()
    loaded = load_model(str(folder), LoadOptions(dtype="bfloat16", quantize=quantize, device=options.device))
    yield "loading", f"{time.perf_counter() - start:.0f} s"
    yield from extraction(loaded, options.rounds)
    yield from step(loaded, options.rounds)
    if quantize == "none":
        yield from statistics_row(loaded)


if __name__ == "__main__":
    main()
