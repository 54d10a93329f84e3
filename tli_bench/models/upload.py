"""What goes to the Hub, and the upload: an adapter or a model as a model repository, results as a data set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tli_bench.base.errors import InputError, OutputError
from tli_bench.models.catalog import HUB_ID
from tli_bench.models.hub import first_line


@dataclass(frozen=True, slots=True)
class Upload:
    """What goes where: files below `folder`, a twin's among them, and `texts` by their path in the repository. size: total in bytes."""

    repository: str
    folder: Path
    files: tuple[Path, ...]
    kind: Literal["model", "dataset"] = "model"
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Of all of it, in bytes."""
        return sum(path.stat().st_size for path in self.files) + sum(len(text.encode()) for text in self.texts.values())

    def listing(self) -> list[tuple[str, int]]:
        """The path of everything in the repository, and its size in bytes."""
        files = [(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in self.files]
        return files + [(name, len(text.encode())) for name, text in self.texts.items()]


def require_hub_id(repository: str) -> None:
    """Raise InputError for what is not written as ORG/NAME."""
    if not HUB_ID.fullmatch(repository):
        raise InputError(f"{repository!r} is not a Hub repository; write ORG/NAME")


def push(upload: Upload, *, private: bool = True) -> str:
    """Upload as one commit and return its address; a missing repository is made. Raises OutputError with the Hub's own message."""
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    added = [
        CommitOperationAdd(path_in_repo=path.relative_to(upload.folder).as_posix(), path_or_fileobj=str(path))
        for path in upload.files
    ]
    added += [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=text.encode()) for name, text in upload.texts.items()
    ]
    try:
        api.create_repo(upload.repository, private=private, exist_ok=True, repo_type=upload.kind)
        done = api.create_commit(
            upload.repository, operations=added, commit_message="From tli-bench", repo_type=upload.kind
        )
    except (HfHubHTTPError, OSError, ValueError) as err:
        raise OutputError(
            f"the Hub refused {upload.repository}: {first_line(err)}; run `hf auth login` and try again"
        ) from err
    return str(done.commit_url)
