"""The verbs that write, each on something small: what is there before, the command, and what must be the same after it."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tli_bench.cli import main
from tools import lexicon_release

RUN = ("run", "--pairs", "swh-eng", "--limit", "12", "--no-confirm", "--placebo", "0", "--twin", "none")
TASKS = (
    "run", "--tasks", "tli_translate_eng_Latn-swh_Latn,tli_xquad_tur_Latn", "--limit", "3", "--adapter", "none", "--data-dir", "fixtures",
)  # fmt: skip
TRAIN = ("train", "--steps", "4", "--eval-steps", "2", "--batch-size", "16", "--retention", "none")
PAIRED = ("stats", "paired", "--before", "before", "--after", "after")
_OF_THE_RUN = {"created", "command", "sha256", "recipe", "source_commit", "seconds", "memory_gb"}
"""What a record says of when and how it was made."""
_TOLD_IN_SECONDS = (".md", ".html")
"""Pages of a study, which state what it cost: that they are there is compared."""
_LEFT_BEHIND = re.compile(r"\..*(\.tmp-\d+(-\w+)+|\.lock|\.old|\.checkpoints)")


@dataclass(frozen=True, slots=True)
class Verb:
    """prepare: makes what the command finds, under a folder that is empty; call: the command, which writes under `folder / output`.

    spare: a folder of the output whose files only save time: where they could not be written the command warns and goes on.
    """

    name: str
    prepare: Callable[[Path], None]
    call: Callable[[Path], None]
    output: str = "out"
    spare: str = ""


def _nothing(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _records(folder: Path) -> None:
    """Records of two models of words that nobody scored, as tests make them."""
    from tests.support import scored_record
    from tli_bench.records import RecordStore

    store = RecordStore(folder / "records")
    for model in ("org/one", "org/two"):
        store.write(scored_record(model=model, scores=(0.1, 0.2, 0.4)))


def _scores_of_two(folder: Path) -> None:
    _nothing(folder)
    rows = (f"word{number},{number},{number + number % 3}" for number in range(12))
    (folder / "scores.csv").write_text("\n".join(["word,before,after", *rows]) + "\n")


def _words(folder: Path, *, control: int = 0) -> None:
    """The first words of the shipped list for a training, so that what is tried is soon read and scored."""
    _nothing(folder)
    lists = Path(lexicon_release.__file__).parents[1] / "tasks" / "lexicon" / "pairs" / "swh_Latn-eng_Latn"
    rows = ["source\ttarget\tsplit"]
    for split, words in {"train": 32, "dev": 24, "control": control}.items():
        for line in (lists / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1 : words + 1]:
            rows.append("\t".join([*line.split("\t")[1:3], split]))
    (folder / "words.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _sweep(folder: Path) -> None:
    _words(folder)
    spec = {
        "model": "tiny",
        "lexicon": str(folder / "words.tsv"),
        "pairs": ["swh-eng"],
        "control": False,
        "grid": {"max_steps": [1, 2], "batch_size": [16], "retention": ["none"]},
    }
    (folder / "spec.yaml").write_text(json.dumps(spec))


def _study(folder: Path) -> None:
    _words(folder, control=24)
    small = {"retention": "none", "max_steps": 1, "batch_size": 16}
    design = {
        "question": "Does a study survive what kills it?", "change_my_mind": "Nothing; it is a test.", "smoke": True, "text": False,
        "models": ["tiny"], "lexicon": str(folder / "words.tsv"), "trained": ["swh-eng"], "scored": ["swh-eng"], "seeds": [0, 1],
        "arms": {"early": {"recipe": "tli-early", "changes": small, "ranks": [1], "learning_rates": [1e-3, 1e-2]}}, "placebos": 1,
        "primary": {"name": "alignment", "measure": "p1_of_20"}, "smallest_effect": 0.5,
        "contrasts": [{"name": "early against its twin", "of": {"arm": "early"}, "against": "twin"}],
    }  # fmt: skip
    (folder / "design.yaml").write_text(json.dumps(design))


def _ask(folder: Path) -> None:
    main(
        [
            "study",
            str(folder / "design.yaml"),
            "--output",
            str(folder / "out" / "points"),
            "--page",
            str(folder / "out" / "page"),
        ]
    )


def _lexicon(folder: Path) -> None:
    """The lexicon with one file of a pair missing, one too many and a stale card."""
    shutil.copytree(Path(lexicon_release.__file__).parents[1] / "tasks" / "lexicon", folder / "out")
    next(iter(sorted((folder / "out" / "pairs").glob("*/dev.tsv")))).unlink()
    (folder / "out" / "pairs" / "old.tsv").write_text("left\n")
    card = folder / "out" / "README.md"
    card.write_text(re.sub(r"(?s)(<!-- version -->\n).*?(<!-- /version -->)", r"\1stale\n\2", card.read_text()))


def _cached_run(folder: Path) -> None:
    os.environ["TLI_BENCH_CACHE"] = str(folder / "out" / "states")
    main([*RUN, "--output", str(folder / "out" / "runs")])


def _release(folder: Path) -> None:
    import sys

    sys.argv = ["lexicon_release", str(folder / "out")]
    raise SystemExit(lexicon_release.main())


VERBS = {
    verb.name: verb
    for verb in (
        Verb("run", _nothing, lambda at: main([*RUN, "--output", str(at / "out" / "runs")])),
        Verb("run --tasks", _nothing, lambda at: main([*TASKS, "--output", str(at / "out" / "runs")])),
        Verb("train", _words, lambda at: main([*TRAIN, "--lexicon", str(at / "words.tsv"), "--output", str(at / "out" / "adapter")])),
        Verb("sweep", _sweep, lambda at: main(["sweep", str(at / "spec.yaml"), "--output", str(at / "out" / "points")])),
        Verb("study", _study, _ask),
        Verb("leaderboard", _records, lambda at: main(["leaderboard", str(at / "records"), "--out", str(at / "out" / "board")])),
        Verb("submit", _records, lambda at: main(["submit", str(at / "records"), "--no-audit", "--out", str(at / "out" / "s.zip")])),
        Verb("results merge", _records, lambda at: main(["results", "merge", str(at / "records"), "--into", str(at / "out" / "all")])),
        Verb("cache", _nothing, _cached_run, spare="states"),
        Verb("lexicon release", _lexicon, _release),
        Verb("plot", _records, lambda at: main(["plot", "curves", str(at / "records"), "--out", str(at / "out" / "plots")])),
        Verb("view", _records, lambda at: main(["view", str(at / "records"), "--out", str(at / "out" / "view.html")])),
        Verb("explain", _records, lambda at: main(["explain", str(at / "records"), "--output", str(at / "out" / "told.json")])),
        Verb("stats paired", _scores_of_two, lambda at: main([*PAIRED, str(at / "scores.csv"), "--output", str(at / "out" / "t.json")])),
        Verb("lexicon export", _nothing, lambda at: main(["lexicon", "export", str(at / "out" / "words.tsv"), "--pair", "swh-eng"])),
    )
}  # fmt: skip


def content(folder: Path) -> dict[str, Any]:
    """Every file under a folder by its place, but for time and command.

    Of lm-eval's results the scores count, as one entry whatever their time: a run that finds its records done writes them once more,
    without the standard errors that lm-eval does not know. A file of other scores keeps its place.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            continue
        if path.name.startswith("results_"):
            value = _scores(json.loads(path.read_text())["results"])
            name = "results" if found.get("results", value) == value else name
        elif path.suffix == ".json":
            data = json.loads(path.read_text())
            value = (
                {key: part for key, part in data.items() if key not in _OF_THE_RUN} if isinstance(data, dict) else data
            )
        else:
            value = b"" if path.suffix in _TOLD_IN_SECONDS else path.read_bytes()
        found[name] = value
    return found


def _scores(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The numbers of every task by measure; lm-eval writes a measure's name with its filter, after a comma."""
    return {
        task: {name: score for name, score in scores.items() if "," in name and isinstance(score, int | float)}
        for task, scores in results.items()
    }


def left_behind(folder: Path) -> list[str]:
    """Temporary files, locks and checkpoints under a folder, which nobody should find after a command that ended well."""
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob(".*")) if _LEFT_BEHIND.fullmatch(path.name)]
