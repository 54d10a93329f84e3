"""What of a trained adapter or model goes to the Hub, checked."""

import os
from pathlib import Path

from tli_bench.base.errors import AdapterError
from tli_bench.models import inspect_adapter
from tli_bench.models.catalog import check_model_folder
from tli_bench.models.tuned import CARD, read_model_card
from tli_bench.models.twins import FOLDER as TWIN
from tli_bench.models.upload import Upload, require_hub_id

# What a Hub repository of an adapter or a model holds; anything else in the folder is not uploaded.
ADAPTER: tuple[str, ...] = ("adapter_config.json", "adapter_model.safetensors", CARD, "README.md")
MODEL: tuple[str, ...] = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*",
    "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "spiece.model", "chat_template.jinja",
    CARD, "README.md")  # fmt: skip


def plan_push(folder: Path, repository: str) -> Upload:
    """Check an adapter, or a fully fine-tuned model, and list what would be uploaded; does not use the network.

    Raises AdapterError or ModelError for a folder that is neither or has no card, InputError for a repository that is
    not written as ORG/NAME.
    """
    require_hub_id(repository)
    if not os.path.isdir(folder):
        raise AdapterError(f"no adapter at {str(folder)!r}; give the folder that `tli-bench train` wrote")
    if (folder / "config.json").is_file():
        check_model_folder(folder)
        card, patterns = read_model_card(folder), MODEL
    else:
        card, patterns = inspect_adapter(str(folder)).card, ADAPTER
    if card is None:
        raise AdapterError(f"{folder} has no {CARD}: nothing says what it was trained on")
    patterns = (*patterns, *(f"{TWIN}/{pattern}" for pattern in patterns)) if "twin" in card else patterns
    files = tuple(sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}))
    return Upload(repository, folder, files)
