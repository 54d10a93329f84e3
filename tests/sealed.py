"""A core lexicon with audit words, for tests: every second control concept of the real one is sealed."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.lexicon import Core, load_core
from tli_bench.lexicon import core as core_module
from tli_bench.lexicon.pairs import Split


def sealed_folder(folder: Path, *, one_in: int = 1) -> Path:
    """A copy of the lexicon folder's own tables under `folder`/lexicon, with audit words.

    one_in: of so many concepts of each split one is kept.
    """
    place = folder / "lexicon"
    place.mkdir(parents=True)
    for name in (core_module.VERSION_FILE, core_module.CORE_FILE):
        shutil.copyfile(data_dir("tasks") / "lexicon" / name, place / name)
    path = place / core_module.CORE_FILE
    lines, control, met = [], 0, Counter[str]()
    for line in path.read_text("utf-8").splitlines():
        split = line.rpartition("\t")[2]
        met[split] += 1
        if met[split] % one_in != 1 % one_in:
            continue
        if line.endswith(f"\t{Split.CONTROL}"):
            control += 1
            line = line.removesuffix(Split.CONTROL) + (Split.AUDIT if control % 2 else Split.CONTROL)
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return place


@contextmanager
def sealed_core(folder: Path, *, one_in: int = 1) -> Iterator[Core]:
    """Let the package find a core lexicon with audit words where it looks for its own; nothing else is changed."""
    sealed_folder(folder, one_in=one_in)
    real = core_module.data_dir
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_module, "data_dir", lambda name: folder if name == "tasks" else real(name))
        core_module.installed_core.cache_clear()
        try:
            yield load_core()
        finally:
            core_module.installed_core.cache_clear()
