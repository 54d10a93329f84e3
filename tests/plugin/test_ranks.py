"""A run shared among two processes over gloo: rank 0's records are those of one process, and what goes wrong is told once."""

import os
import socket
import sys
import warnings
from contextlib import contextmanager

import pytest

from tests.golden import ADAPTER
from tli_bench.base.errors import InputError, ModelError
from tli_bench.config.run import RunConfig
from tli_bench.plugin.checks import require_shareable
from tli_bench.plugin.scoring import open_model, score_tasks, tasks_of
from tli_bench.plugin.shared import Follower
from tli_bench.vectors.ranks import LostRankError, Ranks

RUN = {"model": "tiny", "adapter": str(ADAPTER), "twin": "none", "output": None, "confirm": False, "skip_gate": True}
TASK = "tli_translate_eng_Latn-swh_Latn"


def serve(ranks):
    return ranks.follow(Follower(ranks))


@contextmanager
def two_ranks(follow=serve, ends=7):
    """Rank 0 in this process, rank 1 forked from it, which follows; that one must end with the code that rank 0 gives, 7."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free.getsockname()[1]))
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of forking where there are threads: none of them is used there
        child = os.fork()
    if child == 0:
        status = 99
        try:
            status = follow(Ranks(1, 2))
        finally:
            os._exit(status)
    ranks = Ranks(0, 2)
    try:
        yield ranks
    finally:
        ranks.end(7)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == ends


def scored(config, ranks=None):
    return score_tasks(config, open_model(config, ranks=ranks), tasks_of(config))


def said(record):
    """All that a record says but when, how and by which command it was made."""
    return {k: v for k, v in record.model_dump(mode="json").items() if k not in ("created", "command", "hash")}


def same(one, two, where=""):
    """Numbers agree to 1e-6, relative or absolute; everything else is equal."""
    if isinstance(one, float):
        assert two == pytest.approx(one, rel=1e-6, abs=1e-6, nan_ok=True), where
    elif isinstance(one, dict):
        assert one.keys() == two.keys(), where
        for key in one:
            same(one[key], two[key], f"{where}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(two), where
        for number, (a, b) in enumerate(zip(one, two, strict=True)):
            same(a, b, f"{where}/{number}")
    else:
        assert one == two, where


def test_two_processes_make_the_record_of_one(monkeypatch):
    """With a placebo, whose weights have to reach the other rank, and neurons, which are pooled there."""
    config = RunConfig.build(RUN | {"pairs": "swh-eng", "limit": 61, "placebo": 1, "measures": ("default", "neuronxa")})
    (alone,) = scored(config).records
    with two_ranks() as ranks:
        asked, ask = [], ranks.ask
        monkeypatch.setattr(ranks, "ask", lambda what, told, own: asked.append((what, told)) or ask(what, told, own))
        (shared,) = scored(config, ranks).records
    same(said(alone), said(shared))
    states = [told for what, told in asked if what == "states"]
    assert len(states) >= 4, "both sides in both states"
    assert any(told[1][1].worn for told in states), "the placebo's weights"
    assert all(told[0] and abs(len(told[0][0]) - len(told[1][0])) <= 1 for told in states), "contiguous halves"


def test_two_processes_answer_a_task_as_one_does():
    config = RunConfig.build(RUN | {"tasks": TASK, "limit": 2})
    alone = scored(config)
    with two_ranks() as ranks:
        shared = scored(config, ranks)
    (one,), (two,) = alone.downstream, shared.downstream
    same(said(one), said(two))
    assert one.scores["base"] != one.scores["adapted"], "the adapter is switched off on both ranks or on none"


def broken(what, told):
    if what == "sound":
        return told

    class Foreign(Exception):
        pass

    raise Foreign("of nobody's module") if what == "foreign" else ModelError(f"no {what} here")


def test_what_goes_wrong_on_any_rank_is_raised_on_rank_0_and_the_others_stay_in_step():
    with two_ranks(lambda ranks: ranks.follow(broken)) as ranks:
        with pytest.raises(ModelError, match=r"^no weights here\n") as told:
            ranks.ask("weights", [(), ()], lambda: 1)
        assert "on rank 1:\nTraceback" in told.value.__notes__[0]
        with pytest.raises(RuntimeError, match=r"^Foreign: of nobody's module$"):
            ranks.ask("foreign", [(), ()], lambda: 1)
        with pytest.raises(InputError, match="ours"):
            ranks.ask("sound", [(), (1,)], fail)
        assert ranks.ask("sound", [(), (2,)], lambda: 1) == (1, [(2,)])
        assert ranks.ask("sound", [(), None], lambda: 1) == (1, [])


def fail():
    raise InputError("ours")


def test_a_rank_that_died_ends_the_run_at_once():
    with (
        two_ranks(lambda ranks: ranks.follow(lambda what, told: os._exit(5)), ends=5) as ranks,
        pytest.raises(
            LostRankError, match=r"rank 1 of 2 is gone \(killed, or out of memory\?\); finished units are kept"
        ),
    ):
        ranks.ask("anything", [(), ()], lambda: 1)


def test_ranks_with_different_weights_are_refused(model_folder):
    config = RunConfig.build(RUN | {"model": str(model_folder("llama")), "adapter": None})
    with (
        two_ranks(lambda ranks: ranks.follow(lambda what, told: ("another", ""))) as ranks,
        pytest.raises(ModelError, match=r"rank 1 holds another .* than rank 0"),
    ):
        open_model(config, ranks=ranks)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"device_map": "auto"},
            "--device-map auto spreads one copy of the model over all GPUs, but each process has its own",
        ),
        (
            {"device": "cuda:1"},
            "--device cuda:1 is one card, but each of the processes takes the card of its own number",
        ),
    ],
)
def test_a_placement_that_is_not_one_for_each_process_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        require_shareable(RunConfig.build(given))
    require_shareable(RunConfig.build({"device": "cuda"}))
