"""What is on the Hub and what is in its cache: named by repository, revision and folder, and told apart when something is missing."""

import shutil

import pytest

from tli_bench.base.errors import AdapterError, ModelError
from tli_bench.models import LoadOptions, load_model
from tli_bench.models.adapter_files import OnHub, on_hub, read_adapter
from tli_bench.models.hub import hub_reason

OLD, NEW = "0a" * 20, "1b" * 20


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the Hub, and a function that puts a folder into it at a commit."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    def put(repository, folder, *, commit, refs=()):
        home = tmp_path / f"models--{repository.replace('/', '--')}"
        shutil.copytree(folder, home / "snapshots" / commit)
        for name in refs:
            (home / "refs" / name).parent.mkdir(parents=True, exist_ok=True)
            (home / "refs" / name).write_text(commit)

    return put


def test_a_cached_model_is_found_by_branch_tag_and_commit(cache, model_folder):
    cache("org/small", model_folder("llama"), commit=NEW, refs=("main", "v1"))
    for revision in (None, "main", "v1", NEW):
        assert load_model("org/small", LoadOptions(revision=revision)).revision == NEW


def test_a_tag_that_is_not_in_the_cache_is_said_as_such(cache, model_folder):
    cache("org/small", model_folder("llama"), commit=NEW, refs=("main",))
    with pytest.raises(ModelError) as error:
        load_model("org/small", LoadOptions(revision="v2"))
    assert f"holds org/small at main ({NEW[:12]}), but not at revision 'v2'" in str(error.value)
    assert "`hf download org/small --revision v2`" in str(error.value)


def test_a_cache_without_its_main_branch_says_which_commit_to_ask_for(cache, model_folder):
    cache("org/small", model_folder("llama"), commit=OLD)
    with pytest.raises(ModelError, match=rf"refs/main is missing.*give --revision {OLD}"):
        load_model("org/small")
    assert load_model("org/small", LoadOptions(revision=OLD)).revision == OLD


def test_an_unknown_model_is_none_of_these(cache):
    with pytest.raises(
        ModelError, match=r"org/none is not in the local cache and the Hub is switched off.*`hf download org/none`"
    ):
        load_model("org/none")


@pytest.mark.parametrize(
    ("name", "place"),
    [("org/a", OnHub("org/a", None, None)), ("org/a@v1", OnHub("org/a", "v1", None)), ("org/a:tli/r16", OnHub("org/a", None, "tli/r16")),
     ("org/a@refs/pr/3:tli/", OnHub("org/a", "refs/pr/3", "tli")), ("org/a:../x", None), ("a", None), ("org/a/b", None), ("./a", None)],
)  # fmt: skip
def test_an_adapter_is_named_by_repository_revision_and_folder(name, place):
    assert on_hub(name) == place


def test_adapters_are_read_from_a_revision_and_a_folder(cache, tmp_path):
    from tli_bench.base.paths import data_dir

    shipped = data_dir("adapters") / "tiny-swh-eng-tli"
    repository = tmp_path / "repository"
    shutil.copytree(shipped, repository / "swh" / "tli")
    cache("org/adapters", repository, commit=NEW, refs=("main", "v1"))
    own = read_adapter(str(shipped)).sha256
    for name in ("org/adapters:swh/tli", "org/adapters@v1:swh/tli", f"org/adapters@{NEW}:swh/tli/"):
        assert read_adapter(name).sha256 == own
    with pytest.raises(AdapterError, match=r"org/adapters has no adapter_config\.json; .*ORG/NAME:FOLDER"):
        read_adapter("org/adapters")
    with pytest.raises(AdapterError, match=r"has no tur/adapter_config\.json"):
        read_adapter("org/adapters:tur")
    with pytest.raises(AdapterError, match=r"holds org/adapters at main .*, v1 .*, but not at revision 'v2'"):
        read_adapter("org/adapters@v2:swh/tli")


def test_what_the_hub_answers_has_a_page_and_a_command():
    from huggingface_hub import errors

    refused = errors.GatedRepoError.__new__(errors.GatedRepoError)  # as the answer of a server makes it
    said = hub_reason("org/a", None, OSError("wrapped"))
    assert said is None
    try:
        raise OSError("wrapped") from refused
    except OSError as err:
        said = hub_reason("org/a", None, err)
    assert "org/a is gated: accept its terms on https://huggingface.co/org/a, run `hf auth login`" in said
    broken = OSError("Consistency check failed: file should be of size 9 but has size 4")
    assert "the download of org/a broke off" in hub_reason("org/a", None, broken)
    assert "run the same command again, files that came whole are kept" in hub_reason("org/a", None, broken)
