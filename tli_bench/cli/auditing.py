"""What `tli-bench submit` does to score audit words: as `run` does, but nothing of it is shown word by word or layer by layer."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from tli_bench.cli.processes import require_one_process
from tli_bench.cli.quiet import quiet_libraries
from tli_bench.cli.running import progress_bar
from tli_bench.plugin.audit import Pending, require_same

if TYPE_CHECKING:
    from tli_bench.records.schema import RunRecord


def score_audit(item: Pending) -> None:
    """Score the audit words of one contender into its folder; what is finished there is not computed again.

    Raises TLIError before anything is scored where the model is not the one that the control words were scored with.
    """
    config, console = item.config, Console(stderr=True)
    require_one_process("submit", "start it without torchrun")
    quiet_libraries()
    with console.status("loading lm-eval, torch and transformers"):
        from tli_bench.plugin.run import Watch
        from tli_bench.plugin.scoring import open_model, read_documents, score_tasks, tasks_of
    tasks = tasks_of(config)
    read_documents(tasks)
    with console.status(f"loading {escape(config.model)}"):
        lm = open_model(config)
    require_same(item.like.signature, lm.identity)
    with progress_bar(console) as progress:
        row = progress.add_task("audit words", total=len(tasks))
        words = progress.add_task("words", total=None)

        def on_unit(record: "RunRecord", reused: bool) -> None:
            progress.advance(row)

        watch = Watch(on_unit=on_unit, on_words=lambda done, total: progress.update(words, completed=done, total=total))
        score_tasks(config, lm, tasks, watch)
