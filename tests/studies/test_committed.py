"""Every committed page is what its committed points and its design say, to the last digit."""

from pathlib import Path

import pytest

from tli_bench.studies.analysis import analyse
from tli_bench.studies.covariates import covariates_of
from tli_bench.studies.design import load_design
from tli_bench.studies.page import files_of, write_page
from tli_bench.studies.plan import commands
from tli_bench.studies.points import unpack

ROOT = Path(__file__).resolve().parents[2]
PACKED = sorted((ROOT / "studies" / "points").glob("*.json.gz"))


def test_there_are_points_of_every_design():
    names = {path.stem for path in (ROOT / "studies").glob("*.smoke.yaml")}
    assert {f"{name.replace('.', '-')}-tiny.json.gz" for name in names} <= {path.name for path in PACKED}


def test_there_is_no_page_without_its_points():
    pages = {path.stem for path in (ROOT / "docs" / "studies").iterdir()}
    assert pages == {path.name.removesuffix(".json.gz") for path in PACKED}


@pytest.mark.parametrize("path", PACKED, ids=lambda path: path.name.removesuffix(".json.gz"))
def test_a_page_is_computed_from_its_points(path, tmp_path):
    study = unpack(path)
    file = f"studies/{study.registered.name.replace('-smoke', '.smoke')}.yaml"
    plan = load_design(ROOT / file)
    name = path.name.removesuffix(".json.gz")
    model = name.removeprefix(f"{plan.name}-")
    files = files_of(ROOT / "docs" / "studies", ROOT / file, path)
    write_page(analyse(study, plan, covariates_of(plan)), tmp_path, commands(plan, file, model), name=name, files=files)
    assert all((ROOT / "docs" / "studies" / address).is_file() for address in files.values())
    assert (tmp_path / f"{name}.md").read_text() == (ROOT / "docs" / "studies" / f"{name}.md").read_text()
    assert (tmp_path / f"{name}.html").read_text().split("<figure>")[0] == (
        ROOT / "docs" / "studies" / f"{name}.html"
    ).read_text().split("<figure>")[0]
