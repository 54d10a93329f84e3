"""Table of docs/studies.md: what each committed study of a real model answers, from its points."""

from pathlib import Path

from tli_bench.studies.analysis import analyse
from tli_bench.studies.answer import answer
from tli_bench.studies.covariates import covariates_of
from tli_bench.studies.design import load_design
from tli_bench.studies.points import unpack

STUDIES = Path(__file__).resolve().parent.parent / "studies"


def answers_table() -> str:
    """One row for each study that is not a smoke test, in the order of their names."""
    lines = ["| question | answer |", "| --- | --- |"]
    for path in sorted((STUDIES / "points").glob("*.json.gz")):
        study = unpack(path)
        if study.registered.smoke:
            continue
        design = load_design(STUDIES / f"{study.registered.name}.yaml")
        said = answer(analyse(study, design, covariates_of(design)))
        page = path.name.removesuffix(".json.gz")
        lines.append(f"| [{design.question}](studies/{page}.md) | {said} |")
    return "\n".join(lines)
