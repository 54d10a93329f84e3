"""Which words also run inside a sentence, and in whose language's sentence."""

from tli_bench.languages import language_or_default, resolve_language
from tli_bench.plugin.carried import CARRIER, SAMPLE, carried
from tli_bench.plugin.tasks import AlignmentTask, TrainedProbeTask
from tli_bench.vectors.protocols import get_protocol, get_protocols

SWAHILI, ENGLISH = resolve_language("swh"), resolve_language("eng")
NAMED = get_protocols("words,words.v1")


def ids(protocols):
    return [protocol.id for protocol in protocols]


def test_control_and_dev_words_are_confirmed_and_others_only_sampled():
    found = carried(SWAHILI, ENGLISH, confirm=True)
    carrier = get_protocol(CARRIER)
    assert found.beside(NAMED, "control", sampled=True) == (*NAMED, carrier)
    assert found.beside(NAMED, "dev", sampled=False) == (*NAMED, carrier)
    assert found.beside(NAMED, "train", sampled=True) == (*NAMED, carrier)
    assert found.beside(NAMED, "train", sampled=False) == NAMED
    assert found.beside((carrier,), "control", sampled=True) == (carrier,)
    assert carried(SWAHILI, ENGLISH, confirm=False).beside(NAMED, "control", sampled=False) == NAMED


def test_a_language_without_the_sentence_borrows_one_for_the_norm_alone_and_says_so():
    unknown = language_or_default("zul_Latn")
    found = carried(unknown, ENGLISH, confirm=True)
    assert found.confirming is None
    assert found.missing == "confirmation: carrier:next has no sentence for zul_Latn"
    assert found.reference.template("zul_Latn") == get_protocol(CARRIER).template("eng_Latn")
    assert found.reference.name != CARRIER
    assert carried(unknown, ENGLISH, confirm=False).missing == ""


def test_the_sample_is_the_first_pairs_so_that_a_limit_leaves_them_in():
    task = AlignmentTask({"metadata": {"pair": "swh_Latn-eng_Latn", "confirm": False}})
    docs = task.test_docs()
    asked = [task.construct_requests(doc, "", metadata=(None, 0, 0)).args[2] for doc in docs[: 2 * SAMPLE]]
    assert [len(protocols) for protocols in asked] == [2] * SAMPLE + [1] * SAMPLE


def test_a_task_without_control_words_is_not_confirmed():
    task = TrainedProbeTask({"metadata": {"pair": "swh_Latn-eng_Latn"}})
    doc = next(doc for doc in task.test_docs()[2 * SAMPLE :] if doc["split"] == "dev")
    assert ids(task.construct_requests(doc, "", metadata=(None, 0, 0)).args[2]) == ["words.v2"]
