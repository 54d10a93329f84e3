"""The control words of a record one by one, in lm-eval's layout of samples, so that its viewers open them."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.records.columns import MAX_COLUMN
from tli_bench.records.run_record import RunRecord


def samples(record: RunRecord) -> Iterator[dict[str, Any]]:
    """One object for each control word: the word, what it was taken for, and its values.

    `resps` is the target word found for the source at the chosen layer of the state that the record is about. Each measure that has
    values of single words stands under its name, of the same layer; `tli` holds, by state and layer, the ranks of the right words
    from either side and the nearest wrong ones. Raises ResultError, which says why, for a record that keeps no details of single
    words, and for audit words, which nobody looks at.
    """
    if record.signature.audit:
        raise ResultError("audit words are not written one by one: nothing may be chosen on them")
    words = record.words.get(Split.CONTROL)
    if not words:
        raise ResultError(f"{record.task} scored no control words")
    if record.details is None:
        raise ResultError(
            f"{record.task} has {len(words):,} control words, and the ranks of single words are kept for up to {MAX_COLUMN:,}: see --limit"
            if len(words) > MAX_COLUMN
            else f"the record of {record.task} is older than the ranks of single words; --overwrite scores it again"
        )
    chosen = record.best_layer[record.state]
    values = {
        name: column
        for name in record.columns.get(Split.CONTROL, {}).get(record.state, {}).get(chosen, {})
        if (column := record.column(name, Split.CONTROL, record.state, chosen)) is not None
    }
    for row, (concept, source, target) in enumerate(words.triples()):
        found = {
            state: {layer: _retrieved(record, state, layer, row) for layer in layers}
            for state, layers in record.details.neighbours.items()
        }
        doc = {"concept": concept, "source": source, "target": target, "pair": record.pair}
        nearest = found[record.state][chosen]
        taken = target if nearest["rank_forward"] == 1 else nearest["wrong_forward"]
        yield {
            "doc_id": row,
            "doc": doc,
            "target": target,
            "arguments": {"gen_args_0": {"arg_0": source, "arg_1": target}},
            "resps": [[taken]],
            "filtered_resps": [taken],
            "filter": "none",
            "protocol": record.signature.protocol,
            "metrics": list(values),
            "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
            "prompt_hash": _hash(source),
            "target_hash": _hash(target),
            **{name: None if column[row] != column[row] else float(column[row]) for name, column in values.items()},
            "tli": found,
        }


def _retrieved(record: RunRecord, state: str, layer: str, row: int) -> dict[str, Any]:
    """Ranks of the right words and the nearest wrong ones of one word; None where every other word is accepted."""
    assert record.details is not None
    words, found = record.words[Split.CONTROL], record.details.neighbours[state][layer]
    forward, backward = found.wrong_forward[row], found.wrong_backward[row]
    return {
        "rank_forward": found.rank_forward[row],
        "wrong_forward": None if forward is None else words.targets[forward],
        "rank_backward": found.rank_backward[row],
        "wrong_backward": None if backward is None else words.sources[backward],
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
