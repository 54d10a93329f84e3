"""lm-eval's `use_cache` with the model `tli`: nobody is handed another model's answers."""

import lm_eval
import peft
import pytest
from lm_eval.tasks import TaskManager

import tli_bench.plugin.lm  # noqa: F401
from tests.models.test_adapters import save_adapter
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir

TASK = "tli_translate_swh_Latn-eng_Latn"


@pytest.fixture(scope="module")
def manager():
    return TaskManager(include_path=str(data_dir("tasks")), include_defaults=False)


@pytest.fixture(scope="module")
def base(model_folder):
    return model_folder("llama")


@pytest.fixture(scope="module")
def adapters(base, tmp_path_factory):
    """Two adapters whose answers differ."""
    folder = tmp_path_factory.mktemp("adapters")
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"])
    other = peft.LoraConfig(r=2, target_modules=["up_proj", "down_proj"])
    return [str(save_adapter(base, folder / name, it)) for name, it in (("one", config), ("two", other))]


def answers(base, manager, adapter=None, cache=None, **arguments):
    """What the model said to each document."""
    found = lm_eval.simple_evaluate(
        model="tli",
        model_args={"pretrained": str(base), "adapter": adapter, "skip_gate": True, **arguments},
        tasks=[TASK],
        task_manager=manager,
        limit=3,
        bootstrap_iters=0,
        use_cache=cache and str(cache),
    )
    return [sample["resps"] for sample in found["samples"][TASK]]


@pytest.mark.slow
def test_a_second_adapter_never_gets_the_first_ones_answers(base, adapters, manager, tmp_path):
    cache = tmp_path / "answers"
    first = answers(base, manager, adapters[0], cache)
    assert answers(base, manager, adapters[0], cache) == first == answers(base, manager, adapters[0])
    second = answers(base, manager, adapters[1])
    assert second != first
    with pytest.raises(InputError, match=r"those of .* with adapter one .* give --use_cache a different path"):
        answers(base, manager, adapters[1], cache)
    with pytest.raises(InputError, match="give --use_cache a different path"):
        answers(base, manager, None, cache)
    assert answers(base, manager, adapters[1], tmp_path / "others") == second


def test_answers_that_nobody_signed_are_refused(base, manager, tmp_path):
    from sqlitedict import SqliteDict

    with SqliteDict(f"{tmp_path / 'answers'}_rank0.db", autocommit=True) as cached:
        cached["some hash"] = "some answer"
    with pytest.raises(InputError, match="a model it does not name"):
        answers(base, manager, None, tmp_path / "answers")


def test_our_own_tasks_may_be_cached_beside(base, manager, tmp_path):
    """Hidden states never go into that file."""
    found = lm_eval.simple_evaluate(
        model="tli",
        model_args={"pretrained": str(base), "skip_gate": True},
        tasks=["tli_alignment_swh_Latn-eng_Latn"],
        task_manager=manager,
        limit=30,
        bootstrap_iters=0,
        use_cache=str(tmp_path / "answers"),
    )
    assert found["results"]
