"""Every stock task of our suites exists in the pinned lm-eval, is built up to its download, and stands in the docs."""

import logging
import subprocess
import sys
from importlib.metadata import version

import pytest

from tli_bench.base.errors import UnknownNameError
from tli_bench.plugin.tasklist import require_known, stock_names
from tools.stock_tasks import DOC, SUITES, stock_tasks, suite_names, updated


@pytest.fixture(scope="module")
def manager():
    """lm-eval's own index: ten seconds."""
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    return TaskManager()


@pytest.fixture(scope="module")
def rows(manager):
    return stock_tasks(manager)


def test_every_stock_name_is_built_up_to_its_download(rows):
    assert [row.name for row in rows] == list(suite_names())
    for row in rows:
        assert row.leaves >= 1
        assert row.data
        assert all("/" in ident for ident, _ in row.data), "the Hub takes no bare names any more"
    assert {suite for row in rows for suite in row.suites} == set(SUITES)


def test_the_table_in_the_docs_is_what_lm_eval_says(rows):
    if version("lm_eval") != "0.4.13":
        pytest.skip(f"the docs are of lm-eval 0.4.13, installed is {version('lm_eval')}")
    text = DOC.read_text(encoding="utf-8")
    assert updated(text, rows) == text, "run `make tasks`"


def test_names_read_from_the_texts_are_those_of_lm_evals_index(manager):
    index = set(manager.task_index)
    assert stock_names() >= index
    assert len(stock_names()) < 1.01 * len(index)


def test_unknown_names_are_told_without_importing_lm_eval():
    code = (
        "import sys; from tli_bench.plugin.tasklist import require_known\n"
        "try: require_known(['xcopa_turkish'])\n"
        "except Exception as err: print(err, 'lm_eval' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "unknown task 'xcopa_turkish'; did you mean 'xcopa_tr'" in done.stdout
    assert done.stdout.endswith("False False\n")


def test_what_is_known_and_what_is_suggested():
    require_known(["all", "tli_xquad", "xcopa_tr", "tli_alignment_swh-uig", "turkishmmlu"])
    for wrong, near in {
        "tli_xquad_tr": "'tli_xquad_tur_Latn'",
        "tli_allignment_swh-eng": "'tli_alignment_swh_Latn-eng_Latn'",
        "belebele_swahili": "'belebele_swh_Latn'",
    }.items():
        with pytest.raises(UnknownNameError, match=f"unknown task {wrong!r}; did you mean .*{near}"):
            require_known([wrong])
