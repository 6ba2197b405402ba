"""Patches as text: git's own and the sloppy ones of models."""

import pytest

from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.swebench import SWEBENCH_LITE
from pytest_mcode.harnesses.repositories.patches import changed_files, without

from ..session_support import needs_data

EDIT = """\
diff --git a/{0} b/{0}
index 1111111..2222222 100644
--- a/{0}
+++ b/{0}
@@ -1,2 +1,2 @@
 kept
-old
+new
"""
BARE = """\
--- a/{0}
+++ b/{0}
@@ -1,1 +1,1 @@
-old
+new
"""
RENAME = """\
diff --git a/old name.py b/new name.py
similarity index 100%
rename from old name.py
rename to new name.py
"""
QUOTED = EDIT.replace("a/{0}", '"a/t\\303\\244st.py"').replace("b/{0}", '"b/t\\303\\244st.py"')
DELETED = """\
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
"""
BINARY = """\
diff --git a/logo.png b/logo.png
new file mode 100644
index 0000000..1111111
GIT binary patch
literal 3
KcmZQzU}RtX

"""


@pytest.mark.parametrize(
    ("patch", "files"),
    [
        (EDIT.format("a/b.py"), ["a/b.py"]),
        (BARE.format("x.py"), ["x.py"]),
        (RENAME, ["old name.py", "new name.py"]),
        (QUOTED, ["täst.py"]),
        (DELETED, ["gone.py"]),
        (BINARY, ["logo.png"]),
        (
            EDIT.format("a.py") + DELETED + BARE.format("b.py") + RENAME,
            ["a.py", "gone.py", "b.py", "old name.py", "new name.py"],
        ),
        ("no patch at all", []),
        ("", []),
    ],
)
def test_changed_files(patch, files):
    assert changed_files(patch) == files


@pytest.mark.parametrize("template", [EDIT, BARE])
def test_edits_to_some_files_are_left_out_wherever_they_stand(template):
    first, second, third = (template.format(name) for name in ("a.py", "tests/test_a.py", "z.py"))
    assert without(first + second + third, {"tests/test_a.py"}) == (first + third, ["tests/test_a.py"])
    assert without(second + first, {"tests/test_a.py"}) == (first, ["tests/test_a.py"])
    assert without(second, {"tests/test_a.py"}) == ("", ["tests/test_a.py"])
    assert without(first, {"tests/test_a.py"}) == (first, [])


def test_what_comes_before_the_first_file_is_kept():
    assert without("Here it is:\n" + EDIT.format("a.py"), {"b.py"})[0].startswith("Here it is:\n")


@pytest.mark.parametrize(
    "patch",
    [
        BARE.format("tests/test_a.py").replace("--- a/", "--- x/").replace("+++ b/", "+++ y/"),
        EDIT.format("./tests//test_a.py"),
        EDIT.format("x/../tests/test_a.py"),
        EDIT.format("tests/test_a.py").replace(" a/", " c/").replace(" b/", " w/"),
        BARE.format("tests/test_a.py").replace("--- a/", "--- ").replace("+++ b/", "+++ "),
        RENAME.replace("new name.py", "tests/test_a.py"),
        "diff --git i/tests/test_a.py w/tests/test_a.py\nold mode 100644\nnew mode 100755\n",
        "Index: tests/test_a.py\n--- x\n+++ y\n@@ -1,1 +1,1 @@\n-old\n+new\n",
        "*** a/tests/test_a.py\n--- b/tests/test_a.py\n***************\n*** 1 ****\n! o\n--- 1 ----\n! n\n",
    ],
)
def test_a_file_is_known_under_whatever_name_a_patch_gives_it(patch):
    assert without(patch, {"tests/test_a.py"})[1] == ["tests/test_a.py"]


@pytest.mark.parametrize("split", ["test", "dev"])
def test_every_patch_of_the_dataset_is_taken_apart_and_together_again(split):
    path = needs_data(f"SWE-bench_Lite-{split}.parquet")
    for task in SWEBENCH_LITE.load(Source(dataset=str(path), split=split)).tasks:
        for patch in (task.canonical_solution, task.test):
            files = changed_files(patch)
            assert files
            assert without(patch, []) == (patch, [])
            assert without(patch, files)[0].strip() == ""
