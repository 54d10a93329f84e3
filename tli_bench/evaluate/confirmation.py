"""The headline once more, of the same words inside a sentence: a second framing that should say the same."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.geometry import centre
from tli_bench.measures.registry import compute
from tli_bench.measures.roles import headline_for
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import State
from tli_bench.records.columns import Curve


def confirmation(
    pairs: Sequence[WordPair], states: Mapping[State, Tensor], gold: Tensor, *, reasons: list[str]
) -> dict[str, Curve]:
    """Curve of the headline of the control words by state; the dev words fit each language's centre.

    pairs: control and dev words; states: `[layers, 2, pairs, dim]`, source then target; gold: bool `[pairs, pairs]`. A
    layer that cannot be scored is None, and why is added to `reasons`.
    """
    control, dev = ([i for i, p in enumerate(pairs) if p.split is split] for split in (Split.CONTROL, Split.DEV))
    if not control:
        return {}
    headline = headline_for(len(control))
    found: dict[str, Curve] = {}
    for state, layers in states.items():
        curve: Curve = []
        for source, target in layers.unbind():
            try:
                around = centre(source[dev], target[dev]) if len(dev) > 1 else None
                view = LayerView(source[control], target[control], gold=gold[control][:, control], centre=around)
                measured = compute(view, [headline])
                reason = measured.reasons.get(headline)
                curve.append(measured.values[headline])
            except UnscorableError as err:
                reason = str(err)
                curve.append(None)
            if reason:
                reasons.append(f"confirmation of {state}: {reason}")
        found[state] = curve
    return found


def stacked(vectors: Sequence[Tensor]) -> Tensor:
    """Vectors of pairs, each `[layers, 2, dim]`, as `[layers, 2, pairs, dim]`."""
    return torch.stack(list(vectors), dim=2)
