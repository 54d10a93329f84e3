"""Whole documents of any shape, by hypothesis: where the mutations of `mutate` stay near files that are right, these are far from them."""

import json
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.fuzz.target import Target
from tests.fuzz.targets import targets
from tli_bench.base.errors import TLIError
from tli_bench.lexicon import check, load_lexicon

NAMES = st.one_of(
    st.sampled_from(
        ("swahili", "english", "split", "concept", "model", "pairs", "name", "version", "sha256", "results")
    ),
    st.text(max_size=5),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
COLUMNS = st.one_of(
    *(
        st.lists(st.none() | each, min_size=3, max_size=3)
        for each in (
            st.text(max_size=8), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=8), st.booleans(), st.dates(),
            st.datetimes(), st.times(), st.decimals(-1000, 1000, places=2), st.lists(st.text(max_size=8), max_size=2),
            st.fixed_dictionaries({"sw": st.text(max_size=8)}),
        )
    )
)  # fmt: skip
PLAIN = [
    target for target in targets() if Path(target.name).suffix in (".json", ".jsonl", ".yaml") and not target.heavy
]
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(target: Target, content: bytes) -> None:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if target.place is not None:
            target.place(Path(folder))
        path = Path(folder) / target.name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        with suppress(TLIError):
            target.read(path)


@settings(QUIET, max_examples=150)
@given(st.sampled_from(PLAIN), VALUES)
def test_any_value_at_all_in_place_of_a_document_ends_in_data_or_in_an_error_of_our_own(target, value):
    dump = yaml.safe_dump if target.name.endswith(".yaml") else json.dumps
    read(target, dump(value).encode("utf-8", "surrogatepass"))


@settings(QUIET, max_examples=80)
@given(st.dictionaries(NAMES, COLUMNS, min_size=1, max_size=4))
def test_columns_of_any_type_in_a_parquet_file_end_in_data_or_in_an_error_of_our_own(columns):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.parquet"
        parquet.write_table(pyarrow.table(columns), path)
        with suppress(TLIError):
            check(load_lexicon(path, pair="swh-eng"))


def test_the_readers_of_documents_are_many():
    assert len(PLAIN) >= 15
