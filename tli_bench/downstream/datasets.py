"""Which languages a data set has, and which of them have fixtures in this project; tasks are made for these."""

from tli_bench.base.paths import data_dir
from tli_bench.downstream.sources import FIXTURES
from tli_bench.languages.registry import registry


def named_in(dataset: str) -> dict[str, str]:
    """A data set's own name for each language that it has, by language code, in the order of the languages."""
    return {language.code: language.datasets[dataset] for language in registry() if dataset in language.datasets}


def has_fixture(folder: str, name: str) -> bool:
    """Whether a task's folder has a fixture with this file name."""
    return (data_dir("tasks") / folder / FIXTURES / name).is_file()
