"""What a model is called by: all of its files, whatever their size, and again as soon as one of them changes."""

import hashlib
import os
import time

import pytest

from tests.base.test_files import ended, left_over
from tli_bench.base.errors import ModelError
from tli_bench.models import fingerprint
from tli_bench.models.fingerprint import hash_file, model_fingerprint

GIB = 1 << 30


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Files of a few bytes count as large ones, and have lain there for long; their hashes are kept in a folder of the test's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprint, "_LARGE", 4)
    monkeypatch.setattr(fingerprint, "_SETTLED", -1)
    folder = tmp_path / "model"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"model-{number}.safetensors").write_bytes(b"layer %d" % number)
    (folder / "config.json").write_text("{}")
    return folder


def kept(folder):
    return sorted((folder.parent / "cache" / "tli-bench" / "hashes").glob("*"))


def test_a_hash_that_a_killed_process_was_keeping_goes_when_the_next_is_kept(large):
    half = left_over(large.parent / "cache" / "tli-bench" / "hashes", "abc", process=ended())
    hash_file(large / "model-1.safetensors")
    assert len(kept(large)) == 1
    assert not half.exists()


@pytest.mark.slow
def test_a_change_in_the_middle_of_a_file_of_three_gib_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"head")
    os.truncate(path, 3 * GIB)
    before = hash_file(path)
    with path.open("r+b") as file:
        file.seek(3 * GIB // 2)
        file.write(b"another layer")
    assert hash_file(path) != before


def test_a_change_of_one_shard_in_the_middle_is_another_model_and_its_way_back_the_old_one(large):
    before = model_fingerprint(large)
    shard = large / "model-2.safetensors"
    shard.write_bytes(b"Layer 2")
    changed = model_fingerprint(large)
    shard.write_bytes(b"layer 2")
    assert changed != before
    assert model_fingerprint(large) == before


def test_the_hash_is_that_of_the_whole_file_whether_it_is_kept_or_not(large, monkeypatch):
    path = large / "model-1.safetensors"
    expected = hashlib.sha256(b"layer 1").hexdigest()
    assert hash_file(path) == expected
    assert len(kept(large)) == 1

    def never(*_):
        raise AssertionError("read again")

    with monkeypatch.context() as patched:
        patched.setattr(fingerprint.hashlib, "file_digest", never)
        assert hash_file(path) == expected
    monkeypatch.setattr(fingerprint, "_LARGE", 1 << 40)
    assert hash_file(path) == expected


def test_a_file_with_the_old_size_and_the_old_time_is_read_again(large):
    """`cp -p`, `rsync --times` and `touch -r` set the time of a change; nothing sets the time of the inode."""
    path = large / "model-1.safetensors"
    before, times = hash_file(path), path.stat()
    time.sleep(0.02)
    path.write_bytes(b"LAYER 1")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns
    assert hash_file(path) == hashlib.sha256(b"LAYER 1").hexdigest() != before


def test_a_file_that_was_only_just_written_is_not_kept(large, monkeypatch):
    monkeypatch.setattr(fingerprint, "_SETTLED", 2 * 10**9)
    hash_file(large / "model-1.safetensors")
    assert not kept(large)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 64, b"A" * 64])
def test_a_damaged_kept_hash_is_not_believed(large, damage):
    path = large / "model-1.safetensors"
    expected = hash_file(path)
    kept(large)[0].write_bytes(damage)
    assert hash_file(path) == expected


def test_a_file_that_changes_while_it_is_read_has_no_hash(large, monkeypatch):
    path, digest = large / "model-1.safetensors", hashlib.file_digest

    def slow(handle, name):
        path.write_bytes(b"somebody writes it meanwhile")
        return digest(handle, name)

    monkeypatch.setattr(fingerprint.hashlib, "file_digest", slow)
    with pytest.raises(ModelError, match=r"model-1\.safetensors changed while it was read; wait until it is written"):
        hash_file(path)


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(large, monkeypatch):
    (large.parent / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(large.parent / "file"))
    assert hash_file(large / "model-1.safetensors") == hashlib.sha256(b"layer 1").hexdigest()
