"""Files and names that nobody would write by accident: each gets one sentence and exit code 2, whatever the verb."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.command import tli_bench
from tests.support import make_record
from tli_bench.base.errors import AdapterError, ModelError, ResultError
from tli_bench.base.paths import data_dir
from tli_bench.cli import app, main
from tli_bench.cli.failures import exit_code, told
from tli_bench.models.adapter_files import read_adapter
from tli_bench.models.catalog import resolve_model
from tli_bench.models.plausible import header_shapes, implausible_adapter
from tli_bench.records.names import run_path
from tli_bench.records.seal import json_digest
from tli_bench.records.store import read_record

FIXTURES = Path(__file__).parent.parent / "lexicon" / "fixtures"
TEI = """<?xml version="1.0" encoding="{}"?>
<TEI><entry><form><orth>maji</orth></form><cit type="trans"><quote>water</quote></cit></entry></TEI>"""
LONG = "x" * 300


def one_line(*arguments, code=2):
    message = tli_bench(*arguments, code=code)
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert message.isprintable() or message[:-1].isprintable()
    assert len(message) < 2000
    return message


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("big5", "multi-byte encodings are not supported; save the file as UTF-8"),
        ("utf-7", "multi-byte encodings are not supported; save the file as UTF-8"),
        ("klingon", "unknown encoding: klingon; save the file as UTF-8"),
        ("cp037", "unknown encoding; save the file as UTF-8, and let its first line say so"),
        ("utf-16", "encoding specified in XML declaration is incorrect; save the file as UTF-8"),
        ("rot13", "is not a text encoding"),
        ("x" * 5000, "unknown encoding: xxx"),
    ],
)
def test_a_tei_file_in_an_encoding_that_cannot_be_read(tmp_path, encoding, message):
    (tmp_path / "list.tei").write_text(TEI.format(encoding))
    assert message in one_line("lexicon", "check", tmp_path / "list.tei", "--pair", "swh-eng")


def test_the_same_tei_file_in_an_encoding_that_can_be_read(tmp_path):
    (tmp_path / "list.tei").write_text(TEI.format("iso-8859-9"))
    assert "list: 1 concepts" in tli_bench("lexicon", "check", tmp_path / "list.tei", "--pair", "swh-eng")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '[{"swahili": "maji", "english": "water", "x": ' + "9" * 5000 + "}]", "a number of 5,000 digits"),
        ("a.jsonl", '\n{"swahili": "maji", "english": "water\\ud800"}', "a.jsonl:2: half a character"),
        ("a.json", "[" * 100_000, "nested deeper than 100"),
        ("a.jsonl", '{"word": "maji", "pos": "noun"}\n{"word": ' + "9" * 5000 + "}", "a.jsonl:2: a number of 5,000"),
    ],
    ids=["digits", "surrogate", "depth", "wiktionary"],
)
def test_a_word_list_in_json_that_would_fail_far_from_here(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    assert message in one_line("lexicon", "check", tmp_path / name, "--pair", "swh-eng")


def without_ids(text):
    return "\n".join(line.partition(",")[2] for line in text.splitlines())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_ids, "forms.csv"),
        (
            lambda text: "\n".join([*text.splitlines()[:2], ',1-31,maji,"maji'] * 3),
            "forms.csv: ',' expected after '\"'; close every quotation mark",
        ),
        (lambda text: text + 'x,1-31,maji,"' + "m" * 140_000 + '"\n', "field larger than field limit (131072)"),
    ],
    ids=["ids", "quote", "field"],
)
def test_a_cldf_table_that_is_not_one(tmp_path, change, message):
    shutil.copytree(FIXTURES / "wold", tmp_path / "wold")
    table = tmp_path / "wold" / "cldf" / "forms.csv"
    table.write_text(change(table.read_text()))
    assert message in one_line("lexicon", "check", tmp_path / "wold", "--pair", "swh-eng")


@pytest.mark.parametrize(
    "arguments",
    [
        ["lexicon", "check", f"{LONG}.tsv"],
        ["lexicon", "check", f"/tmp/{LONG * 20}.tsv", "--pair", "swh-eng"],
        ["run", "--model", LONG],
        ["run", "--adapter", LONG],
        ["run", "--adapter", f"./{LONG}"],
        ["run", "--config", f"{LONG}.yaml"],
        ["run", "--output", LONG],
        ["run", "--protocol", f"{LONG}.yaml"],
        ["run", "--lexicon", f"{LONG}.tsv"],
        ["run", "--trained-words", f"{LONG}.tsv"],
        ["train", "--recipe", f"{LONG}.yaml", "--output", "out"],
        ["sweep", f"{LONG}.yaml"],
        ["study", f"{LONG}.yaml"],
        ["explain", LONG],
        ["submit", LONG],
        ["results", "validate", LONG],
        ["results", "merge", LONG, "--into", "merged"],
        ["leaderboard", LONG],
        ["compare", LONG, LONG],
        ["view", LONG],
        ["stats", "paired", f"{LONG}.csv", "--before", "a", "--after", "b"],
        ["plot", "curves", LONG],
        ["push", LONG, "org/name"],
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_name_of_more_than_255_bytes(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    err = tli_bench(*arguments, code=2)
    assert "Traceback" not in err
    assert "did not expect" not in err
    assert not any(tmp_path.iterdir())


def test_a_rank_that_no_layer_has(tmp_path):
    (tmp_path / "r.yaml").write_text("rank: 1000000000000\n")
    message = one_line("train", "--recipe", tmp_path / "r.yaml", "--output", tmp_path / "out")
    assert "rank: Input should be less than or equal to 65536 (given: 1000000000000)" in message


def test_a_seed_below_nought_is_refused_wherever_it_stands(tmp_path):
    assert "--seed must be a whole number, 0 or more, got" in one_line("run", "--seed", "-1", "--output", tmp_path)
    (tmp_path / "sweep.yaml").write_text("seeds: [-1]\n")
    assert "seeds.0: Input should be greater than or equal to 0" in one_line("sweep", tmp_path / "sweep.yaml")
    record = make_record()
    data = record.model_dump(mode="json")
    data["signature"]["seed"] = -1
    path = run_path(tmp_path / "runs", record.task, record.signature)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"sha256": json_digest(data), **data}))
    with pytest.raises(ResultError, match=r"signature\.seed: Input should be greater than or equal to 0"):
        read_record(path)


@pytest.fixture
def adapter(tmp_path):
    return Path(shutil.copytree(data_dir("adapters") / "tiny-swh-eng-tli-paper", tmp_path / "adapter"))


def test_an_adapter_whose_configuration_is_deep(adapter):
    (adapter / "adapter_config.json").write_text('{"a": ' * 100_000)
    with pytest.raises(AdapterError, match="cannot be read: lists and objects nested deeper than 100"):
        read_adapter(str(adapter))


def test_an_adapter_that_asks_for_more_than_its_file_holds(adapter):
    config, shapes = read_adapter(str(adapter)).config, header_shapes(adapter / "adapter_model.safetensors")
    assert not implausible_adapter(config, shapes)
    assert "`r` is 1,000,000,000,000, but" in implausible_adapter(config | {"r": 10**12}, shapes)
    assert "`rank_pattern.q_proj` is 1,000,000" in implausible_adapter(
        config | {"rank_pattern": {"q_proj": 10**6}}, shapes
    )


@pytest.mark.parametrize(
    "change", [{"num_hidden_layers": 10**9}, {"vocab_size": 10**12}, {"text_config": {"hidden_size": 10**9}}]
)
def test_a_model_that_asks_for_more_than_its_files_hold(tmp_path, change):
    folder = Path(shutil.copytree(data_dir("adapters").parent / "tli_bench" / "models" / "tiny", tmp_path / "model"))
    assert resolve_model(str(folder)).path == folder
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ModelError, match=r"do not belong together: `\w+` is 1,000,000,000"):
        resolve_model(str(folder))


def test_out_of_memory_has_its_sentence():
    def raised(ask):
        try:
            ask()
        except Exception as err:
            return err
        raise AssertionError("there is more memory than there can be")

    for err in (raised(lambda: bytearray(1 << 62)), raised(lambda: torch.empty(1 << 60))):
        assert told(err).startswith("error: out of memory")
        assert "use a smaller --batch-size" in told(err)
        assert exit_code(err) == 3


@pytest.fixture
def broken_verb():
    """A verb that fails as no verb should, for as long as the test runs."""

    @app.command("broken")
    def broken() -> None:
        raise RuntimeError("first\nsecond \x1b[2J" + "x" * 10_000)

    yield
    app.registered_commands = [command for command in app.registered_commands if command.name != "broken"]


def test_what_nobody_expected_is_one_line_and_exit_code_3(broken_verb):
    tli_bench("--help")
    message = one_line("broken", code=3)
    assert message.startswith("error: tli-bench did not expect this: RuntimeError: first second <U+001B>[2Jxxx")
    assert message.endswith("report it with the traceback, which the same command prints with --debug\n")


def test_debug_shows_the_traceback(broken_verb):
    with pytest.raises(RuntimeError, match="first"):
        main(["broken", "--debug"])
    with pytest.raises(ModelError, match="no model folder"):
        main(["run", "--model", "./none", "--debug"])


def test_a_path_that_the_machine_refuses_is_named(tmp_path):
    (tmp_path / "list.csv").mkdir()
    message = one_line("stats", "paired", tmp_path / "list.csv", "--before", "a", "--after", "b")
    assert "list.csv" in message
    assert "Is a directory" in message
