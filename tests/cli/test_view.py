"""`tli-bench view` through the command line itself."""

import pytest

from tests.cli.test_results_verbs import invoke, runs  # noqa: F401
from tests.command import require_light


def test_it_writes_a_page_next_to_the_runs_and_prints_its_path_and_size(runs):  # noqa: F811
    done = invoke("view", runs)
    page = runs / "view.html"
    assert done.stdout == f"{page}  (2 records, {page.stat().st_size / 1e6:.1f} MB)\n"
    assert done.stderr == ""
    assert "2 records" in invoke("view", runs).stdout, "the page itself must not count as a record"


def test_out_names_the_file(runs, tmp_path):  # noqa: F811
    assert invoke("view", runs, "--out", tmp_path / "a" / "b.html").stdout.startswith(str(tmp_path / "a" / "b.html"))
    assert not (runs / "view.html").exists()


def test_what_is_skipped_is_said_in_the_terminal(runs):  # noqa: F811
    (runs / "broken.json").write_text("{")
    assert "Skipped: broken.json: " in invoke("view", runs).stderr


@pytest.mark.parametrize("opens", [True, False])
def test_open_shows_the_page_in_the_browser(runs, monkeypatch, opens):  # noqa: F811
    import webbrowser

    asked = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    invoke("view", runs, *(["--open"] if opens else []))
    assert asked == ([(runs / "view.html").as_uri()] if opens else [])


def test_an_empty_folder_is_an_error_with_the_next_step(tmp_path):
    done = invoke("view", tmp_path, code=1)
    assert "holds no records; `tli-bench run --output" in str(done.exception)
    assert not (tmp_path / "view.html").exists()


def test_it_needs_no_torch(runs):  # noqa: F811
    assert "2 records" in require_light(["view", runs])
