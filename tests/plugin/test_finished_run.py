"""A finished run is answered from its records, without torch; whatever decides the numbers and has changed is noticed."""

import json
import shutil

import pytest

from tests.command import require_light, tli_bench
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.config.facts import same_unit
from tli_bench.config.run import RunConfig
from tli_bench.config.saved import write_config
from tli_bench.evaluate import scored_words
from tli_bench.evaluate.scored_words import ScoredWords
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models.catalog import TINY_DIR
from tli_bench.models.expected import expected_device, expected_model
from tli_bench.plugin.finished_run import finished_run
from tli_bench.plugin.scoring import open_model
from tli_bench.records import RecordStore
from tli_bench.records.names import run_path

CHEAP = {"pairs": ("swh-eng",), "confirm": False, "placebo": 0, "any_base": True, "skip_gate": True}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with copies of tiny, its adapter and a short list, all scored once."""
    root = tmp_path_factory.mktemp("done")
    shutil.copytree(TINY_DIR, root / "model")
    shutil.copytree(data_dir("adapters") / "tiny-swh-eng-tli", root / "adapter")
    core = load_lexicon(pair="swh-eng")
    rows = [
        f"{pair.source}\t{pair.target}\t{pair.split}"
        for split in (Split.TRAIN, Split.DEV, Split.CONTROL)
        for pair in core.of(split)[:25]
    ]
    (root / "words.tsv").write_text("\n".join(["source\ttarget\tsplit", *rows, ""]), encoding="utf-8")
    printed = tli_bench("run", "--config", written(root, config(root)))
    assert "already done" not in printed
    return root


@pytest.fixture
def again(done, tmp_path):
    """The same folder again, to change something in it; the paths, which are part of a model's name, stay the same."""
    kept = shutil.copytree(done, tmp_path / "kept")
    yield done
    shutil.rmtree(done)
    shutil.copytree(kept, done)


def config(root, **changes):
    named = {"model": str(root / "model"), "adapter": str(root / "adapter"), "lexicon": str(root / "words.tsv")}
    return RunConfig(**(CHEAP | named | {"output": root / "runs"} | changes))


def written(root, told):
    (root / "told").mkdir(exist_ok=True)
    return write_config(told, root / "told")


def flip_last_byte(path):
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


NOT_NEEDED = (
    *("torch", "transformers", "peft", "lm_eval", "tokenizers", "safetensors", "huggingface_hub", "datasets", "accelerate", "requests"),
    *("scipy.stats", "scipy.optimize", "scipy.sparse", "scipy.spatial", "sklearn", "pandas", "matplotlib", "jinja2", "PIL", "tqdm"),
    *("tli_bench.plugin.lm", "tli_bench.plugin.scoring", "tli_bench.evaluate.analysis", "tli_bench.measures.view"),
    *("tli_bench.vectors.backend", "tli_bench.models.load", "tli_bench.studies", "tli_bench.training.trainer"),
)  # fmt: skip


def test_the_same_again_is_answered_from_the_records_without_torch_or_anything_else_it_does_not_use(done):
    found = finished_run(config(done))
    assert [record.pair for record in found.records] == ["swh_Latn-eng_Latn"]
    printed = require_light(["run", "--config", str(written(done, config(done)))], heavy=NOT_NEEDED)
    assert "1 task in" in printed
    assert "(1 already done)" in printed
    assert "done before" in printed


def test_its_results_are_those_that_lm_eval_was_handed(done):
    files = sorted((done / "runs").glob("results_*.json"))
    name = "tli_alignment_swh_Latn-eng_Latn"
    first, found = json.loads(files[0].read_text()), finished_run(config(done)).results
    ours, theirs = found["results"][name], first["results"][name]
    # What lm-eval adds by itself is a standard error of every metric, none of which it can give.
    assert {key for key in theirs if not key.endswith("_stderr,none")} - {"name", "sample_len"} <= ours.keys()
    assert len(ours) > 100
    for metric, value in ours.items():
        if theirs[metric] is None or theirs[metric] == "N/A":
            assert value != value, metric
        else:
            assert theirs[metric] == (value if isinstance(value, str) else pytest.approx(value)), metric
    for part in ("versions", "n-shot", "higher_is_better", "n-samples"):
        assert found[part][name] == first[part][name]
    stated = found["configs"][name]
    assert {key: first["configs"][name][key] for key in stated if key != "metadata"} == {
        key: value for key, value in stated.items() if key != "metadata"
    }
    metadata = first["configs"][name]["metadata"]
    assert {key: metadata[key] for key in stated["metadata"]} == stated["metadata"]


def test_what_is_expected_of_a_model_is_what_it_has_once_loaded(done):
    told = config(done)
    expected, loaded = expected_model(told), open_model(told).identity
    words = ScoredWords(RunConfig.from_metadata(told.metadata()), "swh-eng")
    (ours,), (theirs,) = words.expected(expected, None), words.expected(loaded, None)
    assert same_unit(ours, theirs)
    assert run_path(done, "task", ours) == run_path(done, "task", theirs)
    assert expected.notes == loaded.notes


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_model_is_noticed(again, name):
    if name == "model.safetensors":
        flip_last_byte(again / "model" / name)
    else:
        path = again / "model" / name
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert finished_run(config(again)) is None


@pytest.mark.parametrize("place", ["adapter", "adapter/twin"])
def test_a_changed_adapter_or_twin_is_noticed(again, place):
    flip_last_byte(again / place / "adapter_model.safetensors")
    assert finished_run(config(again)) is None


def test_a_changed_card_that_says_what_was_trained_is_noticed(again):
    (again / "adapter" / "tli_card.json").unlink()
    assert finished_run(config(again)) is None


@pytest.mark.parametrize(("old", "new"), [("source\ttarget", None), ("\tcontrol", "\tdev")])
def test_a_changed_word_list_is_noticed(again, old, new):
    path = again / "words.tsv"
    text = path.read_text(encoding="utf-8")
    changed = f"{text}neno\tword\tcontrol\n" if new is None else text.replace(old, new, 1)
    path.write_text(changed, encoding="utf-8")
    assert finished_run(config(again)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": "words.v1"}, {"limit": 9}, {"dtype": "bfloat16"}, {"skip_gate": False}, {"placebo": 3}, {"twin": "none"},
        {"adapter": "none"}, {"measures": ("anc",)}, {"model": "tiny"},
        {"seed": 1}, {"allow_leakage": True, "trained_words": "words.tsv"},
    ],
    ids=str,
)  # fmt: skip
def test_other_options_are_another_run(done, changes):
    if "trained_words" in changes:
        changes = changes | {"trained_words": done / "words.tsv"}
    assert finished_run(config(done, **changes)) is None


def test_other_packages_or_a_changed_record_are_noticed(again, monkeypatch):
    (path,) = RecordStore(again / "runs").paths()
    versions = scored_words.package_versions()
    with monkeypatch.context() as patch:
        patch.setattr(scored_words, "package_versions", lambda: versions | {"torch": "0"})
        assert finished_run(config(again)) is None
    assert finished_run(config(again)) is not None
    path.write_bytes(path.read_bytes().replace(b'"pair":"swh', b'"pair":"sw1'))
    assert finished_run(config(again)) is None


def test_a_card_that_cannot_be_there_is_told_at_once(monkeypatch):
    monkeypatch.setattr("tli_bench.models.expected._may_have_card", lambda: False)
    assert expected_device(None) == expected_device("cpu") == "cpu"
    with pytest.raises(InputError, match="there is no device 'cuda' on this machine; use one of cpu"):
        expected_device("cuda")
    monkeypatch.setattr("tli_bench.models.expected._may_have_card", lambda: True)
    assert expected_device(None) is None  # only torch can tell
    assert expected_device("cuda") == "cuda"
