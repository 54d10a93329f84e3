"""What the Hub, or its cache, could not give, as one sentence that says what to do next."""

import os
from collections.abc import Iterator
from pathlib import Path

_SHOWN = 3
_BROKEN = ("consistency check failed", "incomplete", "peer closed connection", "connection broken", "response ended")


def hub_reason(target: str, revision: str | None, err: BaseException) -> str | None:
    """The sentence for an error of loading `target` from the Hub; None for one that is not about getting files."""
    from huggingface_hub import constants
    from huggingface_hub import errors as hub

    causes = tuple(_causes(err))

    def any_of(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if any_of(hub.GatedRepoError):
        return (
            f"{target} is gated: accept its terms on {constants.ENDPOINT}/{target}, run `hf auth login` with the account that did, and "
            "try again"
        )
    if any_of(hub.RepositoryNotFoundError):
        return (
            f"the Hub has no repository {target}, or it is private: check the spelling, or run `hf auth login` with an account that may "
            "read it"
        )
    if any_of(hub.RevisionNotFoundError):
        return f"{target} has no revision {revision!r}; give a branch, tag or commit of it"
    if any_of(hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled):
        return _not_here(target, revision)
    if any(part in str(cause).lower() for cause in causes for part in _BROKEN):
        return f"the download of {target} broke off ({first_line(err)}); run the same command again, files that came whole are kept"
    return None


def is_offline() -> bool:
    """Whether the Hub is switched off."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def _not_here(target: str, revision: str | None) -> str:
    why = "the Hub is switched off (HF_HUB_OFFLINE)" if is_offline() else "the Hub cannot be reached"
    refs, commits = _cached(target)
    fetch = f"`hf download {target}{f' --revision {revision}' if revision else ''}`"
    if commits and revision and revision not in refs and revision not in commits:
        there = ", ".join(
            [*(f"{name} ({commit[:12]})" for name, commit in refs.items()), *_unnamed(refs, commits)][:_SHOWN]
        )
        return (
            f"the local cache holds {target} at {there}, but not at revision {revision!r}, and {why}; give one of these with --revision, "
            f"or run {fetch} on a machine with a network"
        )
    if commits and not revision and "main" not in refs:
        return (
            f"the local cache holds {target} at commit {', '.join(commits[:_SHOWN])}, but does not say what its main branch is "
            f"(refs/main is missing), and {why}; give --revision {commits[0]}, or run {fetch} on a machine with a network"
        )
    return (
        f"{target} is not in the local cache and {why}. On a machine with a network run {fetch}, then copy its cache folder here "
        "(HF_HOME), or give a folder in its place"
    )


def _cached(target: str) -> tuple[dict[str, str], list[str]]:
    """Branches and tags of a model in the cache with their commits, and every commit that has files there."""
    from huggingface_hub import constants

    home = Path(constants.HF_HUB_CACHE) / f"models--{target.replace('/', '--')}"
    refs = {}
    for path in sorted((home / "refs").rglob("*")):
        if path.is_file():
            refs[path.relative_to(home / "refs").as_posix()] = path.read_text(
                encoding="utf-8", errors="replace"
            ).strip()[:40]
    snapshots = home / "snapshots"
    return refs, sorted(path.name for path in snapshots.iterdir() if any(path.iterdir())) if snapshots.is_dir() else []


def _unnamed(refs: dict[str, str], commits: list[str]) -> list[str]:
    return [f"commit {commit[:12]}" for commit in commits if commit not in refs.values()]


def _causes(err: BaseException | None) -> Iterator[BaseException]:
    while err is not None:
        yield err
        err = err.__cause__ or err.__context__


def first_line(err: BaseException) -> str:
    """The first line of an error's text, or its kind where it has none."""
    return (str(err).strip().splitlines() or [type(err).__name__])[0]
