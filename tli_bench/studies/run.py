"""Running a study: tries on dev words, the trainings at the chosen rates with their twins, then what is asked of each."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from tli_bench.base.errors import ResultError
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.models import LoadedModel, LoadOptions, load_model
from tli_bench.models.types import Model
from tli_bench.models.variants import neutral, placebo, weights_of, worn
from tli_bench.studies.design import CHOSEN, Design
from tli_bench.studies.documents import ask, asked_digest
from tli_bench.studies.points import Asked, Columns, Point, Study, key_of, read_one, register, write_asked, write_point
from tli_bench.studies.settings import Job, Setting, recipe_of, runs_of, settings_of, tries_of
from tli_bench.studies.words import WordScorer
from tli_bench.training.budget import Budget
from tli_bench.training.errors import CollapsedError
from tli_bench.training.recipe import Recipe
from tli_bench.training.retention import perplexity_rise, sample_text, writes_text
from tli_bench.training.sweep import HELD_OUT, trained
from tli_bench.training.train import TrainingResult, recipe_for, retention_text, text_digest, train_adapter
from tli_bench.training.twins import finished
from tli_bench.training.words import words_of

Done = Callable[[str, Point | Asked, bool], None]
"""Called with what was done (`base`, `try`, `run`, `asked`), its record, and whether it was there already."""
ADAPTERS = "adapters"


class Launcher(Protocol):
    """Where trainings run. They do not depend on each other, so that a cluster may make them in any order at once."""

    def __call__(self, jobs: Sequence[Job], make: Callable[[Job], Point]) -> Iterator[Point]:
        """The point of every job, in the order of the jobs."""
        ...


def local(jobs: Sequence[Job], make: Callable[[Job], Point]) -> Iterator[Point]:
    """One after another, in this process."""
    return map(make, jobs)


class StudyRunner:
    """Makes the points of one design on one loaded base; what `output` holds already is not made again."""

    def __init__(
        self,
        design: Design,
        loaded: LoadedModel,
        output: Path,
        *,
        data_dir: Path | None = None,
        on_done: Done | None = None,
        launcher: Launcher = local,
    ) -> None:
        self.design, self.loaded, self.output, self.data_dir = design, loaded, output, data_dir
        self._say: Done = on_done or (lambda what, record, reused: None)
        self._launch = launcher
        self._scorer = WordScorer(loaded)
        self._lexicons: dict[str, Lexicon] = {}
        self._text: tuple[tuple[int, ...], ...] | None = None
        self._wanted = asked_digest(design, loaded.id, data_dir)

    def run(self) -> Study:
        """Every point of the design, in the order in which they decide each other; raises whatever a training raises."""
        self.design.declared  # noqa: B018  raises where there is none
        registered = register(self.output, self.design)
        base = self._point(Job(Setting(""), 0.0, "", 0, "base"), "base")
        tries = list(self._launch(tries_of(self.design), self._try))
        rates = chosen_rates(self.design, tries)
        self._drop(tries, rates)
        runs = list(self._launch(runs_of(self.design, rates), lambda job: self._point(job, "run")))
        asked = [one for point in (base, *runs) if (one := self._asked(point)) is not None]
        return Study(registered=registered, points=(base, *runs), tries=tuple(tries), asked=tuple(asked))

    def make(self, job: Job) -> Point:
        """Train and score one job again, whatever points are there; no point is written."""
        key = self._key(job)
        shutil.rmtree(self.output / ADAPTERS / key, ignore_errors=True)
        return self._make(job, key)

    def _try(self, job: Job) -> Point:
        return self._point(job, "try", folder="tries")

    def _point(self, job: Job, what: str, *, folder: str = "points") -> Point:
        key = self._key(job)
        path = self.output / folder / f"{key}.json"
        reused = path.is_file()
        point = read_one(Point, path) if reused else self._make(job, key, dev_only=what == "try")
        if not reused:
            write_point(path, point)
        self._say(what, point, reused)
        return point

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
        if not (self._later or dev_only):
            shutil.rmtree(folder, ignore_errors=True)
        return point

    def _train(self, job: Job, recipe: Recipe, folder: Path) -> TrainingResult:
        lexicon = self._lexicon(job.pair)
        text = text_digest(retention_text(self.loaded, recipe, None, seed=job.seed))
        there = finished(self.loaded, words_of(lexicon), recipe, folder, seed=job.seed, text_sha256=text)
        return there or train_adapter(self.loaded, job.pair, recipe, folder, lexicon=lexicon, seed=job.seed)

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

    @property
    def _later(self) -> bool:
        """Whether anything is asked of a training after its rate was chosen, so that it must be kept until then."""
        return bool(self.design.tasks or self.design.placebos)

    def _drop(self, tries: Sequence[Point], rates: Mapping[Setting, float]) -> None:
        for point in tries:
            made = (self.output / "points" / f"{point.key}.json").is_file() and not self._later
            if made or rates.get(point.job.setting) != point.learning_rate:
                shutil.rmtree(self.output / ADAPTERS / point.key, ignore_errors=True)

    def _asked(self, point: Point) -> Asked | None:
        """Tasks, and placebos of a setting's first training; None where nothing is asked of this one."""
        job = point.job
        first = (job.pair, job.seed, job.kind) == (self.design.trained[0], self.design.seeds[0], "right")
        placebos = self.design.placebos if first and point.recipe.get("kind") == "lora" else 0
        if point.collapsed or not (self.design.tasks or placebos):
            shutil.rmtree(self.output / ADAPTERS / point.key, ignore_errors=True)
            return None
        path = self.output / "asked" / f"{point.key}-{self._wanted[:8]}.json"
        reused = path.is_file()
        found = read_one(Asked, path) if reused else self._ask(point, placebos)
        if not reused:
            write_asked(path, found)
        self._say("asked", found, reused)
        shutil.rmtree(self.output / ADAPTERS / point.key, ignore_errors=True)
        return found

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
            found = ask(self.design, loaded, adapter=adapter, key=point.key, data_dir=self.data_dir)
        drawn = self._placebos(point, folder, placebos) if placebos else ()
        return found.model_copy(update={"placebos": drawn, "seconds": time.perf_counter() - began})

    def _placebos(self, point: Point, folder: Path, count: int) -> tuple[float, ...]:
        """The primary outcome's mean over scored pairs under adapters of random weights, minus that of the base."""
        primary = self.design.declared
        if not primary.measure:
            return ()
        base = read_one(Point, self.output / "points" / f"{self._key(Job(Setting(''), 0.0, '', 0, 'base'))}.json")
        before = _mean(base, primary.name)
        found = []
        with trained(self.loaded, folder, "lora") as model:
            own: Any = model
            start, weights = neutral(own), {name: t.detach().clone() for name, t in weights_of(own).items()}
            for number in range(count):
                with worn(own, placebo(weights, start, seed=point.seed, number=number)):
                    scores = self._scorer.score(own, [self._lexicon(p) for p in self.design.scored], [primary])
                columns = [found.columns[primary.name].values for found in scores.values()]
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
                "version": 1,
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


def chosen_rates(design: Design, tries: Sequence[Point]) -> dict[Setting, float]:
    """The learning rate of each setting with the highest dev score, mean over trained pairs; the smaller one on a tie.

    A rate at which a training collapsed is not chosen. Raises ResultError where every rate of a setting did.
    """
    found = {}
    for setting in settings_of(design):
        scores: dict[float, list[float]] = {}
        for point in tries:
            if point.job.setting == setting:
                dev = float("-inf") if point.dev is None else point.dev
                scores.setdefault(point.learning_rate or 0.0, []).append(dev)
        means = {rate: sum(values) / len(values) for rate, values in scores.items()}
        best = max(means, key=lambda rate: (means[rate], -rate))
        if means[best] == float("-inf"):
            raise ResultError(
                f"every learning rate of {setting.label} collapsed ({', '.join(map(str, means))}); try smaller ones"
            )
        found[setting] = best
    return found


def _mean(point: Point, outcome: str) -> float:
    columns = point.columns[outcome].values()
    return sum(sum(column.values) / len(column.values) for column in columns) / len(columns)


def _memory() -> float:
    """The most memory held so far, in GB: of the accelerator where there is one, else of this process."""
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 1e9)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
