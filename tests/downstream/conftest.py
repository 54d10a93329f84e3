"""A tiny model that reads longer texts, and a scripted one that says what it is told, both through lm-eval."""

import pytest
from lm_eval import evaluate
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.paths import data_dir


class Scripted(LM):
    """Answers every prompt with `say(document)`, and prefers what `prefer(context, continuation)` scores highest."""

    def __init__(self, say, prefer=lambda context, continuation: 0.0):
        super().__init__()
        self.say, self.prefer, self.prompts = say, prefer, []

    def generate_until(self, requests, **_):
        self.prompts += [request.args[0] for request in requests]
        return [self.say(request.doc) for request in requests]

    def loglikelihood(self, requests, **_):
        return [(self.prefer(request.doc, request.args[1]), False) for request in requests]

    def loglikelihood_rolling(self, requests, **_):
        raise NotImplementedError


@pytest.fixture(scope="session")
def manager():
    return TaskManager(
        include_path=str(data_dir("tasks")),
        include_defaults=False,
        metadata={"data_dir": "fixtures", "protocol": "words"},
    )


@pytest.fixture
def scores(manager):
    """Metrics of one task under a model, by name."""

    def run(lm, name, limit=None):
        tasks = manager.load([name])["tasks"]
        found = evaluate(lm=lm, task_dict=tasks, limit=limit, bootstrap_iters=0, log_samples=True)
        return {key.split(",")[0]: value for key, value in found["results"][name].items()}

    return run


@pytest.fixture(scope="session")
def long_model(tmp_path_factory):
    """Folder of a random Llama with 512 positions and its tokenizer."""
    folder = tmp_path_factory.mktemp("long")
    model = make_model("llama")
    model.config.max_position_embeddings = 512
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder
