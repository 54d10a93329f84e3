"""`make tiny`: generate the text, train the embedded model, measure it, write it with its card."""

import argparse
import hashlib
import os
import shutil
from dataclasses import fields, replace
from pathlib import Path

import torch

from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon import load_core
from tli_bench.lexicon.normalise import as_read
from tli_bench.lexicon.pairs import Split
from tli_bench.models.catalog import TINY_DIR
from tools.tiny.measure import pair_figures, perplexity
from tools.tiny.text import Recipe, World, build_world, lines
from tools.tiny.tokenizer import train_tokenizer
from tools.tiny.train import Plan, train


def world_of(recipe: Recipe) -> World:
    """The core lexicon as a world: preferred forms, fields, and the train split that evidence is drawn from."""
    core = load_core()
    words = {entry.concept: {code: as_read(forms[0]) for code, forms in entry.forms.items()} for entry in core.entries}
    train_split = {concept for concept, split in core.splits.items() if split == Split.TRAIN}
    return build_world(words, {entry.concept: entry.field for entry in core.entries}, train_split, recipe)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make tiny", description=__doc__)
    parser.add_argument("--out", type=Path, default=TINY_DIR)
    parser.add_argument(
        "--work", type=Path, default=Path(".tiny-work"), help="checkpoint folder; delete it to start again"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", help="where it is trained (cpu, cuda); measured on the processor")
    for kind in (Plan, Recipe):
        for item in fields(kind):
            if item.name != "seed":
                parser.add_argument(f"--{item.name.replace('_', '-')}", type=type(item.default), default=item.default)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    return parser.parse_args()


def main() -> None:
    """Train and write the model folder."""
    from tools.tiny.card import write_card

    options = _arguments()
    torch.set_num_threads(options.threads)
    given = vars(options)
    plan = replace(Plan(), **{f.name: given[f.name] for f in fields(Plan)})
    recipe = replace(Recipe(), **{f.name: given[f.name] for f in fields(Recipe)})
    world = world_of(recipe)
    sample = list(lines(world, 60_000, stream="tokenizer"))
    forms = [form for concept in world.words.values() for form in concept.values()]
    tokenizer = train_tokenizer([*sample, *forms * 10], vocabulary=plan.vocabulary)
    options.work.mkdir(parents=True, exist_ok=True)
    print(
        f"{len(world.words)} concepts, {len(world.evidence)} with translation evidence, {len(tokenizer)} tokens",
        flush=True,
    )

    def report(step: int, loss: float, model: object, seconds: float) -> None:
        print(f"step {step}/{plan.steps} loss {loss:.3f} {seconds:.0f}s", flush=True)
        if step % 1000 == 0 or step == plan.steps:
            for dev in pair_figures(model, tokenizer, ("swh-eng", "tur-eng", "uig-eng"), split=Split.DEV):
                print(
                    f"  {dev.pair} dev P@1 of 50 "
                    + " ".join(f"{x:.2f}" for x in dev.found)
                    + "  cos "
                    + " ".join(f"{x:.2f}" for x in dev.cosine)
                    + "  bos "
                    + " ".join(f"{x:.2f}" for x in dev.with_bos),
                    flush=True,
                )

    model = train(world, tokenizer, plan, work=options.work, device=options.device, report=report)
    model = model.to(torch.bfloat16)
    if options.out.exists():
        shutil.rmtree(options.out)
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    model = model.float()
    figures = pair_figures(model, tokenizer, DEFAULT_PAIRS)
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads of a processor"
    write_card(options.out, world, plan, figures, perplexity(model, tokenizer, world), where=where)
    digest = hashlib.sha256((options.out / "model.safetensors").read_bytes()).hexdigest()
    print(f"wrote {options.out}, model.safetensors sha256 {digest[:16]}")


if __name__ == "__main__":
    main()
