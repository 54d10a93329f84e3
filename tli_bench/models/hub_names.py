"""What people type for a repository of the Hub: its address in a browser, or the short id that an old model still goes by."""

import re

from tli_bench.base.errors import InputError
from tli_bench.models.fingerprint import hub_file

_ADDRESS = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<id>[\w.-]+(?:/[\w.-]+)?)/?(?P<rest>.*)", re.ASCII
)
_REVISION = re.compile(r"(?:tree|blob|resolve|commit)/(?P<revision>[^/?#]+)/?")
_OWNERS = {
    "openai-community": ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "openai-gpt"),
    "distilbert": ("distilgpt2", "distilbert-base-uncased", "distilbert-base-multilingual-cased", "distilroberta-base"),
    "google-bert": (
        *("bert-base-uncased", "bert-base-cased", "bert-large-uncased", "bert-large-cased"),
        *("bert-base-multilingual-cased", "bert-base-multilingual-uncased"),
    ),
    "FacebookAI": ("roberta-base", "roberta-large", "xlm-roberta-base", "xlm-roberta-large", "xlm-mlm-100-1280"),
    "albert": ("albert-base-v2", "albert-large-v2", "albert-xlarge-v2", "albert-xxlarge-v2"),
    "google-t5": ("t5-small", "t5-base", "t5-large"),
}
CANONICAL = {name: f"{owner}/{name}" for owner, names in _OWNERS.items() for name in names}
"""Ids without an owner, from before there were any, and where the Hub keeps them now."""


def hub_name(name: str) -> str:
    """The id of a repository of the Hub that `name` means; anything else as it is.

    An id without an owner stays where it is cached under it. Raises InputError for an address that says more than a repository.
    """
    found = _ADDRESS.fullmatch(name)
    if found is None:
        return CANONICAL[name] if name in CANONICAL and hub_file(name, file="config.json") is None else name
    if not found["rest"]:
        return hub_name(found["id"])
    revision = _REVISION.fullmatch(found["rest"])
    told = f"{found['id']} with --revision {revision['revision']}" if revision else f"its id {found['id']}"
    raise InputError(f"{name} is the address of something in a repository; give {told}")
