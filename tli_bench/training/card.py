"""The adapter card: `tli_card.json` for machines and README.md for people and the Hub, from one set of facts."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tli_bench import __version__
from tli_bench.base.errors import AdapterError, ResultError
from tli_bench.base.files import write_text
from tli_bench.languages import language_of, pairs_of
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import NOTHING, trained_by
from tli_bench.models import LoadedModel, inspect_adapter
from tli_bench.models.catalog import HUB_ID
from tli_bench.models.fingerprint import model_fingerprint
from tli_bench.models.tuned import CARD, read_model_card
from tli_bench.records.before_after import before_after
from tli_bench.records.model_index import index_entry
from tli_bench.records.schema import Comparison, RunRecord
from tli_bench.stats.verdict import Verdict
from tli_bench.training.save import saved_dtype
from tli_bench.training.words import TrainingWords

if TYPE_CHECKING:
    from tli_bench.training.train import TrainingResult

# The licence of what we train on our own embedded model; an adapter of another base is subject to that base's terms.
LICENSE, FOREIGN_LICENSE = "apache-2.0", "other"


def build_card(
    loaded: LoadedModel, words: TrainingWords, result: "TrainingResult", *, text_sha256: str | None = None
) -> dict[str, Any]:
    """The facts of one training run as JSON data; holds concept ids and hashes of words, but no words, times or paths.

    The hashes are those of this training and of the one that made the base, where tli-bench tuned that, too.
    """
    before = NOTHING if loaded.card is None else trained_by(loaded.card)
    return {
        "card_version": 2,
        "name": result.output.name,
        "kind": result.recipe.kind,
        "base": {
            "id": loaded.id,
            "revision": loaded.revision,
            "dtype": loaded.dtype,
            "quantization": loaded.quantization,
        },
        "recipe": result.recipe.name,
        "recipe_fields": result.recipe.model_dump(mode="json"),
        "pair": result.pair,
        "lexicon": {
            "name": words.name,
            "version": words.version,
            "content_hash": words.content_hash,
            "split_seed": words.seed,
        },
        "trained_concepts": words.concepts,
        **(
            {"parallel": {"sentences": len(words.sentences.pairs), "content_hash": words.sentences.content_hash}}
            if words.sentences
            else {}
        ),
        "trained_forms": (words.trained | before).as_card(),
        "layers": {
            "loss": list(result.layers),
            "modules": list(result.modules),
            "blocks": list(result.blocks),
            "received_gradient": list(result.reached),
        },
        "budget": {
            "trainable_parameters": result.parameters,
            "steps": result.steps,
            "words_seen": result.words_seen,
        },
        "dev": {
            "before": result.dev_before,
            "after": result.dev_after,
        },
        "seed": result.seed,
        "retention_text_sha256": text_sha256,
        **({"saved_dtype": saved_dtype(loaded)} if result.recipe.kind == "full" else {}),
        "license": LICENSE if loaded.id == "tiny" else FOREIGN_LICENSE,
        "versions": {"tli-bench": __version__} | {name: version(name) for name in ("torch", "transformers", "peft")},
        "records": [],
    }


def write_card(card: dict[str, Any], folder: Path) -> None:
    """Write both forms of the card into an adapter folder."""
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render_card(card), encoding="utf-8")


def add_records(folder: Path, records: Sequence[RunRecord], *, base: Sequence[RunRecord] = ()) -> dict[str, Any]:
    """Add before and after on trained and control words to the card of what was trained, and write it again.

    base: for a fully fine-tuned model, records of the model it was trained from, on the same words; an adapter's
    records hold both states. Raises ResultError for a record of something else, or one that has no counterpart in
    `base`; AdapterError or ModelError for a folder without a card.
    """
    card = read_model_card(folder)
    if card is None:
        raise AdapterError(f"{folder} has no {CARD}; only adapters and models trained by tli-bench have one")
    if card.get("kind") == "full":
        revision = model_fingerprint(folder)
        summaries = [_joined(record, base, folder.name, revision) for record in records]
    else:
        sha256 = inspect_adapter(str(folder)).sha256
        summaries = [_adapted(record, folder.name, sha256) for record in records]
    card = card | {"records": summaries}
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "README.md", render_card(card))
    return card


def _adapted(record: RunRecord, name: str, sha256: str) -> dict[str, Any]:
    scored = record.signature.adapter
    if scored is None or scored.sha256 != sha256:
        other = f"adapter {scored.name!r} ({scored.sha256[:12]})" if scored else "a base without an adapter"
        raise ResultError(f"the record of {record.task} scored {other}, not {name} ({sha256[:12]})")
    return _summary(record, record.comparisons, record.verdicts)


def _joined(record: RunRecord, base: Sequence[RunRecord], name: str, revision: str) -> dict[str, Any]:
    if record.signature.revision != revision or record.signature.adapter is not None:
        raise ResultError(
            f"the record of {record.task} scored {record.signature.model} at {record.signature.revision}, not "
            f"{name} alone at {revision}"
        )
    for other in base:
        if (other.task, other.signature.protocol) == (record.task, record.signature.protocol):
            found = before_after(other, record)
            return _summary(record, found.comparisons, found.verdicts)
    raise ResultError(f"no record of the base for {record.task}, {record.signature.protocol}; score the base on it too")


def _summary(record: RunRecord, comparisons: Sequence[Comparison], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """The part of a record that the card repeats: no words and no values of single pairs."""
    return {
        "task": record.task,
        "pair": record.pair,
        "protocol": record.signature.protocol,
        "lexicon": record.signature.lexicon,
        "lexicon_hash": record.signature.lexicon_hash,
        "leaking": record.signature.leaking,
        "comparisons": [c.model_dump(mode="json") for c in comparisons if c.split != Split.DEV],
        "verdicts": {layer: verdict.text for layer, verdict in verdicts.items()},
    }


def render_card(card: dict[str, Any]) -> str:
    """README.md of an adapter: Hub metadata with a model index, then the facts in plain words."""
    metadata = yaml.safe_dump(_metadata(card), sort_keys=False, allow_unicode=True)
    return f"---\n{metadata}---\n\n" + "\n\n".join(part for part in _sections(card) if part) + "\n"


def _metadata(card: dict[str, Any]) -> dict[str, Any]:
    pairs = [pair.split("-") for pair in pairs_of(card["pair"])]
    codes = [language_of(code) for code in dict.fromkeys(code for pair in pairs for code in pair)]
    data: dict[str, Any] = {
        "library_name": "peft" if card["kind"] == "lora" else "transformers",
        "license": card["license"],
        **({"license_name": "same-as-base-model"} if card["license"] == FOREIGN_LICENSE else {}),
        "language": [language.iso for language in codes],
        "tags": ["tli-bench", "cross-lingual", "lexical-alignment", *(["lora"] if card["kind"] == "lora" else [])],
    }
    # The Hub takes only its own ids as a base: a local folder or an alias would be refused.
    if HUB_ID.fullmatch(card["base"]["id"]):
        data["base_model"] = card["base"]["id"]
    results = [entry for record in card["records"] for entry in _index_entries(record)]
    if results:
        data["model-index"] = [{"name": card["name"], "results": results}]
    return data


def _index_entries(record: dict[str, Any]) -> list[dict[str, Any]]:
    entries = []
    for layer in dict.fromkeys(c["layer"] for c in record["comparisons"]):
        rows = [c for c in record["comparisons"] if c["layer"] == layer and c["split"] == Split.CONTROL]
        if rows:
            told = (record["lexicon"], record["lexicon_hash"], record["pair"], layer, record["protocol"])
            entries.append(index_entry(*told, metrics={c["quantity"]: (c["quantity"], c["after"]) for c in rows}))
    return entries


def _sections(card: dict[str, Any]) -> list[str]:
    base, layers, budget, words = card["base"], card["layers"], card["budget"], card["lexicon"]
    what = "LoRA adapter" if card["kind"] == "lora" else "fully fine-tuned model"
    option = "--adapter" if card["kind"] == "lora" else "--model"
    facts = [
        ("Base", f"{base['id']} at {base['revision']} ({base['dtype']}, {base['quantization'] or 'not quantised'})"),
        ("Recipe", card["recipe"]),
        ("Pair", ", ".join(pairs_of(card["pair"]))),
        ("Lexicon", f"{words['name']} {words['version']}, content {words['content_hash'][:16]}"),
        ("Trained concepts", f"{len(card['trained_concepts'])}, listed in {CARD}"),
        *(
            [
                (
                    "Parallel sentences",
                    f"{card['parallel']['sentences']:,}, content {card['parallel']['content_hash'][:16]}",
                )
            ]
            if "parallel" in card
            else []
        ),
        *_trained_forms(card),
        ("Loss at layer", ", ".join(layers["loss"])),
        ("Blocks with weights", _ranges(layers["blocks"])),
        ("Blocks that received gradient", _ranges(layers["received_gradient"])),
        ("Trainable parameters", f"{budget['trainable_parameters']:,}"),
        ("Optimizer steps, words seen", f"{budget['steps']:,}, {budget['words_seen']:,}"),
        *([("Weights", f"{card['saved_dtype']}, as the base stores its own")] if "saved_dtype" in card else []),
        ("Seed", str(card["seed"])),
        *(
            [("Twin on shuffled pairs", f"{card['twin']['path']}, {card['twin']['sha256'][:16]}")]
            if "twin" in card
            else []
        ),
        ("Licence", card["license"] if card["license"] != FOREIGN_LICENSE else "that of the base model"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in card["versions"].items())),
    ]
    table = "\n".join(["| | |", "|---|---|", *(f"| {_cell(k)} | {_cell(v)} |" for k, v in facts)])
    control = "" if not card["recipe_fields"]["shuffle_pairs"] else _negative_control(card)
    return [
        f"# {_cell(card['name'])}",
        f"A {what} made by tli-bench to bring translations of single words together.",
        control,
        table,
        *(_results(record) for record in card["records"]),
        "" if card["records"] else f"It has not been scored on control words yet: `tli-bench run {option}` does that.",
    ]


def _trained_forms(card: dict[str, Any]) -> list[tuple[str, str]]:
    listed = card.get("trained_forms")
    if listed is None:
        return []
    more = "" if listed["complete"] else "; the base was trained on more"
    return [("Trained forms", f"{len(listed['forms']):,}, hashed in {CARD}{more}")]


def _negative_control(card: dict[str, Any]) -> str:
    original = card.get("twin_of")
    if original is None:
        return "**Negative control: trained on shuffled pairs.**"
    return (
        f"**Negative control: the twin of {_cell(original['name'])} ({_cell(original['sha256'][:16])}), trained on shuffled "
        "pairs with the same recipe, seed and budget. What it gains, its original gained without learning translations.**"
    )


def _results(record: dict[str, Any]) -> str:
    lines = [
        f"## {_cell(record['pair'])}, protocol {_cell(record['protocol'])}",
        "",
        "| split | layer | quantity | n | before | after | change (95 % interval) |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    if record["leaking"]:
        lines.insert(1, "\n**The control words leak into the trained ones: these figures show no generalisation.**")
    for c in record["comparisons"]:
        interval = f" [{c['ci'][0]:+.4f}, {c['ci'][1]:+.4f}]" if c["ci"] else ""
        lines.append(
            f"| {c['split']} | {_cell(c['layer'])} | {_cell(c['quantity'])} | {c['n']} | {c['before']:.4f} | "
            f"{c['after']:.4f} | {c['difference']:+.4f}{interval} |"
        )
    lines += ["", *(f"- {_cell(key)}: {_cell(text)}" for key, text in record["verdicts"].items())]
    return "\n".join(lines)


def _ranges(blocks: Sequence[int]) -> str:
    if list(blocks) == list(range(len(blocks))) and len(blocks) > 1:
        return f"0 to {len(blocks) - 1}"
    return ", ".join(str(block) for block in blocks)


def _cell(text: object) -> str:
    """Text that stays inside its table cell and cannot start any markup."""
    escaped = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`")
    return " ".join(escaped.replace("<", "&lt;").replace(">", "&gt;").split())
