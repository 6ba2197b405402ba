"""What people say of a run: tags and a note. No session writes them, and no figure depends on them."""

import re

from sqlalchemy import RowMapping, select, update

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import schema
from pytest_mcode.store.store import Store

__all__ = ["LONGEST_NOTE", "all_tags", "annotate", "both", "tags_of"]

MOST_TAGS, LONGEST_TAG = 20, 40
LONGEST_NOTE = 10_000
"""Characters."""


def tags_of(text: str) -> str:
    """Return tags as they are stored, each once, one space between; they may be typed with commas.

    Raises `ConfigurationError` for more than are kept.
    """
    found = list(dict.fromkeys(re.findall(r"[^\s,]+", text)))
    if len(found) > MOST_TAGS:
        raise ConfigurationError(f"a run has at most {MOST_TAGS} tags; these are {len(found)}")
    if long := [tag for tag in found if len(tag) > LONGEST_TAG]:
        raise ConfigurationError(f"the tag {long[0][:20]}… has over {LONGEST_TAG} characters; shorten it")
    return " ".join(found)


def annotate(store: Store, run_id: str, *, tags: str, note: str) -> None:
    """Replace the tags and the note of a stored run; `store` is open for writing.

    Raises `ConfigurationError` where they are too long, the store cannot be written, or has no such run.
    """
    note = note.replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        raise ConfigurationError(f"a note has at most {LONGEST_NOTE:,} characters; this has {len(note):,}")
    values = {"tags": tags_of(tags), "note": note}
    with store.creating() as connection:
        statement = update(schema.runs).where(schema.runs.c.run_id == run_id).values(values)
        if connection.execute(statement).rowcount != 1:
            raise ConfigurationError(f"no run {run_id!r} in {store.place}; it was removed")


def all_tags(store: Store) -> list[str]:
    """Return every tag that a run of the store has, in order."""
    tags = schema.runs.c.tags
    with store.engine.connect() as connection:
        found = connection.execute(select(tags).where(tags != "").distinct()).scalars().all()
    return sorted({tag for each in found for tag in each.split()})


def both(ours: RowMapping, theirs: RowMapping) -> dict[str, str]:
    """Return the tags and the note of a run that two stores hold: nothing is lost, nothing stands twice."""
    tags = list(dict.fromkeys([*ours["tags"].split(), *theirs["tags"].split()]))
    notes = [ours["note"]] if theirs["note"] in ours["note"] else [ours["note"], theirs["note"]]
    return {"tags": " ".join(tags), "note": "\n".join(filter(None, notes))}
