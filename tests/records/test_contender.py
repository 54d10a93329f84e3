"""Who was scored: weights by fingerprint, names without paths."""

from collections import Counter

import pytest

from tests.support import make_signature
from tli_bench.models.fingerprint import is_fingerprint
from tli_bench.records.contender import display_name, is_local, name_for, weights_of

PRINT = "sha256:7b09bd6e44529123"


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("/home/me/models/x", "x"),
        ("/home/me/models/x/", "x"),
        ("./x", "x"),
        ("../runs/x", "x"),
        ("~/models/x", "x"),
        ("C:\\Users\\me\\x", "x"),
        ("D:/models/x", "x"),
        ("work/runs/x", "x"),
        ("/", "unnamed"),
        ("org/name", "org/name"),
        ("me5", "me5"),
        ("org/name:sub/file.gguf", "org/name:sub/file.gguf"),
    ],
)
def test_a_path_is_shown_by_its_last_part_and_a_name_as_it_is(model, shown):
    assert display_name(model) == shown
    assert is_local(model) == (model != shown)


@pytest.mark.parametrize(
    ("revision", "expected"), [(PRINT, True), ("a" * 40, True), ("main", False), ("sha256:abc", False), ("", False)]
)
def test_a_fingerprint_is_one_of_files_or_a_commit(revision, expected):
    assert is_fingerprint(revision) == expected


def test_weights_are_told_apart_by_fingerprint_alone_and_by_name_without_one():
    first, second = make_signature(model="/a/x", revision=PRINT), make_signature(model="/b/y", revision=PRINT)
    assert weights_of(first) == weights_of(second)
    first, second = make_signature(model="org/a", revision="main"), make_signature(model="org/b", revision="main")
    assert weights_of(first) != weights_of(second)


def test_a_name_is_preferred_to_any_number_of_paths_and_the_frequent_name_to_the_rare():
    assert name_for(Counter({"/a/copy": 9, "me5": 1})) == "me5"
    assert name_for(Counter({"other": 1, "me5": 2})) == "me5"
    assert name_for(Counter({"b": 1, "a": 1})) == "a"
    assert name_for(Counter({"/a/x": 1, "/b/x": 3})) == "x"
