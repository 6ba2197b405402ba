"""`mcode gate`: exit status 0 or 1 by the results of a stored run, such as one merged from shards."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, open_results
from pytest_mcode.errors import ConfigurationError

__all__ = ["gate"]


def gate(
    run: Annotated[str, typer.Argument(help="A run's id, the start or end of it, or `latest`.")],
    fail_under: Annotated[
        float | None, typer.Option(metavar="RATE", min=0, max=1, help="Least pass rate, from 0 to 1.")
    ] = None,
    fail_under_run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Not shown to be worse than this run, on common tasks.")
    ] = None,
    margin: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="Drop that --fail-under-run forgives.")
    ] = 0.0,
    db: Db = DEFAULT_DB,
) -> None:
    """Decide by a stored run, as --mcode-fail-under and --mcode-fail-under-run do at a session's end.

    Exits with 0 when the gates hold, with 1 when one fails, an infra outcome is left, or tasks of the run
    were not reached, as where a shard is missing.
    """
    from pytest_mcode.results.shards import rows_of, shard_words
    from pytest_mcode.session.gates import Decision, decide_of

    if fail_under is None and fail_under_run is None:
        raise ConfigurationError("give --fail-under=RATE, --fail-under-run=RUN, or both: what should hold?")
    with open_results(db) as results:
        asked = results.run(run)
        found = asked.figures()
        missing = (found["tasks_planned"] or 0) - found["tasks_judged"] - found["infra"]
        decided = decide_of(
            results.store,
            asked.name,
            infra=found["infra"],
            pass_rate=found["pass_rate"],
            fail_under=fail_under,
            fail_under_run=fail_under_run,
            margin=margin,
        )
        if missing > 0:
            shards = shard_words(
                rows_of(results.store, found["run_id"]), found["tasks_judged"], found["tasks_planned"]
            )
            unreached = f"{missing} of {found['tasks_planned']} tasks were not reached"
            decided = Decision(False, shards or unreached)
    assert decided is not None
    print(f"{'holds' if decided.holds else 'fails'}: {decided.reason}")
    raise typer.Exit(0 if decided.holds else 1)
