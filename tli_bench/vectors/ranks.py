"""The processes of one run: rank 0 leads, asks the others for their shares of its work, and tells them when it is over.

Only rank 0 knows what is scored, reads and writes; the others hold a model and answer. So nothing can be decided differently in
two places, and a rank that has nothing to do waits. Messages go over gloo, also between GPUs: what they hold, pooled states and
texts, is in main memory, and gloo notices a process that died.
"""

import pickle
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from tli_bench.base.errors import InputError, TLIError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
PATIENCE = timedelta(weeks=4)
"""How long a rank waits for the others: rank 0 may analyse for hours between two passes, and a death is noticed at once anyway."""


class LostRankError(TLIError):
    """A process of the run that ended before the run did."""

    exit_code = 3


class _Ask(NamedTuple):
    what: str
    told: tuple[Any, ...]


class _End(NamedTuple):
    code: int


class Ranks:
    """This process among those of a run. rank: its number; count: of processes.

    Raises InputError where the others cannot be joined.
    """

    def __init__(self, rank: int, count: int) -> None:
        import torch.distributed as dist

        self.rank, self.count = rank, count
        try:
            dist.init_process_group("gloo", rank=rank, world_size=count, timeout=PATIENCE)
        except (RuntimeError, ValueError) as err:
            raise InputError(
                f"rank {rank} of {count} cannot join the others ({str(err).splitlines()[0]:.200}); start with "
                "`torchrun --nproc_per_node N -m tli_bench run ...` or `accelerate launch`, or unset WORLD_SIZE for one process"
            ) from err

    def split(self, items: Sequence[Item]) -> list[Sequence[Item]]:
        """Contiguous shares of `items`, one for each rank, whose sizes differ by one at most; the last may be empty."""
        size, more = divmod(len(items), self.count)
        ends = [(rank + 1) * size + min(rank + 1, more) for rank in range(self.count)]
        return [items[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    def ask(
        self, what: str, told: Sequence[tuple[Any, ...] | None], own: Callable[[], Answer]
    ) -> tuple[Answer, list[Any]]:
        """Have the other ranks answer `what` while this one, rank 0, does its `own` part; gives both, the others' in order of rank.

        told: what each rank is told, None for one that is not asked. Raises what any rank raised, LostRankError for one that died.
        """
        asked = [rank for rank in range(1, self.count) if told[rank] is not None]
        for rank in asked:
            self._send(_Ask(what, told[rank] or ()), rank)
        try:
            mine = own()
        finally:  # they are at work, whatever happened here
            answers = [self._receive(rank) for rank in asked]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return mine, answers

    def follow(self, answer: Callable[[str, tuple[Any, ...]], Any]) -> int:
        """Answer what rank 0 asks until it ends; gives the exit code that it ends with. answer: of what is asked and told."""
        while True:
            message = self._receive(0)
            if isinstance(message, _End):
                return message.code
            try:
                found = answer(*message)
            except Exception as err:  # rank 0 says it
                found = _sendable(err, self.rank)
            self._send(found, 0)

    def end(self, code: int) -> None:
        """Rank 0: let the others end with this exit code."""
        import torch.distributed as dist

        for rank in range(1, self.count):
            with suppress(LostRankError):  # it has ended already
                self._send(_End(code), rank)
        dist.destroy_process_group()

    def _send(self, message: object, rank: int) -> None:
        import torch.distributed as dist

        try:
            dist.send_object_list([message], dst=rank)
        except RuntimeError as err:
            raise self._lost(rank) from err

    def _receive(self, rank: int) -> Any:
        import torch.distributed as dist

        held: list[Any] = [None]
        try:
            dist.recv_object_list(held, src=rank)
        except RuntimeError as err:
            raise self._lost(rank) from err
        return held[0]

    def _lost(self, rank: int) -> LostRankError:
        return LostRankError(
            f"rank {rank} of {self.count} is gone (killed, or out of memory?); finished units are kept: the same command goes on from them"
        )


def _sendable(err: Exception, rank: int) -> Exception:
    """The error with its traceback as a note, or one that says the same where it cannot be sent."""
    err.add_note(f"on rank {rank}:\n{''.join(traceback.format_exception(err))}")
    try:
        found = pickle.loads(pickle.dumps(err))
    except Exception:  # a third party's error may hold anything
        return RuntimeError(f"{type(err).__name__}: {err}")
    return found if isinstance(found, Exception) else RuntimeError(str(err))
