"""Prompts and names from the YAML files under `tasks/`, and how they are filled in."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tli_bench.base.errors import reason_of
from tli_bench.base.paths import data_dir
from tli_bench.base.yamls import load_yaml
from tli_bench.downstream.errors import DataError
from tli_bench.languages import language_of


@cache
def data_file(name: str) -> Mapping[str, Any]:
    """A YAML file of names under `tasks/`, such as `xquad/prompts.yaml`; raises DataError naming it."""
    path = Path(data_dir("tasks")) / name
    try:
        found = load_yaml(path)
    except (OSError, ValueError) as err:
        raise DataError(f"{path}: cannot be read ({reason_of(err)})") from err
    if not isinstance(found, dict):
        raise DataError(f"{path}: must be a mapping, got {type(found).__name__}")
    return found


def prompts(task: str) -> Mapping[str, Any]:
    """The prompt file of a task folder, `tasks/<task>/prompts.yaml`; raises DataError naming it."""
    return data_file(f"{task}/prompts.yaml")


def prompt(task: str, language: str, *slots: str) -> str:
    """The prompt of `language` (its code) for a task; it must hold each of `slots`, such as `{context}`, once.

    Raises DataError naming file, key and slot.
    """
    [text] = own_prompts(task, language)[:1]
    for slot in slots:
        if text.count(slot) != 1:
            raise DataError(
                f"{language_of(language).file}: `prompts.{task}` must hold {slot} exactly once, got {text!r}"
            )
    return text


def own_prompts(task: str, language: str) -> tuple[str, ...]:
    """The prompts for a task in a language's file; raises DataError naming the file when it has none."""
    own = language_of(language)
    found = own.prompts.get(task)
    if not found:
        where = own.file or f"no file describes {own.code}"
        raise DataError(f"{where}: no `prompts.{task}`; add one to {own.code}.yaml (docs/languages.md)")
    return found


def fill(template: str, **values: str) -> str:
    """The template with its slots replaced in one pass, so that braces inside a document stay as they are."""
    parts: list[str] = []
    rest = template
    while rest:
        found = [(rest.find("{" + name + "}"), name) for name in values if "{" + name + "}" in rest]
        if not found:
            break
        position, name = min(found)
        parts += [rest[:position], values[name]]
        rest = rest[position + len(name) + 2 :]
    return "".join([*parts, rest])
