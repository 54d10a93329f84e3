"""The reference pages of docs/ that are made from the code: the command line, recipes, the record's schema."""

import json
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.cli import get_docs_for_click

from tli_bench.base.paths import data_dir
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.training.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent


def commands_markdown() -> str:
    """Every verb of `tli-bench` with its arguments and options, as `typer utils docs` writes them."""
    register(app)
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name=app.info.name), name=str(app.info.name))
    return text.split("\n\n", 1)[1].rstrip()


def recipes_markdown() -> str:
    """Every shipped recipe: what it is, and the settings that differ from the defaults."""
    defaults = {name: field.default for name, field in Recipe.model_fields.items()}
    lines = ["| recipe | what it is | settings |", "|---|---|---|"]
    for path in sorted((data_dir("adapters") / "recipes").glob("*.yaml")):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        summary = found.pop("summary", "")
        told = ", ".join(f"`{name}: {value}`" for name, value in found.items() if defaults.get(name) != value)
        lines.append(f"| `{path.stem}` | {_cell(summary)} | {told} |")
    return "\n".join(lines)


def recipe_settings_markdown() -> str:
    """Every setting of a recipe with its default and what it means."""
    lines = ["| setting | default | what it means |", "|---|---|---|"]
    for name, field in Recipe.model_fields.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        lines.append(
            f"| `{name}` | {'' if default in (None, '') else f'`{default}`'} | {_cell(field.description or '')} |"
        )
    return "\n".join(lines)


def record_markdown() -> str:
    """Each object of the record's JSON Schema, with the kinds of its fields."""
    schema = json.loads((ROOT / "leaderboards" / "schema.json").read_text(encoding="utf-8"))
    lines: list[str] = []
    for name, found in schema["$defs"].items():
        if "properties" not in found:
            lines += [f"## {name}", "", _text(found.get("description", "")), "", f"{_kind(found)}.", ""]
            continue
        lines += [f"## {name}", "", _text(found.get("description", "")), "", "| field | kind | |", "|---|---|---|"]
        required = set(found.get("required", ()))
        for field, facts in found["properties"].items():
            told = _cell(facts.get("description", ""))
            lines.append(f"| `{field}` | {_kind(facts)} | {told}{'' if field in required else ' may be left out'} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _kind(facts: dict[str, Any]) -> str:
    """A JSON Schema's type in words."""
    if "$ref" in facts:
        name = facts["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in facts or "enum" in facts:
        return " or ".join(f"`{value}`" for value in facts.get("enum", [facts.get("const")]))
    if "anyOf" in facts:
        return " or ".join(dict.fromkeys(_kind(one) for one in facts["anyOf"]))
    if facts.get("type") == "array":
        return f"list of {_kind(facts['items'])}" if isinstance(facts.get("items"), dict) else "list"
    if facts.get("type") == "object":
        held = facts.get("additionalProperties")
        return f"object of {_kind(held)}" if isinstance(held, dict) else "object"
    return str(facts.get("type", "anything"))


def _text(text: str) -> str:
    """A docstring's paragraphs, each on one line."""
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(part.replace("<", "\\<") for part in paragraphs)


def _cell(text: str) -> str:
    return _text(text).replace("\n", " ").replace("|", "\\|")


TABLES = {
    "commands": commands_markdown,
    "recipes": recipes_markdown,
    "recipe_settings": recipe_settings_markdown,
    "record": record_markdown,
}
