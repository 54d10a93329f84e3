"""The table of docs/downstream.md that says of each kind of task what it covers, where its data are, and how it was tried."""

import re
from typing import NamedTuple

from tli_bench.languages import LANGUAGES
from tli_bench.languages.registry import registry
from tools.write_downstream_tasks import declared

_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


class Said(NamedTuple):
    """What cannot be computed. source: data; tried: how."""

    source: str
    tried: str


FIXTURES = "fixtures, local Hub"
COPY = "folder and local Hub in this layout"
ROWS = {
    "tli_xquad": Said("`google/xquad`, or `xquad.<iso>.json`", "fixtures"),
    "tli_tydiqa": Said("`google-research-datasets/tydiqa`, or the official JSON", FIXTURES),
    "tli_mlqa": Said("`google/xtreme` (`MLQA.xx.xx`), or `MLQA_V1/test`", COPY),
    "tli_afriqa": Said(
        "`gold_span_passages.afriqa.swa.en.test.json` alone: the Hub has a script", "folder in this layout"
    ),
    "tli_xquad_r": Said("XQuAD", "fixtures"),
    "tli_xquad_r_paragraph": Said("XQuAD", "fixtures"),
    "tli_xquad_r_pool": Said("XQuAD, or `xquad-r/<iso>.json` with LAReQA's own sentences", "fixtures, official files"),
    "tli_mewslix": Said("the folder that `get-mewsli-x.sh` fills", "folder in this layout"),
    "tli_bitext": Said("our sample, or a folder", "sample"),
    "tli_mexa": Said("FLORES+, or a folder", "official files"),
    "tli_bitext_flores": Said("`openlanguagedata/flores_plus`, or a folder", "local Hub, official files"),
    "tli_bitext_ntrex": Said("`mteb/NTREX`, or a folder", "local Hub, official files"),
    "tli_bitext_tatoeba": Said(
        "`mteb/tatoeba-bitext-mining`, or LASER's `tatoeba.<xxx>-eng.<xxx>`", "local Hub, folder in this layout"
    ),
    "tli_wikiann": Said("`unimelb-nlp/wikiann`, or `<iso>/train`, `dev`, `test` of the archives", FIXTURES),
    "tli_udpos": Said(
        "`universal-dependencies/universal_dependencies`, or a release's `<treebank>-ud-<split>.conllu`", FIXTURES
    ),
    "tli_xlsum": Said("`csebuetnlp/xlsum` (parquet branch), or `<language>_test.jsonl`", FIXTURES),
    "tli_sib200": Said("`Davlan/sib200`, or `data/annotated` of its repository", COPY),
    "tli_sib200_probe": Said("the same, with its train and dev splits", "folder in this layout"),
    "tli_tumlu": Said("`jafarisbarov/TUMLU-mini`, or a copy of it", COPY),
    "tli_kazmmlu": Said("`MBZUAI/KazMMLU` (12 subjects), or a copy of it", COPY),
    "tli_uzlib": Said("`tahrirchi/uzlib`, or a copy of it", COPY),
    "tli_translate": Said("the core lexicon", "tiny model"),
    "tli_translate_own": Said("the core lexicon", "tiny model"),
}


def downstream_table() -> str:
    """The Markdown rows; raises KeyError for a group of tasks of which nothing is said here."""
    groups: dict[str, list[str]] = {}
    for spec, tasks in declared().items():
        for one in tasks:
            found = set(_CODE.findall(one.name)) or {one.options["language"]}
            groups.setdefault(one.group or f"tli_{spec}", []).extend(found)
    order = [name for name in ROWS if name in groups] + [name for name in groups if name not in ROWS]
    lines = ["| group | languages | data | tried with |", "|---|---|---|---|"]
    for name in order:
        said = ROWS[name]
        lines.append(f"| `{name}` | {_languages(groups[name])} | {said.source} | {said.tried} |")
    return "\n".join(lines)


def _languages(codes: list[str]) -> str:
    wanted = set(codes)
    if set(LANGUAGES) <= wanted:
        return "all eleven"
    return " ".join(sorted(one.iso639_1 for one in registry() if one.code in wanted))
