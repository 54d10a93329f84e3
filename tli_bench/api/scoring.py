"""`score`: a model, and its adapter, on word pairs and tasks."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from tli_bench.api.quiet import quiet
from tli_bench.api.report import Report
from tli_bench.base.locks import writing_into
from tli_bench.config.options import call_signature, option_lines
from tli_bench.config.run import RunConfig
from tli_bench.models import LoadedModel


def score(model: str | LoadedModel = "tiny", adapter: str | None = None, **options: Any) -> Report:
    """Score a model, layer by layer, on whether words and their translations lie in the same place.

    model: alias, Hub id, folder, or what `load_model` gave: then several adapters can be scored without loading the base
    again, and it is left as it was. adapter: folder or Hub id; without one the base alone is scored (`adapter="default"`
    is the model's own, which is what the command line takes). Options are those of `tli-bench run`, under the same names
    and with the same meaning; nothing is written unless `output` is given.

    >>> import tli_bench
    >>> report = tli_bench.score("tiny", adapter="default", pairs="swh-eng", limit=60)
    >>> report.to_pandas().query("measure == 'p1' and split == 'control'").state.unique().tolist()
    ['base', 'adapted', 'twin']

    Raises UnknownNameError with suggestions for an unknown option, model, pair, task or protocol; InputError for a value
    that does not fit; LexiconError, ModelError, AdapterError and GateError as the command line does.
    """
    loaded = model if isinstance(model, LoadedModel) else None
    named = {"model": model if loaded is None else loaded.id, "adapter": adapter, "output": None}
    config = RunConfig.build(named | options)
    with quiet(), nullcontext() if config.output is None else writing_into(config.output, "score"):
        return _score(config, loaded)


def _score(config: RunConfig, loaded: LoadedModel | None) -> Report:
    from tli_bench.models.adapters import detach_adapter
    from tli_bench.plugin.results import resolved, write_run
    from tli_bench.plugin.scoring import open_model, read_documents, score_tasks, tasks_of

    tasks = tasks_of(config)
    read_documents(tasks)
    lm = open_model(config, loaded)
    try:
        outcome = score_tasks(config, lm, tasks)
        told = replace(resolved(config, lm.identity, str(lm.device)), output=config.output)
    finally:
        if loaded is not None:
            detach_adapter(lm.model, loaded)
    if config.output is not None:
        write_run(told, outcome.results, outcome.records, config.output)
    return Report(
        config=told,
        records=tuple(outcome.records),
        downstream=tuple(outcome.downstream),
        results=outcome.results,
    )


score.__signature__ = call_signature(  # type: ignore[attr-defined]
    RunConfig, first=("model", "adapter"), defaults={"adapter": None, "output": None}
).replace(return_annotation=Report)
score.__doc__ = f"{score.__doc__}\n    Options:\n\n{option_lines(RunConfig)}\n"
