"""`tli-bench push`: an adapter to the Hub."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    adapter: Annotated[Path, typer.Argument(help="Folder that `tli-bench train` wrote.")],
    repository: Annotated[str, typer.Option("--repository", "--repo", help="Hub repository, ORG/NAME.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and list what would be uploaded; offline.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
) -> None:
    """Upload an adapter with its card to the Hub; a new repository is private unless --public is given."""
    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.training.push import plan_push
    from tli_bench.training.push import push as upload

    quiet_libraries()
    plan = plan_push(adapter, repository)
    for path in plan.files:
        print(f"{path.stat().st_size:>12,}  {path.relative_to(plan.folder)}")
    if dry_run:
        print(f"dry run: {plan.size:,} bytes would go to {plan.repository}")
        return
    print(upload(plan, private=not public))
