"""`--engine vllm` by its protocol: lm-eval's own model over a stand-in for vLLM, which really generates (see `standin/vllm`)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.command import tli_bench
from tests.golden import ADAPTER
from tli_bench.base.errors import AdapterError, InputError
from tli_bench.config.facts import differing
from tli_bench.config.run import RunConfig
from tli_bench.models.adapter_files import CONFIG, WEIGHTS, read_adapter
from tli_bench.models.adapters import tensor_shapes
from tli_bench.models.catalog import resolve_model
from tli_bench.models.load import LoadOptions, load_config
from tli_bench.models.served import Served, served
from tli_bench.models.skeleton import skeleton
from tli_bench.plugin.checks import require_engine, require_shareable
from tli_bench.records.downstream import downstream_paths, downstream_scores, iter_downstream
from tli_bench.records.lm_eval import read_task_scores

ROOT = Path(__file__).resolve().parents[2]
STANDIN = Path(__file__).parent / "standin"
WRITES, JUDGES = "tli_xlsum_kyrgyz", "tli_translate_eng_Latn-tur_Latn"
ARGUMENTS = ("--model", "tiny", "--adapter", str(ADAPTER), "--tasks", f"{WRITES},{JUDGES}", "--limit", "2")


def environment():
    return os.environ | {"PYTHONPATH": f"{STANDIN}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def with_standin():
    """Runs the command where the stand-in is found as vLLM would be; gives its output, or its errors."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(STANDIN)
        yield tli_bench
    for name in [
        name for name in sys.modules if name.split(".")[0] == "vllm" or name == "lm_eval.models.vllm_causallms"
    ]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, with_standin):
    """The folder of two runs of the same tasks, by transformers and by the engine, and what the second printed."""
    out = tmp_path_factory.mktemp("runs")
    tli_bench("run", *ARGUMENTS, "--output", out, "--log-samples")
    return out, with_standin("run", *ARGUMENTS, "--output", out, "--engine", "vllm", "--log-samples")


def by_engine(out):
    found = {}
    for record in iter_downstream(out):
        found.setdefault(record.engine, {})[record.task] = record
    return found


def test_scores_over_the_engine_equal_those_of_transformers_for_base_and_adapter(runs):
    found = by_engine(runs[0])
    assert found.keys() == {None, "vllm 0.32.0+standin"}
    ours, theirs = found[None], found["vllm 0.32.0+standin"]
    assert ours.keys() == theirs.keys() == {WRITES, JUDGES}
    for task in ours:
        assert theirs[task].scores.keys() == {"base", "adapted"}
        for state, scores in ours[task].scores.items():
            assert theirs[task].scores[state] == pytest.approx(scores, abs=1e-6, nan_ok=True), (task, state)
        same = {"scores", "engine", "created", "command", "recipe"}
        assert theirs[task].model_dump(exclude=same) == ours[task].model_dump(exclude=same)
    # The adapter changes what is answered, so that equal scores say that it was applied, and switched off for the base.
    assert ours[JUDGES].scores["base"] != ours[JUDGES].scores["adapted"]


def test_every_text_over_the_engine_is_that_of_transformers(runs):
    for name in (WRITES, f"{WRITES}.base"):
        found = [
            [json.loads(line) for line in path.read_text().splitlines()] for path in runs[0].glob(f"samples_{name}_*")
        ]
        assert len(found) == 2
        texts = [[row["filtered_resps"] for row in sorted(rows, key=lambda row: row["doc_id"])] for rows in found]
        assert texts[0] == texts[1]
        assert any(any(answers) for answers in texts[0])


def test_two_engines_are_never_compared_and_are_told_everywhere(runs):
    out, printed = runs
    assert "tiny (sha256:" in printed
    assert ", vllm 0.32.0+standin, adapter " in printed
    assert differing(iter_downstream(out)) == ("engine",)
    assert len({path.name for path in downstream_paths(out)}) == 4
    assert sorted(".vllm_0.32.0+standin." in path.name for path in downstream_paths(out)) == [False, False, True, True]
    results = [json.loads(path.read_text())["configs"] for path in out.glob("results_*.json")]
    told = {config["metadata"].get("engine") for configs in results for config in configs.values()}
    assert told == {score.engine for score in downstream_scores(out)} == {None, "vllm 0.32.0+standin"}


def test_a_run_by_lm_evals_own_vllm_is_told_as_one(tmp_path):
    path = tmp_path / "results_x.json"
    path.write_text(
        json.dumps({"config": {"model": "vllm", "model_args": "pretrained=a/b"}, "results": {"t": {"acc,none": 1.0}}})
    )
    assert [score.engine for score in read_task_scores(path)] == ["vllm"]


def test_what_is_finished_is_read_back_and_the_engine_is_not_started(runs, with_standin):
    before = {path: path.read_bytes() for path in downstream_paths(runs[0])}
    started = time.monotonic()
    printed = with_standin("run", *ARGUMENTS, "--output", runs[0], "--engine", "vllm")
    assert "(2 already done)" in printed
    assert time.monotonic() - started < 120
    assert {path: path.read_bytes() for path in downstream_paths(runs[0])} == before


@pytest.mark.slow
def test_a_killed_run_goes_on_from_the_answers_it_has(runs, with_standin, tmp_path):
    command = [sys.executable, "-m", "tli_bench", "run", *ARGUMENTS, "--engine", "vllm", "--batch-size", "8"]
    answers = tmp_path / ".answers"
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path)], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 240
    while not any(answers.glob(f"{JUDGES}.*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    with_standin(*command[3:], "--output", tmp_path)
    for record in iter_downstream(tmp_path):
        assert record.scores == by_engine(runs[0])["vllm 0.32.0+standin"][record.task].scores
    assert not answers.exists()


# What cannot be served is refused before anything is loaded.


def asked(**options):
    return RunConfig(**{"model": "tiny", "tasks": (JUDGES,), "engine": "vllm"} | options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tasks": ()}, "--engine vllm answers prompts, and words have none; give --tasks"),
        ({"quantize": "nf4"}, "tiny in nf4 is of bitsandbytes, and vLLM's numbers differ; give --quantize none"),
        ({"model": "lugha"}, "lugha in nf4 is of bitsandbytes"),
        ({"model": "org/name:file.gguf"}, "org/name:file.gguf is a GGUF file, which vLLM reads in its own way"),
        ({"device_map": "sequential"}, "--device-map sequential is accelerate's own; give auto or balanced"),
        ({"max_memory": ("0=20GiB",), "device_map": "auto"}, "--max-memory 0=20GiB is accelerate's"),
        ({"attn": "eager"}, "--attn eager is of transformers"),
    ],
)  # fmt: skip
def test_an_option_that_vllm_has_nothing_for_is_refused_in_one_sentence(options, said):
    with pytest.raises(InputError) as caught:
        require_engine(asked(**options))
    assert said in str(caught.value)
    assert "leave out --engine vllm" in str(caught.value)


def test_without_vllm_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("tli_bench.plugin.checks.find_spec", lambda name: None)
    error = tli_bench("run", "--tasks", JUDGES, "--engine", "vllm", code=2)
    assert error == "error: --engine vllm needs the package vllm: pip install 'tli-bench[vllm]'\n"


def test_several_processes_and_a_task_on_hidden_states_are_refused(with_standin, tmp_path):
    with pytest.raises(InputError, match="--engine vllm uses several GPUs by itself; start one process"):
        require_shareable(asked())
    tasks = f"{JUDGES},tli_bitext_tur_Latn-eng_Latn"
    error = with_standin("run", "--tasks", tasks, "--engine", "vllm", "--output", tmp_path / "no", code=2)
    assert "hidden states are read for tli_bitext_tur_Latn-eng_Latn; run such tasks without it" in error
    assert not (tmp_path / "no").exists()
    error = with_standin(
        "run", "--tasks", JUDGES, "--engine", "vllm", "--device", "mps", "--output", tmp_path / "no", code=2
    )
    assert "--device mps" in error


# What vLLM would leave out of an adapter, or compute otherwise, is refused.


@pytest.fixture(scope="module")
def bones():
    return skeleton(load_config(resolve_model("tiny"), LoadOptions()))


@pytest.fixture
def adapter(tmp_path):
    """Writes an adapter with some settings and tensors changed; gives its files and shapes."""

    def write(tensors=None, **settings):
        config = json.loads((ADAPTER / CONFIG).read_text()) | settings
        (tmp_path / CONFIG).write_text(json.dumps(config))
        (tmp_path / WEIGHTS).write_bytes((ADAPTER / WEIGHTS).read_bytes())
        return read_adapter(str(tmp_path)), tensor_shapes(ADAPTER / WEIGHTS) | (tensors or {})

    return write


def test_a_plain_lora_is_served_with_room_for_its_rank(adapter, bones):
    files, shapes = adapter()
    modules = ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")
    assert served(files, shapes, bones) == Served(16, modules)
    files, _ = adapter(r=3)
    narrow = {name: tuple(3 if size == 16 else size for size in shape) for name, shape in shapes.items()}
    assert served(files, narrow, bones).rank == 8


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"peft_type": "IA3"}, "is a IA3 adapter, and vLLM serves LoRA alone"),
        ({"use_dora": True}, "sets use_dora to True, which vLLM does not serve"),
        ({"modules_to_save": ["lm_head"]}, "sets modules_to_save to ['lm_head'], which vLLM does not serve"),
        ({"trainable_token_indices": [5]}, "sets trainable_token_indices to [5]"),
        ({"alpha_pattern": {"q_proj": 4}}, "sets alpha_pattern to {'q_proj': 4}"),
        ({"lora_bias": True}, "sets lora_bias to True"),
        ({"bias": "all"}, "sets bias to 'all'"),
        ({"init_lora_weights": "pissa"}, "sets init_lora_weights to 'pissa'"),
        ({"r": 1024}, "has rank 1024, and vLLM serves ranks up to 512"),
        ({"tensors": {"base_model.model.layers.0.self_attn.q_proj.lora_A.weight": (16, 128)}},
         "holds base_model.model.layers.0.self_attn.q_proj.lora_A.weight, and the base has no linear module of that name"),
        ({"tensors": {"base_model.model.model.embed_tokens.lora_embedding_A": (16, 26000)}}, "vLLM would leave it out"),
        ({"tensors": {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (16, 64)}}, "(16, 64) in the file and (16, 128)"),
    ],
)  # fmt: skip
def test_an_adapter_that_vllm_would_not_apply_as_peft_does_is_refused(adapter, bones, settings, said):
    with pytest.raises(AdapterError) as caught:
        served(*adapter(**settings), bones)
    assert said in str(caught.value)


def test_the_blocks_that_early_lora_leaves_out_are_no_hindrance(bones):
    folder = ADAPTER.parent / "tiny-swh-eng-tli-early"
    files = read_adapter(str(folder))
    assert files.config["layers_to_transform"]
    assert served(files, tensor_shapes(folder / WEIGHTS), bones).rank >= files.config["r"]


def test_one_gpu_or_all_that_are_seen(monkeypatch):
    from tli_bench.plugin.engine import EngineModel

    monkeypatch.setattr("tli_bench.plugin.checks.find_spec", lambda name: True)
    monkeypatch.setattr("tli_bench.plugin.checks.version", lambda name: "0.32.0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert EngineModel(asked())._arguments()["tensor_parallel_size"] == 1
    spread = EngineModel(asked(device_map="balanced"))._arguments()
    assert (spread["tensor_parallel_size"], spread["max_lora_rank"]) == (4, 16)
