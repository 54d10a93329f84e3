"""What can be said about a run's options before anything heavy is imported."""

from tli_bench.config.run import RunConfig
from tli_bench.languages import resolve_pair
from tli_bench.plugin.tasklist import require_known
from tli_bench.vectors.protocols import get_protocols


def check(config: RunConfig) -> None:
    """Raise InputError or UnknownNameError, with suggestions, for a pair, task or protocol that does not exist."""
    for pair in config.pairs:
        resolve_pair(pair)
    require_known(config.tasks)
    get_protocols(config.protocol)
