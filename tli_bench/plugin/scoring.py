"""From a `RunConfig` to scores: the one path that the command line and `tli_bench.score` share."""

from lm_eval.api.task import Task

from tli_bench.base.errors import InputError
from tli_bench.config.loading import VLLM
from tli_bench.config.run import RunConfig
from tli_bench.downstream.errors import DataError
from tli_bench.models import LoadedModel
from tli_bench.plugin.catalog import load_tasks
from tli_bench.plugin.checks import check
from tli_bench.plugin.downstream_tasks import AnswerTask, DownstreamTask
from tli_bench.plugin.engine import EngineModel
from tli_bench.plugin.kept_model import opened
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting, asks
from tli_bench.plugin.results import asked_pairs, resolved
from tli_bench.plugin.run import RunResult, Watch, run_tasks
from tli_bench.plugin.shared import open_shared
from tli_bench.plugin.tasklist import default_tasks
from tli_bench.plugin.tasks import HiddenStatesTask
from tli_bench.records import RecordStore
from tli_bench.vectors.protocols import get_protocols
from tli_bench.vectors.ranks import Ranks


def tasks_of(config: RunConfig) -> dict[str, Task]:
    """The tasks of a run by name, checked, but with nothing read; raises as `check` and `load_tasks` do."""
    check(config)
    tasks = load_tasks(list(config.tasks) or default_tasks(asked_pairs(config)), metadata=config.metadata())
    for name, task in tasks.items():
        if config.layers and not isinstance(task, HiddenStatesTask):
            raise InputError(
                f"--layers {config.layers} loads the first blocks alone, and {name} asks the whole model; leave out --layers, or the task"
            )
        if config.tokenizer and not isinstance(task, HiddenStatesTask):
            raise InputError(
                f"--tokenizer {config.tokenizer} is for word pairs, and {name} is asked in the model's own tokens; leave out --tokenizer, "
                "or the task"
            )
        Prompting.of(config).prepare(task)
    silent = [name for name, task in tasks.items() if not asks(task)] if config.engine == VLLM else []
    if silent:
        raise InputError(
            f"--engine vllm answers prompts, and hidden states are read for {', '.join(silent[:3])}{' ...' * (len(silent) > 3)}; run such "
            "tasks without it, which may be into the same --output"
        )
    return tasks


def read_documents(tasks: dict[str, Task]) -> None:
    """Read words, documents and examples now: missing, malformed or leaking ones must be reported before the model is loaded."""
    for reason in unreadable(tasks).values():
        raise reason


def unreadable(tasks: dict[str, Task]) -> dict[str, DataError]:
    """As `read_documents`, but a downstream task whose documents cannot be read is returned with the reason, not raised."""
    found = {}
    for name, task in tasks.items():
        if isinstance(task, HiddenStatesTask):
            _ = task.lexicon
        elif isinstance(task, DownstreamTask):
            try:
                task.test_docs()
                if isinstance(task, AnswerTask):
                    task.shots()
            except DataError as err:
                found[name] = err
    return found


def units(config: RunConfig, tasks: dict[str, Task]) -> int:
    """How many scorings a run consists of: one per task and protocol for ours, one for any other task."""
    protocols = len(get_protocols(config.protocol))
    return sum(protocols if isinstance(task, HiddenStatesTask) else 1 for task in tasks.values())


def open_model(
    config: RunConfig, loaded: LoadedModel | None = None, *, ranks: Ranks | None = None
) -> TLIModel | EngineModel:
    """The model of a run with its adapter. loaded: a base that is already in memory, instead of the one named.

    One that states are kept of is loaded only for what is not among them. ranks: the processes that share the work, each of which opens
    a copy of the model. With `--engine vllm` it is the engine's, which starts at the first prompt.
    """
    if config.engine == VLLM:
        if loaded is not None:
            raise InputError(f"vLLM loads a model by itself; give the name of {loaded.id}, not the loaded model")
        return EngineModel(config)
    if ranks is not None:
        return open_shared(config, ranks)
    arguments = config.arguments()
    return opened(config) if loaded is None else TLIModel(**(arguments | {"pretrained": loaded}))


def score_tasks(
    config: RunConfig,
    lm: TLIModel | EngineModel,
    tasks: dict[str, Task],
    watch: Watch | None = None,
    *,
    again: bool = False,
    samples: bool = False,
) -> RunResult:
    """Score every task; records go to the run's output folder, where it has one, as each is done. again, samples: as for `run_tasks`."""
    lm.watched(watch.on_words if watch else None)
    store = None if config.output is None else RecordStore(config.output)
    recipe = resolved(config, lm.identity, str(lm.device)).to_dict()
    prompting = Prompting.of(config)
    prompting.require_template(lm)
    return run_tasks(
        lm,
        tasks,
        limit=config.limit,
        prompting=prompting,
        recipe=recipe,
        store=store,
        watch=watch,
        again=again,
        samples=samples,
    )
