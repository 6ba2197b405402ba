"""A repository's history after the base commit holds the answer: it is taken out of the container."""

from pytest_mcode.harnesses.repositories.container import Container

__all__ = ["hide_later_history"]

# Images as they are published now hold nothing later; their repository stays as it is. In others HEAD and
# the base commit become the boundary of a shallow repository, under the name of the nearest tag, from
# which packages derive their version.
SCRIPT = r"""
set -eu
reachable=$(git rev-list --count HEAD)
present=$(git cat-file --batch-all-objects --batch-check='%(objecttype)' --unordered | grep -c '^commit$')
[ "$reachable" = "$present" ] && exit 0
head=$(git rev-parse HEAD)
tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
git checkout -q --detach
printf '%s\n' "$head" "$1" | sort -u >.git/shallow
git for-each-ref --format='delete %(refname)' | git update-ref --stdin
rm -rf .git/logs .git/FETCH_HEAD .git/ORIG_HEAD .git/MERGE_HEAD
git update-ref refs/mcode/base "$1"
[ -z "$tag" ] || git tag "$tag" "$head"
git repack -a -d -q
git prune --expire=now
"""


def hide_later_history(container: Container, base_commit: str) -> None:
    """Leave nothing in the container's repository that is later than its base commit."""
    container.check(["sh", "-c", SCRIPT, "sh", base_commit], "hide the history after the base commit")
