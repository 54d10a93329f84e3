"""The list of verbs: name, module, and nothing heavy."""

import typer

from tli_bench.cli import (
    cache,
    compare,
    explain,
    leaderboard,
    lexicon,
    lm_eval,
    ls,
    plan,
    plot,
    push,
    repro,
    results,
    run,
    stats,
    study,
    submit,
    sweep,
    train,
    view,
)


def register(app: typer.Typer) -> None:
    """Attach every verb to the app once."""
    if app.registered_commands:
        return
    app.command("run")(run.run)
    app.command("train")(train.train)
    app.command("sweep")(sweep.sweep)
    app.command("study")(study.study)
    app.command("plan")(plan.plan)
    app.command("push")(push.push)
    app.command("compare")(compare.compare)
    app.command("view")(view.view)
    app.command("leaderboard")(leaderboard.leaderboard)
    app.command("submit")(submit.submit)
    app.add_typer(results.app, name="results")
    app.add_typer(plot.app, name="plot")
    app.command("lm-eval", context_settings=lm_eval.PASS_THROUGH, add_help_option=False)(lm_eval.lm_eval)
    app.command("ls")(ls.ls)
    app.add_typer(lexicon.app, name="lexicon")
    app.add_typer(cache.app, name="cache")
    app.command("explain")(explain.explain)
    app.add_typer(repro.app, name="repro")
    app.add_typer(stats.app, name="stats")
