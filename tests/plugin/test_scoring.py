"""The road that the command line and `tli_bench.score` share."""

from tli_bench.config.run import RunConfig
from tli_bench.plugin.run import Watch
from tli_bench.plugin.scoring import open_model, resolved, score_tasks, tasks_of, units


def test_a_run_tells_who_watches_and_its_resolved_options_repeat_it(model_folder, tmp_path):
    config = RunConfig(
        model=str(model_folder("llama")), pairs="swh-eng", protocol="words,mexa", limit=12, skip_gate=True, output=tmp_path
    )  # fmt: skip
    tasks, seen = tasks_of(config), []
    lm = open_model(config)
    watch = Watch(
        on_unit=lambda record, reused: seen.append((record.signature.protocol, reused)),
        on_start=seen.append,
        on_words=lambda done, total: seen.append((done, total)),
    )
    outcome = score_tasks(config, lm, tasks, watch)
    name = "tli_alignment_swh_Latn-eng_Latn"
    assert units(config, tasks) == len(outcome.records) == 2
    assert seen[0] == name
    assert seen[-2:] == [("words.v2", False), ("mexa.v1", False)]
    counted = [step for step in seen if isinstance(step[0], int)]
    assert counted[-1][0] == counted[-1][1] > 0

    again = resolved(config, lm)
    assert (again.dtype, again.quantize, again.adapter, again.revision) == ("float32", "none", None, None)
    repeated = score_tasks(again, open_model(again), tasks_of(again))
    assert repeated.reused == [name]
    assert repeated.records == outcome.records
