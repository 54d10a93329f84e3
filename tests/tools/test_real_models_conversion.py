"""The conversions on tiny files that are written here in the real layouts, with weights whose values are known."""

import json
import struct
from functools import partial

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.errors import ModelError
from tli_bench.models import load_model
from tli_bench.models.packaged import models_root
from tools.real_models import e5, llama
from tools.real_models.container import read_container
from tools.real_models.declared import GGUF
from tools.real_models.unigram import normaliser

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 4, 64, 16, 2
PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("m", -6.0), ("a", -6.0), ("j", -6.0), ("i", -6.0),
    ("▁maji", -2.0), ("ji", -4.0), ("ğ", -5.0), ("<mask>", 0.0),
]  # fmt: skip
BECOMES = {"\u0001": "", "\t": " ", "ﬁ": "fi", "\u00a0": " "}
VOCABULARY = len(PIECES) + 3
SQUARE = (HIDDEN, HIDDEN)
MATRICES = {"q": SQUARE, "k": SQUARE, "v": SQUARE, "ao": SQUARE, "fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}


class Written:
    """A container of random weights: `file` is its content, `values` every tensor as it must be read."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.values, self.stored = {}, {}
        self.quantised("emb.word", VOCABULARY, HIDDEN)
        for name, shape in {"emb.pos": (POSITIONS, HIDDEN), "emb.type": (TYPES, HIDDEN)}.items():
            self.floats(name, *shape)
        self.floats("emb.ln.w", HIDDEN)
        self.floats("emb.ln.b", HIDDEN)
        for layer in range(LAYERS):
            for short, (rows, columns) in MATRICES.items():
                self.quantised(f"l{layer}.{short}.w", rows, columns)
                self.floats(f"l{layer}.{short}.b", rows)
            for short in ("aln", "oln"):
                self.floats(f"l{layer}.{short}.w", HIDDEN)
                self.floats(f"l{layer}.{short}.b", HIDDEN)
        self.file = self.header() + self.directory()

    def floats(self, name, *shape):
        self.values[name] = self.random.normal(size=shape).astype(np.float32)
        self.stored[name] = self.values[name].tobytes()

    def quantised(self, name, rows, columns):
        """Weight by weight, as the layout is described, and not as the reader does it."""
        values, raw = np.zeros((rows, columns), np.float32), b""
        for row in range(rows):
            for start in range(0, columns, 32):
                scale = np.float16(self.random.uniform(0.01, 0.1))
                steps = self.random.integers(0, 16, 32)
                values[row, start : start + 32] = (steps - 8).astype(np.float32) * np.float32(scale)
                raw += struct.pack("<e", scale) + bytes(int(steps[j]) + 16 * int(steps[j + 16]) for j in range(16))
        self.values[name], self.stored[name] = values, raw

    def header(self, version=1):
        texts = [text.encode() for text, _ in PIECES]
        starts = np.cumsum([0, *map(len, texts)])
        entries = b"".join(
            struct.pack(f"<IB{len(new)}I", ord(old), len(new), *map(ord, new)) for old, new in BECOMES.items()
        )
        return b"".join(
            [
                b"E5S1",
                struct.pack("<I7ifi", version, HIDDEN, LAYERS, HEADS, INNER, VOCABULARY, POSITIONS, TYPES, 1e-12, 32),
                struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(b"".join(texts))),
                struct.pack(f"<{len(starts)}I", *starts),
                struct.pack(f"<{len(PIECES)}f", *(score for _, score in PIECES)),
                *texts,
                struct.pack("<iI", len(BECOMES), len(entries)),
                entries,
            ]
        )

    def directory(self):
        size = 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in self.stored)
        place = len(self.header()) + size
        rows = struct.pack("<i", len(self.stored))
        for name, raw in self.stored.items():
            kind = int(len(raw) == self.values[name].size * 4)
            rows += struct.pack(
                f"<H{len(name)}sBIQQ", len(name), name.encode(), kind, self.values[name].size, place, len(raw)
            )
            place += len(raw)
        return rows + b"".join(self.stored.values())


@pytest.fixture(scope="module")
def written():
    return Written()


@pytest.fixture(scope="module")
def folder(written, tmp_path_factory):
    place = tmp_path_factory.mktemp("e5")
    (place / "e5.bin").write_bytes(written.file)
    e5.convert(place / "e5.bin", place)
    return place


def test_every_weight_of_a_container_is_read_as_it_was_written(written, folder):
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    assert type(model).__name__ == "BertModel"
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    shown = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.LayerNorm.bias": "emb.ln.b",
        "encoder.layer.0.attention.self.key.weight": "l0.k.w",
        "encoder.layer.1.attention.output.dense.weight": "l1.ao.w",
        "encoder.layer.1.intermediate.dense.weight": "l1.fi.w",
        "encoder.layer.1.output.dense.weight": "l1.fo.w",
        "encoder.layer.1.output.dense.bias": "l1.fo.b",
        "encoder.layer.0.output.LayerNorm.weight": "l0.oln.w",
        "encoder.layer.0.attention.output.LayerNorm.weight": "l0.aln.w",
    }
    for name, there in shown.items():
        assert np.array_equal(state[name], written.values[there]), name
    assert (
        len({name: None for name, _ in e5.weights(read_container(folder / "e5.bin"))})
        == len(written.values)
        == len(state)
    )
    config = model.config
    assert (config.num_hidden_layers, config.num_attention_heads, config.layer_norm_eps) == (
        LAYERS,
        HEADS,
        pytest.approx(1e-12),
    )


def test_the_tokenizer_of_a_container_splits_normalises_and_frames(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def pieces(text):
        return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])

    assert pieces("maji") == ["<s>", "▁maji", "</s>"]
    assert pieces("ma\u0001ji") == ["<s>", "▁maji", "</s>"]
    assert pieces("ağ\tmaji") == ["<s>", "▁", "a", "ğ", "▁maji", "</s>"]
    assert pieces("ag\u0306") == pieces("ağ") == ["<s>", "▁", "a", "ğ", "</s>"], "composed, as NFKC does"
    assert pieces("aw") == ["<s>", "▁", "a", "<unk>", "</s>"]
    assert tokenizer(["maji"], ["maji"])["input_ids"] == [[0, 9, 2, 2, 9, 2]]
    assert (tokenizer.mask_token_id, tokenizer.pad_token_id, tokenizer.model_max_length) == (
        len(PIECES) - 1,
        1,
        POSITIONS,
    )
    assert load_model(str(folder)).tokenizer("maji")["input_ids"] == [0, 9, 2]


def test_characters_are_replaced_as_the_container_says():
    assert normaliser(BECOMES).normalize_str("a\u0001ﬁ\t\u00a0b  c") == "afi b c"
    assert normaliser({}).normalize_str("a  b") == "a b"
    with pytest.raises(ModelError, match=r"2 characters are replaced neither .*: U\+0061 -> 'b', U\+0062 -> 'c'"):
        normaliser({"a": "b", "b": "c", "\t": " "})


def test_a_file_that_is_no_container_or_is_damaged_is_refused(written, tmp_path):
    path = tmp_path / "e5.bin"
    path.write_bytes(b"GGUF" + written.file[4:])
    with pytest.raises(ModelError, match=r"begins with b'GGUF', not with b'E5S1'"):
        read_container(path)
    path.write_bytes(written.header(version=2) + written.directory())
    with pytest.raises(ModelError, match="version 2 with blocks of 32 weights; version 1 with 32 can be read"):
        read_container(path)
    path.write_bytes(written.file[:200])
    with pytest.raises(ModelError, match="damaged or incomplete"):
        read_container(path)
    path.write_bytes(written.file[:-1])
    with pytest.raises(ModelError, match=r"tensor 'l1.oln.b' has 128 bytes at \d+ of \d+; 128 were expected"):
        e5.convert(path, tmp_path)
    with pytest.raises(ModelError, match=r"no tensor 'emb.nothing'; it has emb.ln.b, "):
        read_container(path).floats("emb.nothing", 1)


@pytest.fixture
def gguf(monkeypatch):
    """The package gguf, installed or as `make real-models` keeps it."""
    monkeypatch.syspath_prepend(models_root() / ".wheels" / f"{GGUF.package}-{GGUF.version}")
    return pytest.importorskip("gguf", reason="gguf is not importable: `make real-models` fetches it")


def write_gguf(gguf, path, model, tokenizer):
    """As llama.cpp writes a Llama: halves of each head of q and k are interleaved."""
    config = model.config
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    written = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token in special else 1 for token in vocabulary])
    writer.add_token_merges([" ".join(merge) for merge in written["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(0)
    blocks = {
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    }  # fmt: skip
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    tensors = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    for i in range(config.num_hidden_layers):
        tensors |= {f"blk.{i}.{short}": f"model.layers.{i}.{place}" for short, place in blocks.items()}
    for short, place in tensors.items():
        value = state[f"{place}.weight"]
        count = heads.get(short.split(".")[-1])
        if count:
            halves = value.reshape(count, 2, -1, value.shape[1])
            value = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(value.shape)
        writer.add_tensor(f"{short}.weight", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("first", [None, "<|begin_of_text|>"])
def test_a_llama_keeps_its_weights_and_gets_the_first_token_that_is_asked_for(gguf, tmp_path, first):
    tokenizer = make_tokenizer(bos=False)
    model = make_model("llama", vocabulary=len(tokenizer) + 1)  # transformers adds <|endoftext|> where a file has none
    write_gguf(gguf, tmp_path / "tiny.gguf", model, tokenizer)
    out = tmp_path / "out"
    partial(llama.convert, first=first)(tmp_path / "tiny.gguf", out)
    loaded = AutoModelForCausalLM.from_pretrained(out)
    state = loaded.state_dict()
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert not hasattr(loaded.config, "quantization_config")
    made = AutoTokenizer.from_pretrained(out)
    for text in ("maji", " water", "kağıt."):
        ids = tokenizer(text)["input_ids"]
        assert made(text)["input_ids"] == ([0, *ids] if first else ids)
    assert load_model(str(out)).model.config.model_type == "llama"


def test_a_first_token_that_the_tokenizer_does_not_have_is_refused(gguf, tmp_path):
    tokenizer = make_tokenizer(bos=False)
    write_gguf(gguf, tmp_path / "tiny.gguf", make_model("llama", vocabulary=len(tokenizer)), tokenizer)
    with pytest.raises(ModelError, match=r"no token '<s>'; its special tokens are <\|begin_of_text\|>"):
        llama.convert(tmp_path / "tiny.gguf", tmp_path / "out", first="<s>")


def test_without_gguf_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(llama, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"the package gguf, which is not importable; `make real-models` fetches it"):
        llama.convert(tmp_path / "tiny.gguf", tmp_path)
