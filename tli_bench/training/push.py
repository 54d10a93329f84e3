"""Push a trained adapter or model to the Hub: checked, listed, then uploaded when asked."""

import os
from dataclasses import dataclass
from pathlib import Path

from tli_bench.base.errors import AdapterError, InputError, OutputError
from tli_bench.models import inspect_adapter
from tli_bench.models.catalog import check_model_folder
from tli_bench.models.tuned import CARD, read_model_card
from tli_bench.models.twins import FOLDER as TWIN
from tli_bench.training.card import HUB_ID

# What a Hub repository of an adapter or a model holds; anything else in the folder is not uploaded.
ADAPTER: tuple[str, ...] = ("adapter_config.json", "adapter_model.safetensors", CARD, "README.md")
MODEL: tuple[str, ...] = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*",
    "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "spiece.model", "chat_template.jinja",
    CARD, "README.md")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """What goes where: files below `folder`, a twin's among them. size: total size in bytes."""

    repository: str
    folder: Path
    files: tuple[Path, ...]
    size: int


def plan_push(folder: Path, repository: str) -> Upload:
    """Check an adapter, or a fully fine-tuned model, and list what would be uploaded; does not use the network.

    Raises AdapterError or ModelError for a folder that is neither or has no card, InputError for a repository that is
    not written as ORG/NAME.
    """
    if not HUB_ID.fullmatch(repository):
        raise InputError(f"{repository!r} is not a Hub repository; write ORG/NAME")
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
    return Upload(repository, folder, files, sum(path.stat().st_size for path in files))


def push(upload: Upload, *, private: bool = True) -> str:
    """Upload and return the address; raises OutputError with the Hub's own message if it refuses."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    try:
        api.create_repo(upload.repository, private=private, exist_ok=True)
        address = api.upload_folder(
            repo_id=upload.repository,
            folder_path=str(upload.folder),
            allow_patterns=[path.relative_to(upload.folder).as_posix() for path in upload.files],
            commit_message="Trained by tli-bench",
        )
    except (HfHubHTTPError, OSError, ValueError) as err:
        raise OutputError(
            f"the Hub refused {upload.repository}: {str(err).splitlines()[0]}; run `hf auth login` and try again"
        ) from err
    return str(address)
