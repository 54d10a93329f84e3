"""One declaration, five roads: command line, YAML, Python, the lm-eval plugin and the record's signature."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Annotated

import pytest
import typer
import yaml
from typer.testing import CliRunner

from tests.command import tli_bench
from tli_bench.base.errors import InputError, TLIError, UnknownNameError
from tli_bench.cli.params import given, takes
from tli_bench.config.facts import AGREE, BY_NAME
from tli_bench.config.options import Goes, Option, call_signature, of_road, settings
from tli_bench.config.run import RunConfig
from tli_bench.config.saved import read_config, write_config

OPTIONS = settings(RunConfig)
VALUES = {
    "model": "org/name", "adapter": "org/adapter", "twin": "org/twin", "placebo": 5,
    "pairs": ("swh-eng", "tur-eng"), "tasks": ("tli_swahili",), "lexicon": "mine.tsv",
    "control": Path("held.tsv"), "columns": ("neno", "word"), "header": "no", "swap": True, "split_column": "group",
    "chat_template": "off", "num_fewshot": 2, "system_prompt": "Be brief.", "engine": "vllm",
    "audit": True, "data_dir": Path("data"), "protocol": "mexa", "limit": 7, "confirm": False, "output": Path("elsewhere"),
    "batch_size": 8, "device": "cpu", "dtype": "bfloat16", "quantize": "nf4", "revision": "main", "seed": 3, "shown": ("2",),
    "device_map": "auto", "max_memory": ("0=20GiB", "cpu=60GiB"), "attn": "eager", "layers": "0-8", "tokenizer": "org/tokens",
    "measures": ("evs", "dali"),
    "allow_leakage": True, "trained_words": Path("seen.txt"), "any_base": True, "skip_gate": True, "trust_remote_code": True,
}  # fmt: skip
WRONG = [
    ("limit", 0, "--limit must be a whole number, 1 or more, got 0"),
    ("limit", "many", "--limit must be a whole number, 1 or more, got 'many'"),
    ("batch_size", 0, "--batch-size must be a whole number, 1 or more, got 0"),
    ("dtype", "float8", "unknown dtype 'float8'; use one of float32, bfloat16, float16"),
    ("quantize", "q4", "unknown quantisation 'q4'; use one of nf4, nf4-double, int8, none"),
    ("device_map", "all", "unknown device map 'all'; use one of auto, balanced, balanced_low_0, sequential"),
    ("seed", "x", "--seed must be a whole number, 0 or more, got 'x'"),
    ("chat_template", "chatml", "unknown chat template 'chatml'; use one of auto, on, off"),
    ("num_fewshot", -1, "--num-fewshot must be a whole number, 0 or more, got -1"),
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wider(RunConfig):
    """A configuration with one option more, declared as any other."""

    temperature: Annotated[
        int, Option(help="Warmth of the water.", goes=Goes.MODEL, minimum=3, argument="warmth", decides=("dtype",))
    ] = 20


def text(value):
    return ",".join(value) if isinstance(value, tuple) else str(value)


def on_the_command_line(config, *arguments):
    """What a verb that takes all options of `config` makes of a command line, and what its help says."""
    app, got = typer.Typer(add_completion=False, rich_markup_mode=None), []

    @app.command()
    @takes(config=config)
    def verb(context: typer.Context, **_):
        got.append(config.build(given(context)))

    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(part) for part in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return got[0] if got else done.output


def arguments_for(name, value):
    flag = "--" + name.replace("_", "-")
    switched = {True: [flag], False: [f"--no-{name}"]}
    return switched[value] if isinstance(value, bool) else [flag, text(value)]


def test_every_option_is_tried():
    assert set(VALUES) == set(OPTIONS)
    assert all(VALUES[name] != setting.default for name, setting in OPTIONS.items())


@pytest.mark.parametrize("name", [name for name, setting in OPTIONS.items() if setting.option.visible])
def test_an_option_is_on_the_command_line_with_its_help(name):
    printed = on_the_command_line(RunConfig, "--help")
    assert arguments_for(name, VALUES[name])[0] in printed
    # Lines are broken after hyphens, too.
    assert "".join(OPTIONS[name].option.help.split()) in "".join(printed.split())
    assert getattr(on_the_command_line(RunConfig, *arguments_for(name, VALUES[name])), name) == VALUES[name]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_comes_from_yaml_and_goes_back_into_it(name, tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({name: RunConfig(**{name: VALUES[name]}).to_dict()[name]}))
    config = RunConfig.build(read_config(tmp_path / "mine.yaml"))
    assert getattr(config, name) == VALUES[name]
    assert RunConfig.build(read_config(write_config(config, tmp_path))) == config


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_a_keyword_of_score(name):
    from tli_bench import score

    assert name in inspect.signature(score).parameters
    assert f"{name}: {OPTIONS[name].option.help}" in score.__doc__


@pytest.mark.parametrize("setting", of_road(RunConfig, Goes.MODEL), ids=lambda s: s.name)
def test_an_option_of_the_model_is_a_model_argument(setting):
    value = VALUES[setting.name]
    config = RunConfig.from_arguments({setting.argument: text(value)})  # as lm-eval's command line hands it over
    assert getattr(config, setting.name) == value
    assert config.arguments()[setting.argument] == value


@pytest.mark.parametrize("setting", of_road(RunConfig, Goes.TASK), ids=lambda s: s.name)
def test_an_option_of_the_task_is_a_key_of_its_metadata(setting):
    config = RunConfig(**{setting.name: VALUES[setting.name]})
    metadata = config.metadata()
    assert setting.name in metadata
    assert getattr(RunConfig.from_metadata({**metadata, "pretrained": "ignored"}), setting.name) == VALUES[setting.name]


def test_two_scores_must_agree_on_the_words_and_the_protocol_and_not_on_the_model():
    agreeing = {name for name, setting in OPTIONS.items() if setting.agrees}
    assert {"pairs", "lexicon", "control", "protocol", "limit", "seed", "allow_leakage"} <= agreeing
    assert not agreeing & {"model", "adapter", "dtype", "quantize", "device", "batch_size", "output"}
    decided = {name for setting in OPTIONS.values() for name in setting.option.decides}
    assert decided <= set(BY_NAME)
    assert set(AGREE) - decided == {"measures"}  # decided by our own version alone


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_gives_the_same_sentence_from_every_road(name, value, message, tmp_path):
    import tli_bench

    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump({name: value}))
    setting = OPTIONS[name]
    roads = {
        "Python": lambda: RunConfig(**{name: value}),
        "score": lambda: tli_bench.score(**{name: value}),
        "YAML": lambda: RunConfig.build(read_config(tmp_path / "wrong.yaml")),
        "command line": lambda: on_the_command_line(RunConfig, *arguments_for(name, value)),
    }
    if setting.option.goes is Goes.MODEL:
        roads["plugin"] = lambda: RunConfig.from_arguments({setting.argument: value})
    if setting.option.goes is Goes.TASK:
        roads["task"] = lambda: RunConfig.from_metadata({name: value})
    for road, take in roads.items():
        with pytest.raises(InputError) as error:
            take()
        # The command line knows texts only, so it quotes a number.
        assert str(error.value) in (message, re.sub(r"got (-?\d)$", r"got '\1'", message)), road


def test_an_unknown_name_gets_suggestions_from_every_road(tmp_path):
    import tli_bench

    (tmp_path / "run.yaml").write_text("protocl: words\n")
    with pytest.raises(UnknownNameError, match=r"unknown option 'protocl'; did you mean 'protocol'\?; in .*run.yaml"):
        read_config(tmp_path / "run.yaml")
    with pytest.raises(UnknownNameError, match=r"unknown option 'protocl'; did you mean 'protocol'\?"):
        tli_bench.score(protocl="words")
    with pytest.raises(UnknownNameError, match=r"unknown argument of model 'tli' 'adaptor'; did you mean 'adapter'\?"):
        RunConfig.from_arguments({"adaptor": "x"})


def test_pairs_and_tasks_are_not_given_together():
    with pytest.raises(InputError, match="give --pairs or --tasks, not both"):
        RunConfig(pairs=("swh-eng",), tasks=("tli_swahili",))


@pytest.mark.parametrize(
    ("given_value", "name", "expected"),
    [("swh-eng, tur-eng", "pairs", ("swh-eng", "tur-eng")), (["a,b", "c"], "tasks", ("a", "b", "c")), (None, "pairs", ()),
     (True, "chat_template", "on"), (False, "chat_template", "off"), (False, "header", "no"),  # as YAML reads on, off and no
     ("1", "skip_gate", True), ("False", "skip_gate", False), ("none", "adapter", None), (Path("x"), "lexicon", "x")],
)  # fmt: skip
def test_what_people_write_is_understood(given_value, name, expected):
    assert getattr(RunConfig(**{name: given_value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value"), [("skip_gate", "maybe"), ("seed", True), ("pairs", 3), ("model", None), ("control", 1)]
)
def test_another_type_is_refused(name, value):
    with pytest.raises(TLIError, match=rf"--{name.replace('_', '-')} must be .*, got {re.escape(repr(value))}"):
        RunConfig(**{name: value})


def test_columns_by_number_are_understood_in_a_file(tmp_path):
    (tmp_path / "c.yaml").write_text("columns: [2, 3]\n")
    assert RunConfig.build(read_config(tmp_path / "c.yaml")).columns == ("2", "3")
    with pytest.raises(InputError, match=r"--columns must be .*, got \[True\]"):
        RunConfig(columns=[True])


@pytest.mark.parametrize("flag", ["--overwrite", "--log-samples", "--plain", "--hub-repo"])
def test_a_flag_that_a_file_does_not_keep_is_told_from_a_misspelt_option(flag, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(f"{flag.strip('-').replace('-', '_')}: true\n")
    said = tli_bench("run", "--config", path, code=2)
    assert f"is not an option of a file; give {flag} on the command line" in said
    path.write_text("modle: tiny\n")
    assert "unknown option 'modle'; did you mean 'model'?" in tli_bench("run", "--config", path, code=2)


def test_an_option_that_is_added_appears_everywhere(tmp_path):
    printed = on_the_command_line(Wider, "--help")
    assert re.search(r"--temperature <int range> +Warmth of the water\.  \[default: 20; x>=3\]", printed)
    assert on_the_command_line(Wider, "--temperature", "5").temperature == 5
    assert Wider.build({"temperature": "5"}).temperature == 5
    assert Wider.from_arguments({"warmth": "5"}).arguments()["warmth"] == 5
    assert "temperature" in call_signature(Wider).parameters
    assert Wider().to_dict()["temperature"] == 20
    assert "temperature: 20" in write_config(Wider(), tmp_path).read_text()
    with pytest.raises(InputError, match="--temperature must be a whole number, 3 or more, got 2"):
        Wider(temperature=2)


def test_an_option_that_decides_an_unknown_fact_cannot_be_declared():
    with pytest.raises(UnknownNameError, match="unknown fact of a signature 'limt'; did you mean 'limit'"):
        Option(help="", goes=Goes.RUN, decides=("limt",))


@pytest.mark.parametrize(
    ("adapter", "lexicon", "name"),
    [(None, "core", "tiny-swh-eng-tli"), (None, "mine.tsv", None), ("default", "mine.tsv", "tiny-swh-eng-tli"), ("none", "core", None)],
)  # fmt: skip
def test_a_list_that_is_not_the_core_never_meets_the_own_adapter_by_surprise(adapter, lexicon, name):
    config = RunConfig(model="tiny", lexicon=lexicon, **({"adapter": adapter} if adapter else {}))
    chosen = config.chosen().adapter
    assert (Path(chosen).name if chosen else None) == name
    assert config.leaves_own_adapter is (adapter is None and lexicon != "core")


def test_yes_and_no_in_yaml_are_what_they_are_on_the_command_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("header: no\n")
    assert RunConfig.build(read_config(tmp_path / "mine.yaml")).header == "no"
    assert RunConfig(header=True).header == "yes"
    with pytest.raises(InputError, match="unknown header 'maybe'; use one of yes, no"):
        RunConfig(header="maybe")


@pytest.mark.parametrize("other", [{"lexicon": "mine.tsv"}, {"control": "held.tsv"}, {"tasks": ("tli_swahili",)}])
def test_audit_words_are_those_of_the_core_by_pair(other):
    with pytest.raises(
        InputError, match="only the core lexicon has audit words, and they are scored by pair: leave out"
    ):
        RunConfig(audit=True, **other)
    assert not settings(RunConfig)["audit"].option.visible
    assert settings(RunConfig)["audit"].agrees
