"""Every reader of files that a stranger may hand us, each with files that it reads: what the fuzzer damages."""

import gzip
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import make_tokenizer
from tests.fuzz.binaries import binaries
from tests.fuzz.target import Target
from tests.support import downstream_record, scored_record
from tli_bench.base.paths import data_dir
from tli_bench.config.run import RunConfig
from tli_bench.config.saved import read_config
from tli_bench.downstream.readers import read_sentences, read_squad, read_xlsum
from tli_bench.languages.registry import read_language
from tli_bench.lexicon import check, load_lexicon
from tli_bench.lexicon.declared import declared_words
from tli_bench.lexicon.pairs import Split
from tli_bench.models.adapter_files import CONFIG, WEIGHTS
from tli_bench.models.adapters import inspect_adapter
from tli_bench.models.catalog import check_model_folder
from tli_bench.models.identity import AdapterRef
from tli_bench.models.load import load_tokenizer
from tli_bench.models.plausible import header_shapes, implausible_adapter
from tli_bench.models.tuned import CARD, facts_of, read_model_card
from tli_bench.records.downstream import read_downstream
from tli_bench.records.lm_eval import read_task_scores
from tli_bench.records.names import downstream_path
from tli_bench.records.seal import json_digest, sealed_json
from tli_bench.records.store import read_record
from tli_bench.records.submission import pack, unpack
from tli_bench.records.validate import validate_record
from tli_bench.report.reported import load_reported
from tli_bench.studies import points
from tli_bench.studies.design import load_design
from tli_bench.training.budget import Budget
from tli_bench.training.recipe import load_recipe
from tli_bench.training.sweep import POINT_VERSION, Point, load_spec, read_point, units_of
from tli_bench.vectors.protocols import read_protocol

FIXTURES = Path(__file__).parent.parent / "lexicon" / "fixtures"
ROWS = [("maji", "water"), ("moto", "fire"), ("nyumba", "house"), ("mbwa", "dog"), ("jua", "sun"), ("mwezi", "moon"), ("mti", "tree"),
        ("jicho", "eye"), ("mkono", "hand"), ("siku", "day")]  # fmt: skip


def targets() -> list[Target]:
    """All of them; the seeds of records and adapters are made here."""
    return [*_lists(), *_yaml(), *_records(), *_models(), *_documents(), *binaries(ROWS)]


def _lists() -> Iterator[Target]:
    def read(path: Path) -> object:
        return check(load_lexicon(path, pair="swh-eng"))

    table = "\n".join("\t".join(row) for row in ROWS)
    splits = "\n".join(f"{a},{b},{('train', 'dev', 'control')[i % 3]}" for i, (a, b) in enumerate(ROWS))
    objects = [{"swahili": a, "english": b, "concept": f"c{i}", "pos": "noun"} for i, (a, b) in enumerate(ROWS)]
    entries = [{"word": a, "lang_code": "sw", "pos": "noun", "senses": [{"glosses": [b]}]} for a, b in ROWS]
    entries.append(
        {
            "word": "water",
            "lang_code": "en",
            "pos": "noun",
            "translations": [{"code": "sw", "word": "maji", "sense": "liquid"}],
        }
    )
    dix = "".join(f"<e><p><l>{a}<s n='n'/></l><r>{b}<s n='n'/></r></p></e>" for a, b in ROWS)
    tab = "\n".join(
        f"0000{i}-n\t{code}:lemma\t{w}"
        for i, row in enumerate(ROWS)
        for code, w in zip(("swh", "eng"), row, strict=True)
    )
    plain: dict[str, list[str]] = {
        "list.tsv": [
            table,
            "source\ttarget\tsplit\n" + splits.replace(",", "\t"),
            (FIXTURES / "two_columns.tsv").read_text(),
        ],
        "list.csv": [
            "swahili,english,split\n" + splits,
            '"maji","water, fresh"\n' + splits,
            "neno;word\n" + splits.replace(",", ";"),
        ],
        "list.txt": [table.replace("\t", " "), (FIXTURES / "muse.txt").read_text()],
        "list.json": [json.dumps(objects), json.dumps(objects, indent=1, ensure_ascii=False)],
        "list.jsonl": ["\n".join(map(json.dumps, objects)), "\n".join(map(json.dumps, entries))],
        "swh-eng.tei": [(FIXTURES / "swh-eng.tei").read_text()],
        "swh-eng.dix": [f'<?xml version="1.0" encoding="UTF-8"?>\n<dictionary><section>{dix}</section></dictionary>'],
        "list.tab": [tab],
    }
    for name, contents in plain.items():
        yield Target("word lists", name, tuple(text.encode() for text in contents), read)
    for part in ("forms.csv", "parameters.csv", "languages.csv", "cldf-metadata.json"):

        def place(folder: Path) -> None:
            shutil.copytree(FIXTURES / "wold" / "cldf", folder, dirs_exist_ok=True)

        seed = (FIXTURES / "wold" / "cldf" / part).read_bytes()
        yield Target("word lists", part, (seed,), lambda path: read(path.parent), place, heavy=True)
    panlex = (FIXTURES / "panlex" / "tur-000.txt").read_bytes()
    yield Target(
        "word lists", "tur-000.txt", (panlex,), lambda path: load_lexicon(path.parent, pair="tur-uzn"),
        lambda folder: shutil.copytree(FIXTURES / "panlex", folder, dirs_exist_ok=True) and None,
    )  # fmt: skip
    yield Target(
        "word lists", "trained.csv", (splits.encode(), b"swahili,english,split\n" + splits.encode()), declared_words
    )
    yield Target("word lists", "trained.json", (json.dumps(objects).encode(),), declared_words)


def _yaml() -> Iterator[Target]:
    recipes = sorted((data_dir("adapters") / "recipes").glob("*.yaml"))
    studies = sorted((data_dir("adapters").parent / "studies").glob("*.yaml"))
    sweeps = sorted((data_dir("leaderboards") / "sweeps").glob("*.yaml"))
    languages = data_dir("tasks") / "languages"
    config = b"model: tiny\npairs: [swh-eng]\nseed: 1\nlimit: 10\nprotocol: words\nadapter: none\nbatch_size: 8\nskip_gate: false\n"
    protocol = b"name: mine\nversion: 1\npooling: word-mean\ntemplate:\n  swh: Neno ni {word}\n  '*': 'The word is {word}'\nnote: hello\n"

    def of(paths: list[Path]) -> tuple[bytes, ...]:
        return tuple(path.read_bytes() for path in paths)

    yield Target("YAML", "run.yaml", (config,), lambda path: RunConfig.build(read_config(path), where=str(path)))
    yield Target("YAML", "recipe.yaml", of(recipes), lambda path: load_recipe(str(path)))
    yield Target("YAML", "sweep.yaml", of(sweeps), lambda path: units_of(load_spec(path)))
    yield Target("YAML", "study.yaml", of(studies), load_design)
    yield Target("YAML", "protocol.yaml", (protocol,), read_protocol)
    yield Target("YAML", "swh_Latn.yaml", of([languages / "swh_Latn.yaml"]), read_language)
    yield Target("YAML", "uig_Arab.yaml", of([languages / "uig_Arab.yaml"]), read_language)
    yield Target("YAML", "reported.yaml", of([data_dir("leaderboards") / "reported.yaml"]), load_reported)


def _records() -> Iterator[Target]:
    ref = AdapterRef(name="tli", sha256="a" * 64, rank=2)
    runs = [scored_record(), scored_record(adapter=ref, base_scores=(0.0, 0.1, 0.2), pair="tur_Latn-eng_Latn")]
    down = downstream_record()

    def resealed(path: Path) -> None:
        """A forger puts the right hash in: without one, hardly anything behind the seal would be tried."""
        try:
            data = json.loads(path.read_bytes())
            del data["sha256"]
            path.write_text(json.dumps({"sha256": json_digest(data), **data}))
        except (ValueError, TypeError, KeyError, RecursionError):
            return

    def forged_run(path: Path) -> object:
        resealed(path)
        return validate_record(read_record(path))

    def forged_task(path: Path) -> object:
        resealed(path)
        return validate_record(read_downstream(path))

    def forged_submission(path: Path) -> object:
        """Damaged in one record, whose hash the manifest states."""
        resealed(path)
        _pack(
            path.with_name("s.zip"),
            {"tiny/run/task/a.json": path.read_bytes(), "downstream/task/b.json": sealed_json(down)},
        )
        return [validate_record(one) for _, one in unpack(path.with_name("s.zip"))]

    def zipped_study(path: Path) -> object:
        path.with_name("study.json.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        return points.unpack(path.with_name("study.json.gz"))

    study = (data_dir("adapters").parent / "studies" / "points" / "xquad_retrieval-smoke-tiny.json.gz").read_bytes()
    yield Target("records", "run.json", tuple(map(sealed_json, runs)), forged_run)
    yield Target(
        "records", "sealed.json", tuple(map(sealed_json, runs)), lambda path: validate_record(read_record(path))
    )
    yield Target(
        "records",
        "run.json.gz",
        tuple(map(gzip.compress, map(sealed_json, runs))),
        lambda path: validate_record(read_record(path)),
    )
    schema1 = gzip.decompress((Path(__file__).parent.parent / "records" / "fixtures" / "schema-1.json.gz").read_bytes())
    yield Target("records", "old.json", (schema1,), lambda path: validate_record(read_record(path)), heavy=True)
    yield Target("records", downstream_path(Path(), down).name, (sealed_json(down),), forged_task)
    scores = {"results": {"t": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, "config": {"model_args": "pretrained=org/m,peft=a", "limit": 3},
              "versions": {"t": 1}, "n-samples": {"t": {"effective": 3}}, "higher_is_better": {"t": {"acc": True}},
              "configs": {"t": {"metadata": {"asked": {"num_fewshot": 1}}}}, "n-shot": {"t": 0}}  # fmt: skip
    yield Target("records", "results_1.json", (json.dumps(scores).encode(),), read_task_scores)
    yield Target(
        "records",
        "point.json",
        (json.dumps({"point_version": POINT_VERSION, **asdict(_point())}).encode(),),
        read_point,
    )
    yield Target("archives", "study.json.gz", (study,), points.unpack)
    yield Target("archives", "study.json", (gzip.decompress(study),), zipped_study, heavy=True)
    yield Target(
        "archives", "submission.zip", (_submission(),), lambda path: [validate_record(one) for _, one in unpack(path)]
    )
    yield Target("archives", "packed.json", tuple(map(sealed_json, runs)), forged_submission)


def _point() -> Point:
    curves = {"p1_of_50": {"1": 0.5}, "mrr": {"1": 0.25}}
    splits = {Split.DEV: curves, Split.CONTROL: curves}
    return Point(
        {"rank": "4"}, "tli", "swh_Latn-eng_Latn", 0, ("1",), Budget(10, 2, 100), splits, splits, 0.01, {"seed": 0}
    )


def _pack(path: Path, files: dict[str, bytes]) -> None:
    packed = [{"name": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps({"tli_bench": "0", "files": packed}))


def _submission() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.zip"
        pack([scored_record(), scored_record(pair="tur_Latn-eng_Latn")], path, version="0")
        return path.read_bytes()


def _models() -> Iterator[Target]:
    adapter = data_dir("adapters") / "tiny-swh-eng-tli-paper"
    tiny = data_dir("adapters").parent / "tli_bench" / "models" / "tiny"
    card = json.loads((adapter / CARD).read_text())

    def place_adapter(folder: Path) -> None:
        for name in (CONFIG, WEIGHTS, CARD):
            shutil.copy(adapter / name, folder / name)

    def place_model(folder: Path) -> None:
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            (folder / name).symlink_to(tiny / name)

    def adapted(path: Path) -> object:
        files = inspect_adapter(str(path.parent))
        return implausible_adapter(files.config, header_shapes(files.path / WEIGHTS)), facts_of(files.card or {})

    def model(path: Path) -> object:
        check_model_folder(path.parent)
        return read_model_card(path.parent)

    def place_tokenizer(folder: Path) -> None:
        place_model(folder)
        (folder / "tokenizer.json").unlink()

    weights = (adapter / WEIGHTS).read_bytes()
    header = weights[: 8 + int.from_bytes(weights[:8], "little")]
    yield Target("adapters", CONFIG, ((adapter / CONFIG).read_bytes(),), adapted, place_adapter, heavy=True)
    yield Target("adapters", CARD, (json.dumps(card).encode(),), adapted, place_adapter, heavy=True)
    yield Target("adapters", WEIGHTS, (weights,), adapted, place_adapter, heavy=True)
    yield Target("model folders", "config.json", ((tiny / "config.json").read_bytes(),), model, place_model)
    yield Target("model folders", "tli_card.json", (json.dumps(_full(card)).encode(),), model, place_model, heavy=True)
    yield Target("model folders", "model.safetensors", (header,), model, place_model)
    words = make_tokenizer().backend_tokenizer.to_str().encode()
    yield Target(
        "tokenizers",
        "tokenizer.json",
        (words,),
        lambda path: load_tokenizer(str(path.parent)),
        place_tokenizer,
        heavy=True,
    )


def _full(card: dict[str, Any]) -> dict[str, Any]:
    return {**card, "kind": "full"}


def _documents() -> Iterator[Target]:
    tasks = data_dir("tasks")
    yield Target("documents", "xquad.json", ((tasks / "xquad" / "fixtures" / "xquad.tr.json").read_bytes()[:1 << 15],
                 _small_squad(tasks / "xquad" / "fixtures" / "xquad.tr.json")), read_squad)  # fmt: skip
    yield Target(
        "documents", "xlsum.jsonl", ((tasks / "xlsum" / "fixtures" / "swahili_test.jsonl").read_bytes(),), read_xlsum
    )
    yield Target(
        "documents", "text.txt", ((tasks / "bitext" / "sample" / "swh_Latn.txt").read_bytes(),), read_sentences
    )


def _small_squad(path: Path) -> bytes:
    data = json.loads(path.read_bytes())
    data["data"] = data["data"][:1]
    data["data"][0]["paragraphs"] = data["data"][0]["paragraphs"][:1]
    return json.dumps(data).encode()
