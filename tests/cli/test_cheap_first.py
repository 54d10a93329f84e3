"""What a glance can tell is told before torch is imported, which alone takes longer than anybody waits for a typing error."""

import json

import pytest

from tests.command import require_light

SWEEP, DESIGN = "SWEEP", "studies/turkic_rank.smoke.yaml"
CALLS = {
    ("run", "--model", "tinny"): "unknown model 'tinny'; did you mean 'tiny'?",
    ("run", "--adapter", "/no/such"): "no adapter at '/no/such': the path does not exist",
    ("run", "--device", "cuda"): "there is no device 'cuda' on this machine",
    ("run", "--device", "gpu"): "'gpu' is not a device; use cpu, cuda, cuda:NUMBER or mps",
    ("run", "--output", "/proc/x"): "cannot write to /proc/x",
    ("train", "--model", "tinny", "--output", "x"): "unknown model 'tinny'; did you mean 'tiny'?",
    ("train", "--device", "cuda", "--output", "x"): "there is no device 'cuda' on this machine",
    ("train", "--pair", "swh-engg", "--output", "x"): "unknown language 'engg'; did you mean 'eng'",
    ("train", "--pairs", "swh-engg", "--output", "x"): "unknown language 'engg'; did you mean 'eng'",
    ("run", "--pair", "swh-engg"): "unknown language 'engg'; did you mean 'eng'",
    ("train", "--recipe", "tlii", "--output", "x"): "unknown recipe 'tlii'; did you mean 'tli'?",
    ("train", "--modules", "q_prj", "--output", "x"): "unknown module 'q_prj'; did you mean 'q_proj'",
    ("sweep", SWEEP): "unknown model 'tinny'; did you mean 'tiny'?",
    ("study", DESIGN, "--model", "tinny"): "unknown model 'tinny'; did you mean 'tiny'?",
    ("study", DESIGN, "--device", "cuda"): "there is no device 'cuda' on this machine",
    ("submit", "leaderboards/records", "--out", "/proc/x.zip"): "cannot write to /proc/x.zip",
    ("results", "merge", "leaderboards/records", "--into", "/proc/x"): "cannot write to /proc/x",
    ("leaderboard", "leaderboards/records", "--out", "/proc/x"): "cannot write to /proc/x",
    ("lexicon", "check", "--tokenizer", "tinny"): "unknown model 'tinny'; did you mean 'tiny'?",
}


def _without_a_card() -> bool:
    from tli_bench.base.errors import InputError
    from tli_bench.models.expected import expected_device

    try:
        expected_device("cuda")
    except InputError:
        return True
    return False


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each call writes to standard error, all in one process, which fails if one of them imports anything heavy."""
    spec = tmp_path_factory.mktemp("sweep") / "spec.yaml"
    spec.write_text("model: tinny\n")
    calls = [[str(spec) if part == SWEEP else part for part in call] for call in CALLS]
    printed = require_light(*calls, code=2)
    return dict(zip(CALLS, json.loads(printed), strict=True))


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_it_is_told_at_once(told, call):
    if "cuda" in call and not _without_a_card():
        pytest.skip("there may be a graphics card here, which torch must be asked for")
    assert told[call].startswith(f"error: {CALLS[call]}")
