"""The text files of a repository as its image has them."""

import io
import tarfile
from collections.abc import Mapping

from pytest_mcode.harnesses.repositories.container import Container

__all__ = ["read_files"]

# Binary and empty files are listed, not read.
READ = "git grep -I -l -z -e '' | tar --null --no-recursion --ignore-failed-read -T - -cf - 2>/dev/null"


def read_files(container: Container) -> Mapping[str, str]:
    """Return the tracked files by path, as they are in the working tree; binary ones as empty."""
    paths = container.check(["git", "ls-files", "-z"], "list the repository's files")
    files = {path.decode("utf-8", "replace"): "" for path in paths.split(b"\0") if path}
    archive = container.check(["bash", "-c", READ], "read the repository's files")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if content is not None:
                files[entry.name] = content.read().decode("utf-8", "replace")
    return files
