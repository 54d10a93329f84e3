"""`tli-bench plan`: what scoring and training a model takes under each quantisation, which machine holds it, and how to start it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from tli_bench.base.errors import InputError
from tli_bench.models.body import depth_of
from tli_bench.models.families import Family, family_of
from tli_bench.models.skeleton import Described, skeleton
from tli_bench.training.need import Need, Needs, Quantisation, Workload, scoring_needs, training_needs
from tli_bench.training.recipe import Recipe

QUANTISATIONS: tuple[Quantisation, ...] = (None, "int8", "nf4", "nf4-double")
"""In the order in which one is chosen: the first that fits changes the numbers least."""
USUAL_LAYERS = 8
"""How many blocks are planned for by themselves where no number is given and the model has more."""
SPARE, SPARE_RAM = 10**9, 3 * 10**9
"""Bytes that are left alone: on a GPU for its context and what allocation wastes, on a machine for system and libraries."""
UNITS = {"GB": 10**9, "GiB": 2**30, "MB": 10**6, "MiB": 2**20}
MACHINES = ("1x8GB", "1x16GB", "1x24GB", "1x40GB", "1x80GB", "2x80GB", "4x80GB", "8x80GB", "16x80GB", "32x80GB")
"""From which the smallest one is named that holds a task."""
_GPUS = re.compile(r"(?:([1-9][0-9]{0,3})x)?([0-9]+(?:\.[0-9]+)?)(GB|GiB|MB|MiB)")


@dataclass(frozen=True, slots=True)
class Machine:
    """GPUs of one size, or with count 0 none and `size` bytes of main memory. name: as it was given."""

    count: int
    size: int
    name: str

    def holds(self, need: Need) -> bool:
        """Whether a task fits; split over several GPUs, the largest block has to be whole on each."""
        if not self.count:
            return need.total + need.host <= self.size - SPARE_RAM
        return need.total + (self.count - 1) * need.block <= self.count * (self.size - SPARE)


def machine_of(gpus: str | None, ram: str | None) -> Machine | None:
    """The machine of `--gpus 2x24GB` or `--ram 16GB`, None where neither is given; raises InputError for a text that is neither."""
    if gpus and ram:
        raise InputError("--gpus is a machine with GPUs, --ram one without; give one of them")
    text = gpus or ram
    if not text:
        return None
    found = _GPUS.fullmatch(text.strip())
    if not found or (ram and found[1]):
        raise InputError(
            f"{'--ram' if ram else '--gpus'} {text!r} is not a size; give {'--ram 16GB' if ram else '--gpus 24GB or --gpus 2x24GB'}"
        )
    size = int(float(found[2]) * UNITS[found[3]])
    return Machine(
        0 if ram else int(found[1] or 1), size, text.strip() if gpus else f"{text.strip()} of main memory, no GPU"
    )


class Planned(NamedTuple):
    """A training to plan for. options: of `train`, for what differs from the recipe of that name."""

    recipe: Recipe
    options: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to start. command: without what the machine adds to it; needs: by quantisation, without those that are not possible."""

    name: str
    command: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model takes. dtype: of all that is not quantised."""

    model: str
    origin: str
    parameters: int
    depth: int
    dtype: str
    tasks: tuple[Task, ...]
    work: Workload
    machine: Machine | None

    def lines(self) -> Iterator[str]:
        """The plan as lines of text: sizes, what they assume, and commands."""
        yield f"{self.model}: {self.parameters:,} parameters in {self.depth} blocks ({self.origin})"
        yield ""
        yield from _table(self)
        yield ""
        yield (
            "GB = 10^9 bytes at the worst moment: weights, adapter, gradients and moments of AdamW, activations; 'CPU' is what the "
            "states of a pair, or a copy of the base, take in main memory besides"
        )
        yield (
            f"assumed: words of {self.work.tokens} tokens, {self.work.own:g} of them their own, batches of {self.work.words} words, a "
            f"recipe's own batch; {SPARE // 10**9} GB per GPU left free"
        )
        yield ""
        yield from _commands(self)


def plan(described: Described, *, machine: Machine | None, trainings: Sequence[Planned], early: int) -> Plan:
    """Sizes of scoring all layers, of scoring the first `early` blocks, and of each training. Raises as `training_needs`."""
    work = Workload(on_gpu=machine is None or machine.count > 0)
    whole, config, name = skeleton(described.config), described.config, described.id
    model = f"--model {name}"
    scoring = partial(scoring_needs, config, dtype="bfloat16", quantizations=QUANTISATIONS, work=work)
    training = partial(training_needs, config, dtype="bfloat16", quantizations=QUANTISATIONS, work=work)
    tasks = [Task("score all layers", f"tli-bench run {model}", scoring())]
    if early < depth_of(whole):
        needs = scoring(blocks=early)
        tasks.append(Task(f"score layers 0-{early}", f"tli-bench run {model} --layers 0-{early}", needs))
    for recipe, options in _possible(trainings, family_of(config)):
        named = recipe.name.removesuffix("+")  # the mark of changes, which the options name
        command = f"tli-bench train {model} --recipe {named}{options} --output adapters/{named}"
        kind = "all weights" if recipe.kind == "full" else "LoRA"
        label = f"train {named}{', no retention' if recipe.name.endswith('+') else ''}: {kind}, loss at {', '.join(recipe.layer)}"
        tasks.append(Task(label, command, training(recipe)))
    return Plan(
        name, described.origin, whole.num_parameters(), depth_of(whole), "bfloat16", tuple(tasks), work, machine
    )


def _possible(trainings: Sequence[Planned], row: Family) -> Iterator[Planned]:
    """As `training.fitting` does it: what has no head for text holds none in place; what is then the same training stands once."""
    seen: list[Recipe] = []
    for recipe, options in trainings:
        kept = recipe if row.head == "causal" or recipe.retention == "none" else recipe.with_options(retention="none")
        if kept not in seen:
            seen.append(kept)
            yield Planned(kept, options)


def usual_trainings(given: Recipe | None, usual: Sequence[Recipe]) -> list[Planned]:
    """By the recipe that was given, else by the usual ones; also without retention where the loss is early."""
    found: list[Planned] = []
    for recipe in [given] if given else usual:
        if recipe.kind == "lora" and recipe.retention == "kl" and all(layer.isdigit() for layer in recipe.layer):
            # The blocks below the loss are then enough.
            found.append(Planned(recipe.with_options(retention="none"), " --retention none"))
        found.append(Planned(recipe))
    return found


def smallest(need: Need) -> str:
    """The smallest of the usual machines that holds a task."""
    for name in MACHINES:
        machine = machine_of(name, None)
        if machine and machine.holds(need):
            return name
    return f"over {MACHINES[-1]}"


def _table(plan: Plan) -> list[str]:
    heads = ["what", *(quantize or plan.dtype for quantize in QUANTISATIONS), "CPU"]
    rows = [heads]
    for task in plan.tasks:
        cells = [_cell(task.needs.get(quantize), plan.machine) for quantize in QUANTISATIONS]
        rows.append([task.name, *cells, _gb(next(iter(task.needs.values())).host)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    lines = []
    for row in rows:
        first, *others = (
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return lines


def _cell(need: Need | None, machine: Machine | None) -> str:
    if need is None:
        return "-"
    size = _gb(need.total)
    if machine is None:
        return f"{size} ({smallest(need)})"
    return f"{size} {'fits' if machine.holds(need) else 'no  '}"


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f}" if size < 10**9 else f"{size / 1e9:.1f}"


def _commands(plan: Plan) -> Iterator[str]:
    """How to start each task on the machine, or on the smallest that holds it."""
    yield (
        f"on {plan.machine.name}:" if plan.machine else "to start it on the smallest machine that holds it unquantised:"
    )
    for task in plan.tasks:
        fitting = [q for q, need in task.needs.items() if plan.machine is None or plan.machine.holds(need)]
        if not fitting:
            least = min(task.needs.values(), key=lambda need: need.total)
            yield f"  # {task.name}: does not fit; {smallest(least)} would do with the smallest weights"
            continue
        yield f"  {task.command}{_options(fitting[0], plan.machine or machine_of(smallest(task.needs[fitting[0]]), None), task, plan)}"


def _options(quantize: Quantisation, machine: Machine | None, task: Task, plan: Plan) -> str:
    found = f" --quantize {quantize}" if quantize else ""
    if machine is None or machine.count == 0:
        return f"{found} --device cpu --dtype {plan.dtype}"
    single = replace(machine, count=1)
    return found if single.holds(task.needs[quantize]) else f"{found} --device-map balanced"
