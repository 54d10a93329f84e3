"""WikiANN and UD-POS: the files, the probe against scikit-learn's own parts, controls, intervals, and a run of both states."""

import re

import numpy as np
import pytest
import torch
from lm_eval import evaluate
from lm_eval.tasks import TaskManager

from tli_bench.base.errors import InputError, UnscorableError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.labels import read_conllu, read_wikiann, sentence_of_row
from tli_bench.downstream.probe import Probe, Probes
from tli_bench.downstream.scorers.spans import span_parts, spans
from tli_bench.downstream.specs.udpos import TAGS, UDPOS
from tli_bench.downstream.specs.wikiann import TAGS as ENTITIES
from tli_bench.downstream.specs.wikiann import WikiANN
from tli_bench.downstream.tagged import TaggedAnswer
from tli_bench.stats.ratio import ratio, ratio_ci

LAYERS = ("0", "1", "2")


def test_spans_are_those_of_seqeval():
    # The examples of seqeval's documentation (get_entities) and of conlleval's comments.
    assert spans(["B-PER", "I-PER", "O", "B-LOC"]) == {("PER", 0, 1), ("LOC", 3, 3)}
    assert spans(["I-PER", "I-LOC", "I-LOC"]) == {("PER", 0, 0), ("LOC", 1, 2)}
    assert spans(["B-LOC", "B-LOC", "I-PER"]) == {("LOC", 0, 0), ("LOC", 1, 1), ("PER", 2, 2)}
    assert spans(["O", "O"]) == set()


def test_f1_counts_whole_entities():
    # seqeval's README: f1_score of these two lists is 0.50.
    gold = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    said = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    parts = np.array([span_parts(a, b) for a, b in zip(said, gold, strict=True)])
    assert ratio(parts) == 0.5


def test_wikiann_files_are_read_as_their_archives_hold_them(tmp_path):
    path = tmp_path / "train"
    path.write_text("tr:Mavi\tB-ORG\ntr:Fener\tI-ORG\ntr:http://a\tO\ntr:\tO\n\ntr:Su\tO\n", encoding="utf-8")
    first, second = read_wikiann(path, language="tr")
    assert (first.words, first.tags) == (("Mavi", "Fener", "http://a"), ("B-ORG", "I-ORG", "O"))
    assert second.words == ("Su",)
    with pytest.raises(DataError, match=re.escape("line 1 must be `sw:word<tab>tag`, got 'tr:Mavi")):
        read_wikiann(path, language="sw")
    path.write_text("tr:Mavi\t\n", encoding="utf-8")
    with pytest.raises(DataError, match="every word needs a tag"):
        read_wikiann(path, language="tr")


CONLLU = (
    "# sent_id = 1\n# text = Evdeki kedi\n"
    "1-2\tEvdeki\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tEvde\tev\tNOUN\t_\t_\t3\tnmod\t_\t_\n"
    "2\tki\tki\tADP\t_\t_\t1\tcase\t_\t_\n"
    "3\tkedi\tkedi\tNOUN\t_\t_\t0\troot\t_\t_\n"
    "3.1\tuyur\t_\tVERB\t_\t_\t_\t_\t_\t_\n\n"
)


def test_conllu_gives_syntactic_words(tmp_path):
    path = tmp_path / "tr_boun-ud-test.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    [found] = read_conllu(path)
    assert (found.words, found.tags) == (("Evde", "ki", "kedi"), ("NOUN", "ADP", "NOUN"))
    path.write_text("1\tEvde\tNOUN\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1 must have ten columns, has 3"):
        read_conllu(path)


def test_rows_of_the_hub_hold_numbers_or_names():
    row = {"tokens": ["Maria", "", "."], "ner_tags": [1, 0, 0], "langs": ["sw"] * 3, "spans": []}
    found = sentence_of_row(row, source="hf:x", number=0, tags="ner_tags", names=ENTITIES)
    assert (found.words, found.tags) == (("Maria", "."), ("B-PER", "O"))
    row = {"tokens": ["Su"], "upos": ["NOUN"]}
    assert sentence_of_row(row, source="hf:x", number=0, tags="upos", names=TAGS).tags == ("NOUN",)
    for broken, said in (
        ({"tokens": ["a"], "ner_tags": [9]}, "a number below 7, got 9"),
        ({"tokens": ["a"], "ner_tags": [0, 0]}, "1 words and 2 tags"),
        ({"tokens": ["a"]}, "`ner_tags` must be a list; the columns are tokens"),
    ):
        with pytest.raises(DataError, match=re.escape(said)):
            sentence_of_row(broken, source="hf:x", number=0, tags="ner_tags", names=ENTITIES)


def test_numbers_that_mean_other_tags_are_noticed(tmp_path):
    text = "1\t.\t_\tNOUN\t_\t_\t_\t_\t_\t_\n2\tkedi\t_\tPUNCT\t_\t_\t_\t_\t_\t_\n\n"
    (tmp_path / "UD_Turkish-BOUN").mkdir()
    (tmp_path / "UD_Turkish-BOUN" / "tr_boun-ud-test.conllu").write_text(text, encoding="utf-8")
    task = UDPOS("t", {"language": "tur_Latn", "called": "tr_boun", "english": "en_ewt", "data_dir": str(tmp_path)})
    with pytest.raises(DataError, match=r"`\.` is mostly tagged NOUN, not PUNCT"):
        task.sentences("tr_boun", "test")


def test_a_release_is_read_from_its_folders(tmp_path):
    (tmp_path / "UD_Turkish-BOUN").mkdir()
    (tmp_path / "UD_Turkish-BOUN" / "tr_boun-ud-test.conllu").write_text(CONLLU, encoding="utf-8")
    task = UDPOS("t", {"language": "tur_Latn", "called": "tr_boun", "english": "en_ewt", "data_dir": str(tmp_path)})
    assert task.sentences("tr_boun", "test").items[0].words == ("Evde", "ki", "kedi")
    with pytest.raises(DataError, match=r"en_ewt-ud-train\.conllu"):
        task.load()


def wikiann(**options):
    return WikiANN("t", {"language": "swh_Latn", "called": "sw", "english": "en", "data_dir": "fixtures", **options})


def test_sentences_are_drawn_with_a_seed_and_roles_take_turns():
    docs = wikiann(train=4, dev=3, test=2).load().items
    assert [doc["role"] for doc in docs] == ["train", "dev", "test", "train", "dev", "test", "train", "dev", "train"]
    assert docs == wikiann(train=4, dev=3, test=2).load().items
    assert docs != wikiann(train=4, dev=3, test=2, seed=1).load().items
    assert {doc["position"] for doc in docs} == set(range(9))
    with pytest.raises(DataError, match=r"`metadata\.train` must be at least 2 sentences, got 1"):
        wikiann(train=1).load()


def answered(task, vector, *, states=("base",), kept=lambda words: range(len(words))):
    """The pool of a task whose words have the vectors `vector(role, word, tag, state, layer)`."""
    items = []
    for doc in task.load().items:
        places = tuple(kept(doc["words"]))
        vectors = {
            state: torch.tensor(
                [
                    [vector(doc["role"], doc["words"][i], doc["tags"][i], state, layer) for i in places]
                    for layer in range(3)
                ]
            )
            for state in states
        }
        items.append((doc, TaggedAnswer(LAYERS, vectors, places)))
    return items


def one_hot(tag):
    return [float(tag == name) for name in ENTITIES]


def noise(word):
    return list(np.random.default_rng(list(word.encode())).normal(size=7))


def knows_at_layer_one(role, word, tag, state, layer):
    return one_hot(tag) if layer == 1 and state == "adapted" else noise(word)


def test_a_probe_finds_tags_where_they_are_and_the_controls_do_not():
    task = wikiann()
    found = task.measure(answered(task, knows_at_layer_one, states=("base", "adapted")))
    values = found.headlines
    assert (values["best_layer"], values["f1"]) == (1, 1)
    assert (values["f1_low"], values["f1_high"]) == (1, 1)
    assert values["f1_base"] < 0.6
    assert values["f1_change"] == pytest.approx(1 - values["f1_base"])
    assert values["f1_change_low"] > 0
    assert values["f1_L01"] == 1 > values["f1_L02"]
    assert values["majority"] == 0
    assert values["shuffled"] < 0.5
    tested = [doc for doc in task.load().items if doc["role"] == "test"]
    words = sum(len(doc["words"]) for doc in tested)
    assert (values["sentences"], values["words"], values["left_out_words"]) == (len(tested), words, 0)
    assert set(values) == set(task.directions(LAYERS, ("base", "adapted")))
    assert found.curves["adapted"]["f1"][1] == 1


def test_the_layer_is_chosen_on_english_dev_not_on_the_test_language():
    task = wikiann()

    def vector(role, word, tag, state, layer):
        # Layer 1 knows English alone; layer 2 would be right for Swahili and is useless on dev.
        known = {1: ("train", "dev"), 2: ("train", "test")}.get(layer, ())
        return one_hot(tag) if role in known else noise(word)

    values = task.measure(answered(task, vector)).headlines
    assert values["best_layer"] == 1
    assert values["f1_L02"] == 1
    assert values["f1"] < 1


def test_words_without_a_vector_are_counted_and_not_scored():
    task = wikiann()
    pool = answered(task, lambda role, word, tag, state, layer: one_hot(tag), kept=lambda words: range(len(words) - 1))
    values = task.measure(pool).headlines
    assert values["f1"] == 1
    assert values["left_out_words"] == len(pool)
    assert values["words"] == sum(len(doc["words"]) - 1 for doc, _ in pool if doc["role"] == "test")


def test_what_cannot_be_fitted_is_no_number():
    task = wikiann()
    values = task.measure(answered(task, lambda *_: [float("nan")] * 7)).headlines
    assert np.isnan([values[name] for name in ("f1", "f1_low", "f1_output", "shuffled", "f1_L00")]).all()
    assert values["majority"] == 0, "no vector is needed for it"
    with pytest.raises(UnscorableError, match="at least two tags"):
        Probe(np.ones((3, 2)), ["O"] * 3)


def test_the_lookup_is_what_spelling_alone_knows():
    task = UDPOS("t", {"language": "tur_Latn", "called": "tr_boun", "english": "en_ewt", "data_dir": "fixtures"})
    values = task.measure(answered(task, lambda role, word, *_: noise(word))).headlines
    docs = [doc for doc in task.load().items if doc["role"] == "test"]
    # Punctuation and two names are spelt alike; all else gets the most frequent English tag, NOUN.
    right = [
        tag in ("NOUN", "PUNCT") or word in ("Maria", "Peter")
        for doc in docs
        for word, tag in zip(doc["words"], doc["tags"], strict=True)
    ]
    assert values["lookup"] == pytest.approx(np.mean(right))
    nouns = [tag == "NOUN" for doc in docs for tag in doc["tags"]]
    assert values["majority"] == pytest.approx(np.mean(nouns))


def test_the_probe_minimises_the_stated_loss():
    """Its solution is a stationary point of the mean of the cross-entropy and the L2 penalty, both written out here."""
    rng = np.random.default_rng(0)
    x, tags = rng.normal(size=(60, 4)), [str(n) for n in rng.integers(0, 3, 60)]
    scaler, model = (step for _, step in Probe(x, tags)._fitted.steps)
    z = torch.tensor((x - x.mean(axis=0)) / x.std(axis=0))
    assert np.allclose(scaler.transform(x), z)
    weight = torch.tensor(model.coef_, requires_grad=True)
    bias = torch.tensor(model.intercept_, requires_grad=True)
    target = torch.tensor([int(tag) for tag in tags])
    loss = torch.nn.functional.cross_entropy(z @ weight.T + bias, target, reduction="sum") + weight.square().sum() / 2
    loss.backward()
    assert weight.grad.abs().max() < 1e-2
    assert bias.grad.abs().max() < 1e-2


def test_a_probe_is_fitted_once_for_the_same_words_and_again_for_others():
    probes, x = Probes(), np.arange(12.0).reshape(6, 2)
    first = probes.fit(x, list("ababab"))
    assert probes.fit(x.copy(), list("ababab")) is first
    changed = x.copy()
    changed[5, 1] += 1e-9
    assert probes.fit(changed, list("ababab")) is not first
    assert probes.fit(x, list("ababba")) is not first
    for shift in range(Probes.LIMIT):
        probes.fit(x + shift + 1, list("ababab"))
    assert probes.fit(x, list("ababab")) is not first, "the oldest goes first"


def test_whole_sentences_are_drawn():
    # Ten sentences of one long and many short ones: drawing words would give a far narrower interval.
    parts = np.array([[50.0, 50.0], *[[0.0, 5.0]] * 9])
    low, high = ratio_ci(parts)
    assert low == 0
    assert high > 0.7
    assert ratio(parts) == pytest.approx(50 / 95)
    assert ratio_ci(parts, parts) == (0, 0)
    with pytest.raises(UnscorableError, match="at least two sentences"):
        ratio_ci(parts[:1])
    with pytest.raises(UnscorableError, match="nothing to score"):
        ratio(np.zeros((3, 2)))


def test_a_task_of_another_class_is_refused_with_the_right_one():
    from tli_bench.plugin.downstream_tasks import AnswerTask

    with pytest.raises(InputError, match=r"needs `class: !function tli_bench\.plugin\.tagged_task\.TaggedTask`"):
        AnswerTask({"task": "t", "metadata": {"spec": "wikiann", "language": "swh_Latn"}})


def test_through_lm_eval(long_model):
    """A stock model tags our fixtures: every metric, the sentences counted, and nothing left out."""
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=str(long_model), device="cpu")
    manager = TaskManager(
        include_path=str(data_dir("tasks")), include_defaults=False, metadata={"data_dir": "fixtures"}
    )
    name = "tli_udpos_kaz_Cyrl"
    tasks = manager.load([name])["tasks"]
    found = evaluate(lm=lm, task_dict=tasks, bootstrap_iters=0, log_samples=True)
    row = {key.split(",")[0]: value for key, value in found["results"][name].items()}
    assert 0 <= row["accuracy"] <= 1
    assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
    assert (row["sentences"], row["left_out_words"]) == (6, 0)
    facts = found["configs"][name]["metadata"]
    assert facts["signatures"]["probe"].startswith(
        "LogisticRegression(C=1,lbfgs,tol=0.0001)|standardised|scikit-learn-"
    )
    assert (facts["sizes"], facts["seed"]) == ({"train": 500, "dev": 200, "test": 500}, 0)
    [answer] = tasks[name].instances[0].resps
    assert repr(answer).startswith("SentenceStates(base, ")  # what lm-eval logs; never the vectors
