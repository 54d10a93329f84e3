"""One unit of a study on one loaded base: the base scored, a learning rate tried, a training at the chosen rate, what is asked of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from tli_bench.base.files import remove_folder
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.models import LoadedModel, LoadOptions, load_model
from tli_bench.models.types import Model
from tli_bench.models.variants import Placebos
from tli_bench.studies.design import CHOSEN, Design
from tli_bench.studies.documents import ask, asked_digest
from tli_bench.studies.points import Asked, Columns, Point, key_of, read_one, write_asked, write_point
from tli_bench.studies.settings import Job, Setting, recipe_of
from tli_bench.studies.words import WordScorer
from tli_bench.training.budget import Budget
from tli_bench.training.errors import CollapsedError
from tli_bench.training.places import claimed
from tli_bench.training.recipe import Recipe
from tli_bench.training.retention import perplexity_rise, sample_text, writes_text
from tli_bench.training.sweep import HELD_OUT, trained
from tli_bench.training.train import TrainingResult, recipe_for, retention_text, text_digest, train_claimed
from tli_bench.training.twins import finished
from tli_bench.training.words import words_of
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.disk import from_environment

What = Literal["base", "try", "run", "asked"]
"""A unit: the base as it is; a training that dev words alone judge; one that is analysed; what is asked of that one later."""
ADAPTERS = "adapters"
BASE_JOB = Job(Setting(""), 0.0, "", 0, "base")


class StudyWorker:
    """Makes units of one design on one loaded base; what `output` holds already is not made again. Several may work on one folder."""

    def __init__(self, design: Design, loaded: LoadedModel, output: Path, *, data_dir: Path | None = None) -> None:
        self.design, self.loaded, self.output, self.data_dir = design, loaded, output, data_dir
        self._scorer = WordScorer(loaded)
        self._lexicons: dict[str, Lexicon] = {}
        self._text: tuple[tuple[int, ...], ...] | None = None
        self._cache = StateCache(disk=from_environment())
        # Documents that are missing are told before the first training, not after the last.
        self._wanted = asked_digest(design, loaded.id, data_dir)

    def do(self, what: What, job: Job) -> tuple[Point | Asked, bool]:
        """The record of a unit, written as soon as it is made, and whether it was there already; raises whatever a training raises."""
        if what == "asked":
            return self._asked(job)
        key = self._key(job)
        path = self.output / ("tries" if what == "try" else "points") / f"{key}.json"
        if path.is_file():
            return read_one(Point, path), True
        point = self._make(job, key, dev_only=what == "try")
        write_point(path, point)
        return point, False

    def make(self, job: Job) -> Point:
        """Train and score one job again, whatever points are there; no point is written."""
        key = self._key(job)
        remove_folder(self.output / ADAPTERS / key)
        return self._make(job, key)

    def ask(self, point: Point) -> Asked:
        """What the design's tasks say of a point that was just made; nothing is written."""
        return self._ask(point, placebos=0)

    def _make(self, job: Job, key: str, *, dev_only: bool = False) -> Point:
        """Train, unless a try left just this training, and score; dev_only: nothing but the trained pair's dev words."""
        began = time.perf_counter()
        shared: dict[str, Any] = self._shared(job, key)
        if job.kind == "base":
            return self._finish(self.loaded.model, job, shared, began, dev_only=False)
        recipe = recipe_for(self.loaded, recipe_of(self.design, job), None)
        shared |= {"recipe": recipe.model_dump(mode="json", exclude={"summary", "report_to"})}
        folder = self.output / ADAPTERS / key
        try:
            result = self._train(job, recipe, folder)
        except CollapsedError as err:
            return Point(**shared, seconds=time.perf_counter() - began, memory_gb=_memory(), collapsed=str(err))
        shared |= {
            "loss_layers": result.layers,
            "budget": Budget(result.parameters, result.steps, result.words_seen),
        }
        with trained(self.loaded, folder, recipe.kind) as model:
            if job.kind == "right" and self.design.text and not dev_only:
                shared["text"] = self._rise(model, recipe)
            point = self._finish(model, job, shared, began, dev_only=dev_only)
        if not (self.design.asks or dev_only):
            remove_folder(folder)
        return point

    def _train(self, job: Job, recipe: Recipe, folder: Path) -> TrainingResult:
        lexicon = self._lexicon(job.pair)
        text = text_digest(retention_text(self.loaded, recipe, None, seed=job.seed))
        words, seed = words_of(lexicon), job.seed
        with claimed(folder):
            there = finished(self.loaded, words, recipe, folder, seed=seed, text_sha256=text)
            return there or train_claimed(
                self.loaded, words, recipe, folder, progress=None, retain_text=None, restart=False, seed=seed
            )

    def _finish(self, model: Model, job: Job, shared: dict[str, Any], began: float, *, dev_only: bool) -> Point:
        columns: Columns = {}
        outcomes = [outcome for outcome in self.design.outcomes if outcome.measure]
        pairs = () if dev_only or not outcomes else self.design.scored
        scores = self._scorer.score(model, [self._lexicon(pair) for pair in pairs], outcomes) if pairs else {}
        for pair, found in scores.items():
            for name, column in found.columns.items():
                columns.setdefault(name, {})[pair] = column
        at = self.design.declared.at if self.design.declared.measure else CHOSEN
        dev = None
        if job.pair in scores and at == CHOSEN:
            dev = scores[job.pair].dev
        elif job.pair:
            dev = self._scorer.dev(model, self._lexicon(job.pair), at)
        chosen = {pair: found.chosen for pair, found in scores.items()}
        seconds = time.perf_counter() - began
        return Point(**shared, columns=columns, chosen=chosen, dev=dev, seconds=seconds, memory_gb=_memory())

    def _rise(self, model: Model, recipe: Recipe) -> float | None:
        if not writes_text(self.loaded.model, self.loaded.tokenizer):
            return None
        if self._text is None:
            self._text = sample_text(self.loaded.model, self.loaded.tokenizer, seed=HELD_OUT)
        return perplexity_rise(model, self._text, base=self.loaded.model if recipe.kind == "full" else None)

    def _asked(self, job: Job) -> tuple[Asked, bool]:
        """Tasks, and placebos of a setting's first training."""
        point, _ = self.do("base" if job.kind == "base" else "run", job)
        assert isinstance(point, Point)
        path = self.output / "asked" / f"{point.key}-{self._wanted[:8]}.json"
        reused = path.is_file()
        found = read_one(Asked, path) if reused else self._ask(point, placebos_of(self.design, point))
        if not reused:
            write_asked(path, found)
        remove_folder(self.output / ADAPTERS / point.key)
        return found, reused

    def _ask(self, point: Point, placebos: int) -> Asked:
        began, folder = time.perf_counter(), self.output / ADAPTERS / point.key
        if point.kind != "base" and not folder.is_dir():
            self._make(point.job, point.key)
        full = point.recipe.get("kind") == "full"
        found = Asked(key=point.key, seconds=0.0)
        if self.design.tasks:
            options = LoadOptions(dtype=self.loaded.dtype, device=self.loaded.device)
            loaded = load_model(str(folder), options) if full else self.loaded
            adapter = None if full or point.kind == "base" else folder
            found = ask(self.design, loaded, adapter=adapter, key=point.key, data_dir=self.data_dir, cache=self._cache)
        drawn = self._placebos(point, folder, placebos) if placebos else ()
        return found.model_copy(update={"placebos": drawn, "seconds": time.perf_counter() - began})

    def _placebos(self, point: Point, folder: Path, count: int) -> tuple[float, ...]:
        """The primary outcome's mean over scored pairs under adapters of random weights, minus that of the base."""
        primary = self.design.declared
        if not primary.measure:
            return ()
        base = read_one(Point, self.output / "points" / f"{self._key(BASE_JOB)}.json")
        before = _mean(base, primary.name)
        found = []
        with trained(self.loaded, folder, "lora") as model:
            own: Any = model
            drawn = Placebos(own, seed=point.seed)
            for number in range(count):
                with drawn.worn(number):
                    scores = self._scorer.score(own, [self._lexicon(p) for p in self.design.scored], [primary])
                columns = [one.columns[primary.name].values for one in scores.values()]
                values = [sum(column) / len(column) for column in columns]
                found.append(round(sum(values) / len(values) - before, 5))
        return tuple(found)

    def _lexicon(self, pair: str) -> Lexicon:
        if pair not in self._lexicons:
            self._lexicons[pair] = load_lexicon(self.design.lexicon, pair=pair)
        return self._lexicons[pair]

    def _shared(self, job: Job, key: str) -> dict[str, Any]:
        loaded, setting = self.loaded, job.setting
        base = job.kind == "base"
        return {
            "study": self.design.name, "design": self.design.digest, "model": loaded.id, "revision": loaded.revision,
            "dtype": loaded.dtype, "quantization": loaded.quantization, "device": loaded.device, "key": key,
            "lexicon": {pair: self._lexicon(pair).content_hash for pair in {*self.design.scored, *([] if base else [job.pair])}},
            "arm": setting.arm, "rank": setting.rank, "layer": setting.layer, "pair": job.pair, "seed": job.seed,
            "kind": job.kind, "learning_rate": None if base else job.learning_rate,
        }  # fmt: skip

    def _key(self, job: Job) -> str:
        """Of the file: of everything that decides the numbers, not of what the design calls it."""
        loaded = self.loaded
        recipe = None if job.kind == "base" else recipe_of(self.design, job)
        pairs = [*self.design.scored, *([job.pair] if job.pair else [])]
        return key_of(
            {
                "version": 2,  # of how points are made; 2: control words centred by dev words and a sample of train words
                "base": [loaded.id, loaded.revision, loaded.dtype, loaded.quantization],
                "lexicon": {pair: self._lexicon(pair).content_hash for pair in pairs},
                "pair": job.pair,
                "seed": job.seed,
                "recipe": recipe and recipe.model_dump(mode="json", exclude={"name", "summary", "report_to"}),
                "outcomes": [[o.name, o.measure, o.at] for o in self.design.outcomes if o.measure],
                "dev": self.design.declared.at,
                "arm": [job.setting.arm, job.setting.rank, job.setting.layer],
            }
        )


@dataclass(frozen=True, slots=True)
class StudyWork:
    """A study as workers elsewhere are sent it. options: as `LoadOptions` takes them."""

    design: Design
    model: str
    output: str
    options: dict[str, Any]
    data_dir: str | None = None

    def open(self) -> Callable[[tuple[What, Job]], tuple[Point | Asked, bool]]:
        """Load the base; what is returned does one unit."""
        loaded = load_model(self.model, LoadOptions(**self.options))
        data_dir = Path(self.data_dir) if self.data_dir else None
        worker = StudyWorker(self.design, loaded, Path(self.output), data_dir=data_dir)
        return lambda unit: worker.do(*unit)


def placebos_of(design: Design, point: Point) -> int:
    """How many adapters of random weights a training is set beside: those of the first of each setting."""
    first = (point.pair, point.seed, point.kind) == (design.trained[0], design.seeds[0], "right")
    return design.placebos if first and point.recipe.get("kind") == "lora" else 0


def _mean(point: Point, outcome: str) -> float:
    columns = point.columns[outcome].values()
    return sum(sum(column.values) / len(column.values) for column in columns) / len(columns)


def _memory() -> float:
    """The most memory held so far, in GB: of the accelerator where there is one, else of this process."""
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 1e9)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
