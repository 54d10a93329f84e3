"""What `tli-bench plan` says against what processes really take: `python -m benchmarks.plan`, a few minutes of one core.

Each case runs in a process of its own on the CPU, in fp32 and on random weights: the model is loaded, and the pair's words are scored,
or a recipe is trained for a few steps. What counts is the resident memory of the process (VmRSS, read every millisecond) above what it
had before the model. `--write` replaces the figures of docs/scale.md (`benchmarks/plan.json`; then `make docs-tables`).
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

RESULT = Path(__file__).with_suffix(".json")
PAIR = "swh-eng"
TOYS = {
    "llama": {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 768, "intermediate_size": 2048,
        "num_hidden_layers": 16, "num_attention_heads": 12, "num_key_value_heads": 4, "max_position_embeddings": 256,
        "tie_word_embeddings": False,
    },
    "gpt2": {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 768, "n_layer": 8, "n_head": 12, "n_positions": 256,
        "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0,
    },
}  # fmt: skip
FEW = {"max_steps": 3, "eval_steps": 3, "modules": "all-linear"}
CASES = {
    "scoring": None,
    "tli-early, no retention": ("tli-early", FEW | {"retention": "none"}),
    "tli": ("tli", FEW),
    "full-finetune": ("full-finetune", {"max_steps": 3, "eval_steps": 3}),
}
PRINTED = {"tiny": ["--ram 8GB"], "lugha": ["--gpus 24GB"], "qwen2-72b": ["--gpus 24GB", "--gpus 8x80GB"]}
"""What docs/scale.md prints: machines of each model."""


def main() -> int:
    """Measure every case, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the figures of docs/scale.md")
    parser.add_argument("--only", choices=("cases", "printed"), help="measure the cases, or print the plans, alone")
    parser.add_argument("--case", nargs=2, metavar=("TOY", "CASE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(_one(*options.case)))
        return 0
    if options.only != "printed":
        _keep("rows", _rows(), write=options.write)
    if options.only != "cases":
        printed = [one for model, machines in PRINTED.items() for one in _printed(model, machines)]
        _keep("printed", printed, write=options.write)
    return 0


def _rows() -> list[dict[str, object]]:
    rows = []
    for toy in TOYS:
        for case in CASES if toy == "llama" else [name for name in CASES if name != "tli"]:
            rows.append(_child(toy, case))
            print(
                "{toy:<6} {case:<26} planned {planned:7.1f} MB  measured {measured:7.1f} MB  {off:+.1%}".format(
                    **rows[-1]
                ),
                flush=True,
            )
    return rows


def _keep(part: str, found: object, *, write: bool) -> None:
    """Replace one part of the figures of docs/scale.md."""
    if not write:
        return
    import torch

    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    known |= {"made": {"date": date.today().isoformat(), "torch": torch.__version__}, part: found}
    RESULT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def _printed(model: str, machines: list[str]) -> list[dict[str, object]]:
    """What the command prints for machines of one kind, for which its sizes are the same."""
    from tli_bench.models.skeleton import describe
    from tli_bench.training.plan import machine_of, plan, usual_trainings
    from tli_bench.training.recipe import load_recipe

    found, given = None, [load_recipe(name) for name in ("tli-early", "tli", "full-finetune")]
    printed = []
    for text in machines:
        kind, size = text.split()
        machine = machine_of(size if kind == "--gpus" else None, size if kind == "--ram" else None)
        found = found or plan(describe(model), machine=machine, trainings=usual_trainings(None, given), early=8)
        printed.append(
            {"command": f"tli-bench plan {model} {text}", "lines": list(replace(found, machine=machine).lines())}
        )
    return printed


def _child(toy: str, case: str) -> dict[str, object]:
    # Freed memory goes back at once, so that what is resident is what is held.
    env = os.environ | {
        "MALLOC_MMAP_THRESHOLD_": "65536",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.plan", "--case", toy, case]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{toy}, {case}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _one(toy: str, case: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        _make(Path(folder), toy)
        planned = _planned(folder, case)
        run = _scored if CASES[case] is None else _trained
        run(None, case, Path(folder) / "warm")  # imports, thread pools and caches of the libraries
        with _Watch() as watch:
            run(folder, case, Path(folder) / "out")
    measured = watch.peak / 1e6
    return {
        "toy": toy,
        "case": case,
        "planned": planned / 1e6,
        "measured": measured,
        "off": planned / 1e6 / measured - 1,
    }


def _make(folder: Path, toy: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from tli_bench.models.catalog import TINY_DIR

    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY_DIR / name, folder / name)
    facts = dict(TOYS[toy])
    vocabulary = json.loads((TINY_DIR / "config.json").read_text())["vocab_size"]
    config = AutoConfig.for_model(facts.pop("model_type"), vocab_size=vocabulary, **facts)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)


def _planned(folder: str, case: str) -> int:
    from tli_bench.lexicon import load_lexicon
    from tli_bench.lexicon.pairs import Split
    from tli_bench.models.load import load_tokenizer
    from tli_bench.models.skeleton import describe
    from tli_bench.models.trees import prefixes
    from tli_bench.training.data import split_data
    from tli_bench.training.need import COPIES, Workload, scoring_needs, training_needs
    from tli_bench.training.recipe import load_recipe
    from tli_bench.training.words import TrainingWords

    config, words = describe(folder).config, TrainingWords.load("core", PAIR)
    data = split_data(words, Split.TRAIN, load_tokenizer(folder), at_least=1)
    ids = [item.ids for item in (*data.sources, *data.targets)]
    batch = ids[:128]
    longest = max(map(len, ids))
    own = round((prefixes(batch) - 2) / len(batch), 2)
    lexicon = load_lexicon("core", pair=PAIR)
    scored = len({*lexicon.source_words}) + len({*lexicon.target_words})
    work = Workload(tokens=longest, own=own, scored=scored, on_gpu=False)
    if CASES[case] is None:
        need = scoring_needs(config, dtype="float32", work=work)[None]
        # One state of the model, and the cache alone: what is pooled for a verdict comes later.
        return need.total + need.host // COPIES
    recipe, changes = CASES[case]
    need = training_needs(config, load_recipe(recipe).with_options(**changes), dtype="float32", work=work)[None]
    return need.total + need.host


def _scored(folder: str | None, case: str, out: Path) -> None:
    from tli_bench.base.errors import GateError
    from tli_bench.lexicon import load_lexicon
    from tli_bench.models import load_model
    from tli_bench.models.gate import require_sane
    from tli_bench.vectors.backend import Backend
    from tli_bench.vectors.inputs import framing
    from tli_bench.vectors.protocols import get_protocol

    lexicon, rule = load_lexicon("core", pair=PAIR), get_protocol("words")
    loaded = load_model(folder or "tiny")
    with contextlib.suppress(GateError):  # random weights do not pass it
        require_sane(loaded)
    backend = Backend(loaded.model, loaded.tokenizer)
    kept = []
    for words, language in (
        (lexicon.source_words, lexicon.source_language.code),
        (lexicon.target_words, lexicon.target_language.code),
    ):
        texts = words if folder else words[:50]
        kept.append(backend.states(texts, framing(rule, language), (rule.pooling,)))


def _trained(folder: str | None, case: str, out: Path) -> None:
    from tli_bench.training import load_recipe, train_adapter

    recipe, changes = CASES[case]
    train_adapter(folder or "tiny", PAIR, load_recipe(recipe).with_options(**changes), out)


class _Watch:
    """The most resident memory of this process above what it has at the start, in bytes."""

    def __enter__(self) -> "_Watch":
        self._start = self.peak = _resident()
        self._on = True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()
        self.peak -= self._start

    def _look(self) -> None:
        while self._on:
            self.peak = max(self.peak, _resident())
            time.sleep(0.001)


def _resident() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


if __name__ == "__main__":
    raise SystemExit(main())
