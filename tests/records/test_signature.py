"""Scores are compared only when what must agree agrees, and the error names the field."""

import pytest

from tests.support import make_signature
from tli_bench.base.errors import ResultError
from tli_bench.config.facts import AGREE

OTHER = {
    "protocol": "mexa.v1", "pooling": "all-mean", "lexicon": "own", "lexicon_hash": "1" * 64, "split_seed": 1,
    "pair": "tur_Latn-eng_Latn", "n": {"control": 3}, "limit": 5, "leaking": True, "measures": "2",
}  # fmt: skip


def test_every_field_that_must_agree_is_tried():
    assert set(OTHER) == set(AGREE)


@pytest.mark.parametrize("field", AGREE)
def test_a_field_that_disagrees_is_named(field):
    with pytest.raises(ResultError, match=f"not comparable: {field} is .* score both with the same {field}"):
        make_signature().require_comparable(make_signature(**{field: OTHER[field]}))


@pytest.mark.parametrize("change", [{"model": "other"}, {"dtype": "bfloat16"}, {"revision": "x"}, {"seed": 3}])
def test_models_may_differ(change):
    make_signature().require_comparable(make_signature(**change))
