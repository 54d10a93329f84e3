"""An option that decides a field of the signature shows in the signature of the run."""

import pytest

from tli_bench.config.options import settings
from tli_bench.config.run import RunConfig
from tli_bench.evaluate.scored_words import ScoredWords
from tli_bench.models.identity import MeasuredModel

ROWS = "\n".join(f"neno{i}\tword{i}\t{split}" for i, split in enumerate(["train", "dev", "control"] * 4))


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "mine.tsv").write_text(f"source\ttarget\tsplit\n{ROWS}\n")
    (tmp_path / "held.tsv").write_text("source\ttarget\nmkono\thand\nmguu\tleg\n")
    (tmp_path / "seen.tsv").write_text("kiti\tchair\n")
    (tmp_path / "leaky.tsv").write_text(f"source\ttarget\tsplit\n{ROWS}\nnenoX\tword0\tcontrol\n")
    return tmp_path


def signature(limit=None, **options):
    """As it is stated before the run, from the options alone."""
    config = RunConfig(limit=limit, **options)
    model = MeasuredModel(
        id=config.model, revision=config.revision or "r", dtype=config.dtype or "float32", quantization=config.quantize,
        tokens="bos", adapter=None, any_base=config.any_base, skip_gate=config.skip_gate,
    )  # fmt: skip
    words = ScoredWords(RunConfig.from_metadata(config.metadata()), (config.pairs or ("swh-eng",))[0])
    return words.expected(model, config.limit)[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("pairs", "tur-eng"), ("protocol", "mexa"), ("limit", 4), ("seed", 5), ("model", "org/m"), ("dtype", "bfloat16"),
     ("quantize", "nf4"), ("revision", "main"), ("any_base", True), ("skip_gate", True), ("lexicon", "mine.tsv"),
     ("control", "held.tsv"), ("trained_words", "seen.tsv"), ("allow_leakage", True)],
)  # fmt: skip
def test_an_option_shows_in_the_fields_that_it_decides(name, value, lists):
    beside = {"control": {"lexicon": str(lists / "mine.tsv")}, "allow_leakage": {}}.get(name, {})
    given = str(lists / value) if str(value).endswith(".tsv") else value
    plain, changed = signature(**beside), signature(**beside, **{name: given})
    # What is known only after the run, or follows from the files of the model.
    later = {"layers", "n", "tokens", "training", "leaking", "training_unknown", "seen_control"}
    decided = set(settings(RunConfig)[name].option.decides) - later - ({"revision"} if name == "model" else set())
    decided -= {"split_seed"} if plain.split_seed == changed.split_seed else set()
    assert decided
    differing = {field for field in type(plain).model_fields if getattr(plain, field) != getattr(changed, field)}
    assert decided <= differing
