"""`python -m tests.gauntlet`: run every attack, print the table and write it into docs/explanation/gauntlet.md.

`--quick` leaves out those that train or score many models.
"""

import logging
import sys
import warnings
from pathlib import Path

from tests.gauntlet.arena import Arena
from tests.gauntlet.table import markdown, rows

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "gauntlet.md"
START, END = "<!-- table: gauntlet, written by make gauntlet -->", "<!-- end of table -->"


def main() -> int:
    """Exit status 1 when an attack got through."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    found = rows(Arena(), slow="--quick" not in sys.argv)
    table = markdown(found)
    print(table)
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(START)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{START}\n{table}\n{END}{after}", encoding="utf-8")
    return 0 if all(outcome.passed for _, outcome in found) else 1


if __name__ == "__main__":
    sys.exit(main())
