"""What is known of one row, in the words of its records: where it comes from, how it was trained, what it may have seen."""

from dataclasses import dataclass

from tli_bench.base.wording import visible
from tli_bench.report.entries import Entry
from tli_bench.report.page.links import adapter_link, hub_link, model_link
from tli_bench.report.trainings import KINDS, kind_of


@dataclass(frozen=True, slots=True)
class Known:
    """One line about a row: what, its value safe on one line, and a link where there is one."""

    label: str
    value: str
    link: str | None = None


def facts_of(entry: Entry) -> list[Known]:
    """Everything that readers ask of a row, in the order they ask; what records do not hold is not there."""
    signature = entry.signature
    found = [
        Known("Model", visible(entry.key.model), model_link(entry)),
        Known("Revision", visible(entry.key.revision, limit=80)),
    ]
    if package := signature.package:
        found += [
            Known("Package", visible(package.requirement)),
            Known("Copy of", visible(package.upstream), hub_link(package.upstream)),
            Known("Licence", visible(package.licence)),
        ]
    if signature.parameters is not None:
        found.append(Known("Parameters", f"{signature.parameters:,}"))
    precision = f"{signature.dtype}, {signature.quantization}" if signature.quantization else signature.dtype
    found += [Known("Precision", visible(precision)), *_training(entry), Known("Seen words", seen_words(entry))]
    return found


def _training(entry: Entry) -> list[Known]:
    trained, adapter = entry.trained, entry.signature.adapter
    if trained is None:
        return []
    found = [
        Known(
            "Training", f"{KINDS[kind_of(entry)]}: {visible(trained.name)}", adapter_link(adapter) if adapter else None
        )
    ]
    if adapter:
        found.append(Known("Adapter hash", visible(adapter.sha256, limit=70)))
    told = {
        "Recipe": trained.recipe,
        "Seed of the training": "" if trained.seed is None else str(trained.seed),
        "Trained on": trained.trained_on,
        "Loss layer": ", ".join(trained.loss_layers),
        "LoRA rank": str(adapter.rank) if adapter and adapter.rank is not None else "",
        "Trainable parameters": f"{trained.trainable_parameters:,}" if trained.trainable_parameters is not None else "",
        "Twin": entry.signature.twin[:16] if entry.signature.twin else "",
    }
    return found + [Known(label, visible(text)) for label, text in told.items() if text]


def seen_words(entry: Entry) -> str:
    """Whether training may have seen the control words, as far as records say."""
    signature = entry.signature
    if signature.training_unknown and entry.trained:
        return "Not stated: training may have seen control words"
    if signature.trained_words:
        return f"Declared ({visible(signature.trained_words[:12])}…); control words among them are left out"
    if entry.trained:
        return "Its card says which words it was trained on; control words among them are left out"
    return "Nothing declared; what pretraining saw is not known"
