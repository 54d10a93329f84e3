"""lm-eval's HFLM with our progress in place of its bars, which would write across the command line's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lm_eval.models.huggingface import HFLM

from tli_bench.vectors.backend import Progress


class CountedHFLM(HFLM):
    """HFLM that calls `progress(done, total)`, in requests, after each batch; without `progress` it is plain HFLM."""

    progress: Progress | None = None
    _done = _total = 0

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As HFLM's."""
        with self._counting(len(requests)):
            return super().loglikelihood(requests, disable_tqdm=disable_tqdm or self.progress is not None)

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As HFLM's."""
        with self._counting(len(requests)):
            return super().generate_until(requests, disable_tqdm=disable_tqdm or self.progress is not None)

    def _model_call(self, inps: Any, *args: Any, **kwargs: Any) -> Any:
        found = super()._model_call(inps, *args, **kwargs)
        self._count(len(inps))
        return found

    def _model_generate(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        found = super()._model_generate(context, *args, **kwargs)
        self._count(len(context))
        return found

    @contextmanager
    def _counting(self, total: int) -> Iterator[None]:
        self._done, self._total = 0, total
        try:
            yield
        finally:
            self._count(total)
            self._total = 0

    def _count(self, rows: int) -> None:
        # One call may answer several requests: the count lags behind, and is completed at the end.
        self._done = min(self._done + rows, self._total)
        if self.progress and self._total:
            self.progress(self._done, self._total)
