"""`tli-bench push`: an adapter, a model or the results of a run to the Hub."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    folder: Annotated[Path, typer.Argument(help="Folder that `tli-bench train` or `tli-bench run --output` wrote.")],
    repository: Annotated[str, typer.Option("--repository", "--repo", help="Hub repository, ORG/NAME.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and list what would be uploaded; offline.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
) -> None:
    """Upload an adapter or a model with its card, or the results of a run as a data set with one, to the Hub.

    A new repository is private unless --public is given.
    """
    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.models.upload import push as upload
    from tli_bench.records.publish import plan_results
    from tli_bench.training.push import plan_push

    quiet_libraries()
    trained = any((folder / name).is_file() for name in ("adapter_config.json", "config.json")) or not folder.is_dir()
    plan = plan_push(folder, repository) if trained else plan_results(folder, repository)
    for name, size in plan.listing():
        print(f"{size:>12,}  {name}")
    if dry_run:
        print(f"dry run: {plan.size:,} bytes would go to {plan.repository}")
        return
    print(upload(plan, private=not public))
