"""`mcode merge`: join the stores of several machines."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import redacted

__all__ = ["merge"]


def merge(
    others: Annotated[
        list[str], typer.Argument(metavar="OTHER.db…", help="Stores to take from: paths or URLs.")
    ],
    db: Db = DEFAULT_DB,
) -> None:
    """Copy into the store what it lacks of others, by run id; merging again changes nothing."""
    from pytest_mcode.store import Store
    from pytest_mcode.store.merging import merge as merge_stores

    with Store.open(db) as target:
        for name in others:
            with Store.open(name, read_only=True) as other:
                if other.place == target.place:
                    raise ConfigurationError(f"{other.place} is the store to merge into; name others")
                found = merge_stores(target, other)
            new = f"{found.runs} new runs, {found.outcomes} new outcomes"
            print(f"{redacted(name)}: {new}, {found.kept} there already")
