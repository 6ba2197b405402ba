"""The results database: schema, migrations, writing, querying. Imports SQLAlchemy: import it late."""

from pytest_mcode.store.reading import read_outcomes, read_run
from pytest_mcode.store.store import RunStatus, Store

__all__ = ["RunStatus", "Store", "read_outcomes", "read_run"]
