"""Resume, failure and what a training leaves behind."""

import json
import resource
import signal
from contextlib import ExitStack, contextmanager

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tests.forked import python
from tli_bench.base.errors import InputError, LexiconError, OutputError, UnknownNameError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import COMPANION, HEADLINE
from tli_bench.models import LoadOptions, inspect_adapter, load_model
from tli_bench.training import DivergedError, Recipe, load_recipe, train_adapter
from tli_bench.training.data import shuffled, split_data
from tli_bench.training.retention import SAMPLED_LINES, SAMPLED_TOKENS, sample_text
from tli_bench.training.trainer import is_about_writing

# Dropout, a dev split and checkpoints in the middle of an epoch: everything a resume must bring back.
RECIPE = Recipe(batch_size=8, dropout=0.1, epochs=4, eval_steps=2, name="resumable")
WEIGHTS = "adapter_model.safetensors"

KILLED = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from tli_bench.training import Recipe, train_adapter
from tli_bench.lexicon import load_lexicon

def die(progress):
    if progress.step == 7:
        os.kill(os.getpid(), signal.SIGKILL)

model, lexicon, output = sys.argv[1:]
recipe = Recipe(batch_size=8, dropout=0.1, epochs=4, eval_steps=2, name="resumable")
train_adapter(model, "swh-eng", recipe, output, lexicon=lexicon, progress=die)
"""


@contextmanager
def _no_file_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_resume_after_a_kill_ends_in_the_same_weights(loaded, llama_folder, words, tmp_path):
    output, whole = tmp_path / "killed", tmp_path / "whole"
    child = python("-c", KILLED, llama_folder, words, output)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert not output.exists()
    assert (tmp_path / ".killed.checkpoints" / "checkpoint-6" / "complete.json").is_file()
    # What a kill in the middle of writing leaves behind must not be picked up.
    (tmp_path / ".killed.checkpoints" / "checkpoint-8").mkdir()
    resumed = train_adapter(loaded, "swh-eng", RECIPE, output, lexicon=words)
    straight = train_adapter(loaded, "swh-eng", RECIPE, whole, lexicon=words)
    assert (resumed.resumed, straight.resumed) == (True, False)
    assert resumed.steps == straight.steps == 12
    assert (output / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert resumed.dev_after == straight.dev_after
    assert not (tmp_path / ".killed.checkpoints").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"max_steps": 7, "keep": "last", "eval_steps": 1},
        {"max_steps": 7, "keep": "best", "eval_steps": 1},
        {"max_steps": 12, "keep": "best", "eval_steps": 1, "patience": 1, "learning_rate": 1e-12},
    ],
    ids=["last", "best", "stopped early"],
)
def test_killed_between_the_last_checkpoint_and_saving_it_takes_no_step_more(
    loaded, lexicon, tmp_path, monkeypatch, changes
):
    recipe = RECIPE.with_options(**changes)
    whole = train_adapter(loaded, "swh-eng", recipe, tmp_path / "whole", lexicon=lexicon)
    with monkeypatch.context() as patched:

        def killed(*_):
            raise KeyboardInterrupt

        patched.setattr("tli_bench.training.train._save", killed)
        with pytest.raises(KeyboardInterrupt):
            train_adapter(loaded, "swh-eng", recipe, tmp_path / "mine", lexicon=lexicon)
    steps = []
    again = train_adapter(
        loaded, "swh-eng", recipe, tmp_path / "mine", lexicon=lexicon, progress=lambda p: steps.append(p.step)
    )
    assert steps == []
    assert (again.resumed, again.steps, again.words_seen) == (True, whole.steps, whole.words_seen)
    assert (again.loss, again.dev_after) == (whole.loss, whole.dev_after)
    assert (tmp_path / "mine" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()


def test_the_same_training_twice_gives_the_same_files_and_another_seed_does_not(loaded, lexicon, tmp_path):
    recipe = RECIPE.with_options(epochs=1)
    hashes = []
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train_adapter(loaded, "swh-eng", recipe, tmp_path / name, lexicon=lexicon, seed=seed)
        hashes.append(inspect_adapter(str(tmp_path / name)).sha256)
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.slow
def test_a_disk_full_at_a_checkpoint_keeps_the_earlier_one_and_resumes(loaded, lexicon, tmp_path):
    with ExitStack() as disk:

        def fill_disk(progress):
            if progress.step == 5:
                disk.enter_context(_no_file_larger_than(5_000))

        with pytest.raises(OutputError, match=r"cannot write .*checkpoint-6.*checkpoint-4 is intact.*same command"):
            train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "a", lexicon=lexicon, progress=fill_disk)
    resumed = train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "a", lexicon=lexicon)
    train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "b", lexicon=lexicon)
    assert resumed.resumed
    assert (tmp_path / "a" / WEIGHTS).read_bytes() == (tmp_path / "b" / WEIGHTS).read_bytes()


@pytest.mark.parametrize("room", [0, 0.3, 0.9, 0.9999])
def test_a_disk_full_at_any_byte_of_a_file_of_torch_is_known_as_such(tmp_path, room):
    """On disks of some sizes it was "unexpected": torch has another message for each part of a file."""
    state = {f"p{i}": torch.ones(40, 16) for i in range(60)}
    torch.save(state, tmp_path / "whole.pt")
    size = (tmp_path / "whole.pt").stat().st_size
    with _no_file_larger_than(int(size * room)), pytest.raises(RuntimeError) as full:
        torch.save(state, tmp_path / "other.pt")
    assert is_about_writing(full.value)
    assert not is_about_writing(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_disk_full_before_the_end_leaves_the_older_adapter_as_it_was(loaded, lexicon, tmp_path):
    output = tmp_path / "a"
    recipe = RECIPE.with_options(epochs=1, keep="last", eval_steps=100)
    train_adapter(loaded, "swh-eng", recipe, output, lexicon=lexicon)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with ExitStack() as disk:

        def fill_disk(progress):
            if progress.step == 1:
                disk.enter_context(_no_file_larger_than(5_000))

        with pytest.raises(OutputError, match=r"checkpoint-3: .*no earlier checkpoint exists"):
            train_adapter(loaded, "swh-eng", recipe, output, lexicon=lexicon, seed=1, progress=fill_disk)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    leftovers = {path.name for path in tmp_path.iterdir()} - {"a", ".a.checkpoints"}
    assert not leftovers


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    from tli_bench.training.save import atomic_folder

    target = tmp_path / "adapter"
    with atomic_folder(target) as folder:
        (folder / "weights").write_bytes(b"old")
    with (
        pytest.raises(OutputError, match=r"cannot write .*adapter: .*unchanged"),
        _no_file_larger_than(1_000),
        atomic_folder(target) as folder,
    ):
        (folder / "weights").write_bytes(b"n" * 5_000)
    assert (target / "weights").read_bytes() == b"old"
    with atomic_folder(target) as folder:
        (folder / "weights").write_bytes(b"new")
    assert [(p.name, p.read_bytes()) for p in target.iterdir()] == [("weights", b"new")]
    assert [p.name for p in tmp_path.iterdir()] == ["adapter"]


def test_a_loss_that_is_no_number_stops_and_names_the_last_good_checkpoint(loaded, lexicon, tmp_path):
    recipe = RECIPE.with_options(learning_rate=1e30, keep="last", eval_steps=1, warmup_steps=3)
    with pytest.raises(
        DivergedError, match=r"training stopped at step \d+: .*checkpoint-\d+.*Lower the learning rate"
    ) as e:
        train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    assert e.value.exit_code == 1
    assert not (tmp_path / "a").exists()
    kept = next((tmp_path / ".a.checkpoints").glob("checkpoint-*"))
    from safetensors.torch import load_file

    assert all(tensor.isfinite().all() for tensor in load_file(kept / "model.safetensors").values())


def test_checkpoints_of_another_run_are_not_mixed_in(loaded, lexicon, tmp_path):
    class Stop(Exception):
        pass

    def stop(progress):
        if progress.step == 3:
            raise Stop

    with pytest.raises(Stop):
        train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "a", lexicon=lexicon, progress=stop)
    other = RECIPE.with_options(rank=4)
    with pytest.raises(InputError, match=r"another recipe; pass --restart"):
        train_adapter(loaded, "swh-eng", other, tmp_path / "a", lexicon=lexicon)
    result = train_adapter(loaded, "swh-eng", other, tmp_path / "a", lexicon=lexicon, restart=True)
    assert not result.resumed


@pytest.mark.parametrize(("counts", "split"), [({"train": 0}, "train"), ({"train": 1}, "train"), ({"dev": 0}, "dev")])
def test_an_empty_split_is_named(loaded, make_lexicon, tmp_path, counts, split):
    with pytest.raises(LexiconError, match=f"the {split} split of core-part .* needs at least 2"):
        train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "a", lexicon=make_lexicon(**counts))


def test_without_dev_pairs_the_last_weights_are_kept(loaded, make_lexicon, tmp_path):
    recipe = RECIPE.with_options(keep="last", max_steps=2)
    result = train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=make_lexicon(dev=0))
    assert result.dev_after is None
    assert result.steps == 2


def test_a_foreign_folder_is_not_overwritten(loaded, lexicon, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="is not a trained adapter of tli-bench"):
        train_adapter(loaded, "swh-eng", RECIPE, tmp_path, lexicon=lexicon)


def test_an_adapted_base_is_refused(loaded, lexicon, tmp_path, attached):
    result = train_adapter(loaded, "swh-eng", RECIPE.with_options(max_steps=2), tmp_path / "a", lexicon=lexicon)
    with attached(loaded, result.output), pytest.raises(InputError, match="already carries an adapter"):
        train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "b", lexicon=lexicon)


def test_early_stopping_ends_before_the_last_step_and_keeps_the_best(loaded, lexicon, tmp_path):
    seen = []
    recipe = RECIPE.with_options(epochs=30, patience=1, learning_rate=2e-2)
    result = train_adapter(
        loaded, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon, progress=lambda p: seen.append(p.dev)
    )
    assert result.steps < 90
    # Eight dev words are too few for P@1 of 50 or of 20, so AUC stands in for it.
    assert result.dev_after[COMPANION] == max(dev[COMPANION] for dev in seen if dev is not None)


@pytest.mark.parametrize(("dev", "by"), [(8, COMPANION), (30, "p1_of_20"), (60, HEADLINE)])
def test_auto_takes_the_layer_with_the_best_dev_score(loaded, make_lexicon, tmp_path, dev, by):
    from tli_bench.measures import LayerView, centre, compute
    from tli_bench.vectors.extract import extract
    from tli_bench.vectors.protocols import Pooling

    lexicon = make_lexicon(dev=dev)
    words, train = (split_data(lexicon, s, loaded.tokenizer, at_least=2) for s in (Split.DEV, Split.TRAIN))
    states, fit = (extract(loaded.model, [*d.sources, *d.targets]) for d in (words, train))
    scores = [
        compute(LayerView(v[:dev], v[dev:], gold=words.gold, centre=centre(f[:24], f[24:])), [by]).values[by]
        for v, f in zip(states.vectors[Pooling.WORD_MEAN][1:], fit.vectors[Pooling.WORD_MEAN][1:], strict=True)
    ]
    recipe = RECIPE.with_options(layer="auto", max_steps=2)
    result = train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    assert result.layers == (states.layers[1:][scores.index(max(scores))],)


def test_the_kept_checkpoint_is_the_best_by_the_headline(loaded, make_lexicon, tmp_path):
    seen = []
    recipe = RECIPE.with_options(epochs=8, learning_rate=5e-3)
    result = train_adapter(
        loaded, "swh-eng", recipe, tmp_path / "a", lexicon=make_lexicon(dev=60),
        progress=lambda p: seen.append(p.dev),
    )  # fmt: skip
    assert result.dev_after[HEADLINE] == max(dev[HEADLINE] for dev in seen if dev is not None)


def test_a_raw_description_cannot_choose():
    with pytest.raises(UnknownNameError, match="unknown dev_metric 'gap'"):
        RECIPE.with_options(dev_metric="gap")


def test_a_measure_that_the_dev_words_are_too_few_for_is_refused(loaded, lexicon, tmp_path):
    recipe = RECIPE.with_options(dev_metric="p1_of_20")
    with pytest.raises(
        InputError, match="dev_metric 'p1_of_20' cannot be given for these dev words; choose one of auc_centred"
    ):
        train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)


def test_full_fine_tuning_saves_a_model_and_leaves_the_base(loaded, lexicon, tmp_path):
    recipe = load_recipe("full-finetune").with_options(batch_size=8, max_steps=3, learning_rate=1e-3)
    result = train_adapter(loaded, "swh-eng", recipe, tmp_path / "full", lexicon=lexicon)
    tuned = load_model(str(result.output))
    moved = [
        name
        for (name, a), b in zip(loaded.model.named_parameters(), tuned.model.parameters(), strict=True)
        if not torch.equal(a, b)
    ]
    # Not the embeddings of tokens that no pair holds, but every tensor has some value that moved.
    assert len(moved) == len(list(loaded.model.parameters()))
    assert json.loads((result.output / "tli_card.json").read_text())["kind"] == "full"


def test_full_fine_tuning_below_the_output_moves_nothing_above_the_loss(loaded, lexicon, tmp_path):
    recipe = load_recipe("full-finetune").with_options(batch_size=8, max_steps=3, layer="2")
    result = train_adapter(loaded, "swh-eng", recipe, tmp_path / "full", lexicon=lexicon)
    tuned = dict(load_model(str(result.output)).model.named_parameters())
    same = {name for name, p in loaded.model.named_parameters() if torch.equal(p, tuned[name])}
    assert same == {n for n in tuned if ".layers.2." in n or ".layers.3." in n} | {"model.norm.weight"}


def test_shuffling_leaves_no_pair_together_and_marks_the_right_translation(loaded, lexicon):
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    mixed = shuffled(data, seed=3)
    assert all(a.text != b.text for a, b in zip(mixed.targets, data.targets, strict=True))
    assert sorted(t.text for t in mixed.targets) == sorted(t.text for t in data.targets)
    own = {t.text: i for i, t in enumerate(data.targets)}
    for i in range(len(data)):
        for j, target in enumerate(mixed.targets):
            assert mixed.gold[i, j] == data.gold[i, own[target.text]]


def test_nf4_base_trains_on_a_cpu_and_its_adapter_loads_on_the_bf16_base(llama, lexicon, tmp_path, attached):
    folder = str(llama(layers=2, width=128))
    quantised = load_model(folder, LoadOptions(quantize="nf4", dtype="bfloat16", device="cpu"))
    result = train_adapter(quantised, "swh-eng", RECIPE.with_options(max_steps=4), tmp_path / "a", lexicon=lexicon)
    assert result.steps == 4
    plain = load_model(folder, LoadOptions(dtype="bfloat16", device="cpu"))
    with attached(plain, result.output) as model:
        moved = [p for n, p in model.named_parameters() if "lora_B" in n]
        assert moved
        assert all(p.isfinite().all() and p.any() for p in moved)


@pytest.mark.slow
def test_retention_holds_ordinary_text_in_place(loaded, lexicon, tmp_path, attached):
    """The same training with the KL term must end nearer to the base on the text it was given."""
    text = tmp_path / "lines.txt"
    lines = [f"{a.source} {b.target} {a.target}" for a, b in zip(lexicon.pairs, lexicon.pairs[1:], strict=False)]
    text.write_text("\n".join(lines), encoding="utf-8")
    ids = torch.tensor([loaded.tokenizer(line)["input_ids"][:6] for line in lines[:20]])
    with torch.no_grad():
        base = loaded.model(ids).logits.log_softmax(-1)
    moved = {}
    recipe = RECIPE.with_options(epochs=10, learning_rate=5e-3, dropout=0.0, keep="last")
    for kind in ("none", "kl", "hidden"):
        chosen = recipe.with_options(retention=kind, retention_weight=3000.0)
        result = train_adapter(
            loaded,
            "swh-eng",
            chosen,
            tmp_path / kind,
            lexicon=lexicon,
            retain_text=None if kind == "none" else text,
        )
        with attached(loaded, result.output) as model, torch.no_grad():
            now = model(ids).logits.log_softmax(-1)
        moved[kind] = float((base.exp() * (base - now)).sum(-1).mean())
    assert moved["kl"] < moved["none"] / 2
    assert moved["hidden"] < moved["none"] / 2


def test_a_text_without_retention_is_refused(loaded, lexicon, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("water and fire\n", encoding="utf-8")
    with pytest.raises(InputError, match="the recipe has no retention"):
        train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "a", lexicon=lexicon, retain_text=text)


def test_retention_without_a_text_uses_what_the_base_says(llama):
    loaded = load_model(str(llama(layers=1)))
    first, again, other = (sample_text(loaded.model, loaded.tokenizer, seed=s) for s in (0, 0, 1))
    assert first == again != other
    assert len(first) == SAMPLED_LINES
    assert {line[0] for line in first} == {loaded.tokenizer.bos_token_id}
    assert {len(line) for line in first} == {SAMPLED_TOKENS + 1}


@pytest.mark.parametrize("kind", ["qwen", "gpt2"])
def test_a_model_without_bos_speaks_from_its_end_of_text(kind):
    """Its tokenizer names no BOS at all, as Qwen's does not."""
    model, tokenizer = make_model(kind, layers=1), make_tokenizer(bos=False)
    tokenizer.bos_token = None
    lines = sample_text(model, tokenizer, seed=0)
    assert {line[0] for line in lines} == {tokenizer.eos_token_id}
    # The first token after it comes from the model's own distribution, not from a cache that starts elsewhere.
    with torch.no_grad():
        expected = model(torch.tensor([[tokenizer.eos_token_id]])).logits[0, -1].softmax(-1)
    counts = torch.bincount(torch.tensor([line[1] for line in lines]), minlength=len(expected))
    assert float((counts / len(lines) - expected).abs().max()) < 0.03


def test_without_bos_and_end_of_text_a_text_is_asked_for():
    model, tokenizer = make_model("llama"), make_tokenizer(bos=False)
    tokenizer.bos_token = tokenizer.eos_token = None
    with pytest.raises(InputError, match=r"cannot generate text, .* give --retain-text FILE"):
        sample_text(model, tokenizer, seed=0)
    with pytest.raises(InputError, match="cannot generate text"):
        sample_text(make_model("bert"), make_tokenizer(bert=True), seed=0)


def test_a_base_whose_logits_are_no_numbers_cannot_give_the_text():
    model = make_model("llama")
    with torch.no_grad():
        model.lm_head.weight[3] = float("inf")
    with pytest.raises(InputError, match="NaN or infinite logits on text it generated"):
        sample_text(model, make_tokenizer(), seed=0)
