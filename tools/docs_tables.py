"""Write the tables in docs/ that are made from the code: `python -m tools.docs_tables`; `--check` only says what is stale.

A table is between `<!-- table: NAME, written by make docs-tables -->` and `<!-- end of table -->`.
"""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tli_bench.base.terms import terms_markdown
from tli_bench.measures.table import measures_markdown
from tli_bench.models.families import families_table
from tools import plan_tables, reference_tables, speed_tables
from tools.board_tables import bands_table, real_board_table, real_gain_table
from tools.choices_table import choices_table
from tools.downstream_table import downstream_table
from tools.instruct import instruct_table
from tools.official import mexa_table, questions_table, sentences_table
from tools.pin_sets import revisions_table
from tools.real_models.declared import real_models_table
from tools.related_words import related_table
from tools.reliability_table import determinism_table, reliability_table
from tools.study_answers import answers_table
from tools.transfer.table import (
    gain_table,
    maps_table,
    net_table,
    own_table,
    recipes_table,
    seeds_table,
    together_table,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
TABLES: dict[str, Callable[[], str]] = {
    "families": families_table,
    "measures": measures_markdown,
    "terms": terms_markdown,
    "downstream": downstream_table,
    "revisions": revisions_table,
    "real_models": real_models_table,
    "real_board": real_board_table,
    "real_gain": real_gain_table,
    "real_bands": partial(bands_table, "me5", "me5-swh-eng-tli", "swh_Latn-eng_Latn"),
    "related_words": related_table,
    "choices": choices_table,
    "instruct": partial(instruct_table, "smollm2"),
    "official_sentences": partial(sentences_table, "me5"),
    "official_questions": partial(questions_table, "me5"),
    "official_mexa": partial(mexa_table, "me5"),
    "transfer_gain": partial(gain_table, "me5"),
    "transfer_net": partial(net_table, "me5"),
    "transfer_own": partial(own_table, "me5"),
    "transfer_maps": partial(maps_table, "me5"),
    "transfer_recipes": partial(recipes_table, "me5", "swh_Latn-eng_Latn"),
    "transfer_seeds": partial(seeds_table, "me5", "swh_Latn-eng_Latn"),
    "transfer_together": partial(together_table, "me5", "swh_Latn-eng_Latn"),
    "transfer_smollm2": partial(gain_table, "smollm2-bos"),
    **plan_tables.TABLES,
    **reference_tables.TABLES,
    "reliability": reliability_table,
    "determinism": determinism_table,
    **speed_tables.TABLES,
    "study_answers": answers_table,
}
END = "<!-- end of table -->"
_BLOCK = re.compile(rf"(<!-- table: (\w+), written by make docs-tables -->\n).*?({END})", re.DOTALL)


def with_tables(text: str) -> str:
    """`text` with every marked table rewritten; raises KeyError for a name that is not among TABLES."""
    return _BLOCK.sub(lambda block: f"{block[1]}{TABLES[block[2]]()}\n{block[3]}", text)


def main(arguments: list[str]) -> int:
    """Write or check every page; 1 when `--check` finds a stale one."""
    stale = False
    for path in sorted(DOCS.rglob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = with_tables(old)
        if new != old:
            stale = True
            print(f"{path} {'is stale: run `make docs-tables`' if '--check' in arguments else 'written'}")
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    return int(stale and "--check" in arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
