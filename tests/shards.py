"""A small model in many files, and which tensors of them are read."""

import json
from collections import Counter

import transformers

from tests.training.conftest import make_llama

BLOCKS = 12


def make_sharded(folder, *, width=64, shard="150KB"):
    """Twelve blocks in shards of about one block each, with a head of its own."""
    make_llama(folder, layers=BLOCKS, width=width, tied=False)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size=shard)
    assert len(list(folder.glob("model-*.safetensors"))) > BLOCKS / 2
    return folder


def count_reads(monkeypatch):
    """Names of the tensors that transformers reads from now on, and how often; under `files`, the files that it opens."""
    read, files = Counter(), Counter()
    real = transformers.modeling_utils.safe_open

    class Slice:
        def __init__(self, name, part):
            self._name, self._part = name, part

        def __getitem__(self, where):
            read[self._name] += 1
            return self._part[where]

        def __getattr__(self, attribute):
            return getattr(self._part, attribute)

    class Counting:
        def __init__(self, path, **given):
            files[str(path).rsplit("/", 1)[1]] += 1
            self._file = real(path, **given)

        def __enter__(self):
            self._file.__enter__()
            return self

        def __exit__(self, *error):
            return self._file.__exit__(*error)

        def __getattr__(self, name):
            return getattr(self._file, name)

        def get_slice(self, name):
            return Slice(name, self._file.get_slice(name))

        def get_tensor(self, name):
            read[name] += 1
            return self._file.get_tensor(name)

    monkeypatch.setattr(transformers.modeling_utils, "safe_open", Counting)
    read.files = files
    return read


def names_in(folder, blocks):
    """What the embeddings and the first blocks consist of, by the index, and the files that hold it."""
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    wanted = {name for name in index if name == "model.embed_tokens.weight"}
    wanted |= {name for name in index for block in range(blocks) if name.startswith(f"model.layers.{block}.")}
    return wanted, {index[name] for name in wanted}
