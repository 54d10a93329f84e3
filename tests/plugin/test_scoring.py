"""The road that the command line and `tli_bench.score` share."""

import pytest

import tli_bench
from tli_bench.base.errors import InputError
from tli_bench.config.facts import flags_of
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

    again = resolved(config, lm.identity, str(lm.device))
    assert (again.dtype, again.quantize, again.adapter, again.revision) == ("float32", "none", None, None)
    repeated = score_tasks(again, open_model(again), tasks_of(again))
    assert repeated.reused == [name]
    assert repeated.records == outcome.records


def test_a_finished_unit_is_measured_again_only_for_measures_that_it_lacks(model_folder, tmp_path):
    def run(measures):
        config = RunConfig(
            model=str(model_folder("llama")),
            pairs="swh-eng",
            limit=12,
            skip_gate=True,
            output=tmp_path,
            measures=measures,
        )
        outcome = score_tasks(config, open_model(config), tasks_of(config))
        (record,) = outcome.records
        return bool(outcome.reused), record.curves[record.split]["base"]

    reused, plain = run("default")
    assert not reused
    assert "anc" not in plain
    reused, more = run("anc")
    assert not reused
    assert more.keys() - plain.keys() == {"anc"}
    for measures in ("anc", "default"):
        assert run(measures) == (True, more)
    reused, other = run("isoscore_source")
    assert not reused
    assert other.keys() - plain.keys() == {"isoscore_source"}


def test_neurons_are_asked_for_only_by_a_measure_that_needs_them(model_folder, tmp_path):
    def run(measures):
        config = RunConfig(
            model=str(model_folder("llama")), pairs="swh-eng", limit=12, skip_gate=True, output=None, measures=measures
        )
        tasks = tasks_of(config)
        (record,) = score_tasks(config, open_model(config), tasks).records
        (task,) = tasks.values()
        request = task.construct_requests(task.test_docs()[0], "")
        return record, len(request.arguments)

    record, arguments = run("anc")
    assert arguments == 4
    record, arguments = run("neuronxa")
    assert arguments == 6
    curve = record.curves[record.split]["base"]["neuronxa"]
    assert curve[0] is None
    assert all(value is not None for value in curve[1:])
    assert curve[-2] == curve[-1]  # before and after the final norm: the same block
    assert not any("neuronxa" in reason for reason in record.unscored)


def test_the_first_blocks_are_scored_as_the_whole_model_scores_them(tmp_path):
    """Values of the layers that both have are equal; the record says that it is not of the whole model."""
    shared = {"adapter": "none", "pairs": "swh-eng", "limit": 40, "confirm": False}
    (whole,) = tli_bench.score("tiny", **shared).records
    (first,) = tli_bench.score("tiny", layers="0-2", output=str(tmp_path), **shared).records
    assert first.layers == whole.layers[:3] == ("0", "1", "2")
    for split, states in first.curves.items():
        for measure, values in states["base"].items():
            assert values == whole.curves[split]["base"][measure][:3], measure
    assert (first.signature.first_blocks, whole.signature.first_blocks) == (2, None)
    assert first.signature.parameters == whole.signature.parameters
    assert "layers 0-2" in flags_of(first.signature)
    with pytest.raises(
        InputError, match="--layers 0-2 loads the first blocks alone, and tli_xquad_tur_Latn asks the whole"
    ):
        tli_bench.score("tiny", layers="0-2", tasks="tli_xquad_tur_Latn")
