"""Search/replace blocks and patches, as models write them, become patches that git applies."""

import re
import subprocess

import pytest

from pytest_mcode.errors import ApplyError
from pytest_mcode.harnesses.repositories.answers import find_change, find_edits, find_patch, to_patch
from pytest_mcode.harnesses.repositories.patches import changed_files
from pytest_mcode.harnesses.repositories.retrieval import excerpts, tree

FILES = {
    "a/core.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
    "a/unix.py": "x = 1",
    "a/dos.py": "x = 1\r\ny = 2\r\n",
    "a/trailing.py": "if x:   \n    pass\n",
    "a/lines.py": "s = 'one\x0ctwo'\nx = 1\n",
    "b/only.py": "z = 0\n",
    "empty.py": "",
    "a/rst.md": "Title\n=======\nold\n\nOther\n=======\nold\n",
}


def block(path, search, replace):
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def only(search, replace):
    return block("b/only.py", search, replace)


def applied(patch, tmp_path):
    """Return the files after git has applied a patch."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    files = (path for path in tmp_path.rglob("*") if path.is_file() and ".git" not in path.parts)
    found = {str(path.relative_to(tmp_path)): path.read_bytes().decode() for path in files}
    return {name: text for name, text in found.items() if FILES.get(name) != text}


@pytest.mark.parametrize(
    ("completion", "changed"),
    [
        (block("a/core.py", "def f():\n    return 1\n", "def f():\n    return 2\n"),
         {"a/core.py": "def f():\n    return 2\n\n\ndef g():\n    return 1\n"}),
        ("I see.\n\n```python\n### `a/core.py`\n" + block("", "def g():\n", "def h():\n") + "```\n",
         {"a/core.py": "def f():\n    return 1\n\n\ndef h():\n    return 1\n"}),
        (block("a/unix.py", "x = 1\n", "x = 2\n"), {"a/unix.py": "x = 2"}),
        (block("a/dos.py", "y = 2\n", "y = 3\nz = 4\n"), {"a/dos.py": "x = 1\r\ny = 3\r\nz = 4\r\n"}),
        (block("a/trailing.py", "if x:\n    pass\n", "pass\n"), {"a/trailing.py": "pass\n"}),
        (block("a/lines.py", "x = 1\n", "x = 2\n"), {"a/lines.py": "s = 'one\x0ctwo'\nx = 2\n"}),
        (block("a/core.py", "def f():\n    return 1\n", ""), {"a/core.py": "\n\ndef g():\n    return 1\n"}),
        (block("/testbed/b/only.py", "z = 0\n", "z = 1\n"), {"b/only.py": "z = 1\n"}),
        (block("only.py", "z = 0\n", "z = 1\n"), {"b/only.py": "z = 1\n"}),
        (block("new/file.py", "", "n = 1\n"), {"new/file.py": "n = 1\n"}),
        (block("empty.py", "", "n = 1\n"), {"empty.py": "n = 1\n"}),
        (only("z = 0\n", "z = 1\n") + block("", "z = 1\n", "z = 2\n"), {"b/only.py": "z = 2\n"}),
        (only("z = 0\n", "z = 1\n") + block("a/unix.py", "x = 1\n", "x = 3\n"),
         {"b/only.py": "z = 1\n", "a/unix.py": "x = 3"}),
        ("<think>\n" + only("z = 0\n", "z = 9\n") + "</think>\n" + only("z = 0\n", "z = 1\n"),
         {"b/only.py": "z = 1\n"}),
        (block("a/rst.md", "Title\n=======\nold\n", "Title\n=======\nnew\n"),
         {"a/rst.md": "Title\n=======\nnew\n\nOther\n=======\nold\n"}),
        (block("a/rst.md", "=======\nold\n\nOther\n", "=======\nolder\n\nOther\n"),
         {"a/rst.md": "Title\n=======\nolder\n\nOther\n=======\nold\n"}),
        (only("z = 0\n", "<<<<<<< HEAD\nz = 1\n=======\nz = 2\n>>>>>>> main\n"),
         {"b/only.py": "<<<<<<< HEAD\nz = 1\n=======\nz = 2\n>>>>>>> main\n"}),
        (block("new/doc.rst", "", "New\n=======\ntext\n"), {"new/doc.rst": "New\n=======\ntext\n"}),
    ],
)  # fmt: skip
def test_blocks_become_a_patch_that_git_applies(completion, changed, tmp_path):
    patch = to_patch(find_edits(completion), FILES)
    assert set(changed_files(patch)) == set(changed)
    assert applied(patch, tmp_path) == changed


@pytest.mark.parametrize(
    ("completion", "message"),
    [
        (
            only("q = 0\n", ""),
            "do not occur in b/only.py; copy them exactly as they stand there",
        ),
        (block("a/core.py", "    return 1\n", ""), "occur 2 times in a/core.py; copy more lines around them"),
        (
            block("a/rst.md", "Head\n=======\n", "x\n"),
            "these lines do not occur in a/rst.md; copy them exactly",
        ),
        (block("c/none.py", "q\n", ""), "the block: the repository has no file c/none.py"),
        (block("", "q\n", ""), "the block has no path: write the file's path on a line of its own"),
        (block("../out.py", "", "x\n"), "../out.py is outside the repository"),
        (only("", "x\n"), "b/only.py exists: put the lines to replace between"),
        (
            only("z = 0\n", "z = 1\n") + block("", "q\n", ""),
            "block 2: these lines do not occur",
        ),
    ],
)
def test_blocks_that_do_not_fit_say_why(completion, message):
    with pytest.raises(ApplyError, match=re.escape(message)):
        to_patch(find_edits(completion), FILES)


PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("completion", "patch"),
    [
        (PATCH, PATCH),
        (f"```diff\n{PATCH}```", PATCH),
        (f"Here:\n```patch\n{PATCH}```\nDone.", PATCH),
        (f"```diff\n{PATCH.partition(chr(10))[2]}", PATCH.partition("\n")[2]),
        (f"First this:\n{PATCH}", PATCH),
        ("```python\nx = 1\n```", None),
        ("", None),
        ("<<<<<<< SEARCH\nx\n", None),
    ],
)
def test_patches_in_completions(completion, patch):
    assert find_patch(completion) == patch
    assert find_edits(completion) == []


def hunk(file, first, removed, added):
    return (
        f"diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}\n"
        f"@@ -{first},3 +{first},3 @@\n one\n-{removed}\n+{added}\n three\n"
    )


DRAFT, BETTER = hunk("x", 1, "two", "2"), hunk("x", 1, "two", "zwei")
MOVED, APART, OTHER = hunk("x", 43, "two", "zwei"), hunk("x", 73, "six", "6"), hunk("y", 1, "two", "2")


@pytest.mark.parametrize(
    ("patches", "kept"),
    [
        ([DRAFT, BETTER], [BETTER]),
        ([DRAFT, BETTER, DRAFT], [DRAFT]),
        ([DRAFT, MOVED], [MOVED]),
        ([DRAFT, APART], [DRAFT, APART]),
        ([DRAFT, OTHER], [DRAFT, OTHER]),
        ([DRAFT + OTHER, BETTER], [OTHER, BETTER]),
    ],
)
@pytest.mark.parametrize("fence", ["", "```"])
def test_of_a_draft_and_its_correction_the_last_wins(patches, kept, fence, tmp_path):
    completion = "".join(f"A try:\n{fence}{'diff' if fence else ''}\n{each}{fence}\n" for each in patches)
    found = find_patch(completion)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in ("x", "y"):
        lines = [{1: "two", 43: "two", 73: "six"}.get(n, ("one", "", "three")[n % 3]) for n in range(90)]
        (tmp_path / name).write_text("\n".join(lines))
    assert (
        subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=found.encode(), check=False).returncode == 0
    )
    added = [line for line in found.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added == [line for each in kept for line in each.splitlines() if re.match(r"\+(?!\+)", line)]


@pytest.mark.parametrize("before", ["", "Here it is:\n"])
def test_an_unfenced_patch_ends_its_last_line(before):
    assert find_patch(before + PATCH.rstrip("\n")) == PATCH


SEARCH, REPLACE = "<<<<<<< SEARCH\nz = 0\n", "=======\nz = 1\n>>>>>>> REPLACE\n"
MISCOUNTED = (
    "--- a/a/core.py\n+++ b/a/core.py\n"
    "@@ -1,9 +1,2 @@\n def f():\n-    return 1\n+    return 2\n\n\n def g():\n"
)
OPENAI = """\
*** Begin Patch
*** Update File: a/core.py
@@ def g():
 def g():
-    return 1
+    return 2
*** Add File: new.py
+n = 1
*** Delete File: b/only.py
*** End Patch
"""
CORE = FILES["a/core.py"]


@pytest.mark.parametrize(
    ("completion", "changed"),
    [
        (f"In `b/only.py`:\n{SEARCH}{REPLACE}", {"b/only.py": "z = 1\n"}),
        (f"### File: b/only.py\n```python\n{SEARCH}{REPLACE}```", {"b/only.py": "z = 1\n"}),
        (f"**File:** `b/only.py`\n{SEARCH}{REPLACE}", {"b/only.py": "z = 1\n"}),
        (f"So:\n```python b/only.py\n{SEARCH}{REPLACE}```", {"b/only.py": "z = 1\n"}),
        (f"So:\n```python:b/only.py\n{SEARCH}{REPLACE}```", {"b/only.py": "z = 1\n"}),
        (f"{SEARCH.replace('SEARCH', 'SEARCH b/only.py')}{REPLACE}", {"b/only.py": "z = 1\n"}),
        (f"b/only.py\n{SEARCH.lower()}{REPLACE.lower()}", {"b/only.py": "z = 1\n"}),
        (f"b/only.py\n{SEARCH.replace('z', '    1 | z')}{REPLACE}", {"b/only.py": "z = 1\n"}),
        ("b/only.py\n```python\nz = 0\nq = 1\n```", {"b/only.py": "z = 0\nq = 1\n"}),
        ("```python title=pkg/new.py\nq = 1\n```", {}),
        ("`pkg/new.py`:\n```python\nq = 1\n```", {"pkg/new.py": "q = 1\n"}),
        ("Look:\n```python\nz = 0\n```", {}),
        (f"```\n{OPENAI}```", {"a/core.py": CORE[:-2] + "2\n", "new.py": "n = 1\n"}),
        (f"```diff\n{MISCOUNTED}```", {"a/core.py": CORE.replace("1", "2", 1)}),
        (f"b/only.py\n{SEARCH}{REPLACE}\n```diff\n{MISCOUNTED}```",
         {"b/only.py": "z = 1\n", "a/core.py": CORE.replace("1", "2", 1)}),
    ],
)  # fmt: skip
def test_changes_in_the_forms_that_models_write(completion, changed, tmp_path):
    patch = find_change(completion, FILES)
    if "Delete" in completion:
        assert "deleted file mode 100644\n--- a/b/only.py\n+++ /dev/null\n" in patch
    assert (applied(patch, tmp_path) if changed else patch) == (changed or None)


def test_a_patch_that_counts_rightly_stays_as_it_is():
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@ def f\n-a\n b\n@@ -9 +8 @@\n-c\n+d\n"
    assert find_change(f"```diff\n{patch}```", {}) == patch


def test_lines_near_those_that_were_missed_are_shown_and_parts_are_no_files():
    missed = block("a/core.py", "def g(x):\n    return 1\n", "pass\n")
    with pytest.raises(ApplyError) as missing:
        find_change(missed, FILES)
    assert "The nearest lines there are these (their numbers are not part of them):\n" in str(missing.value)
    assert "    5 | def g():\n    6 |     return 1" in str(missing.value)
    with pytest.raises(ApplyError, match=r"the block under a/core\.py is not the whole file: change parts"):
        find_change("a/core.py\n```python\ndef g():\n    return 3\n```\n", FILES)


def source(number):
    return f"class Thing{number}:\n" + "".join(f"    value_{number}_{line} = {line}\n" for line in range(200))


def test_excerpts_are_the_best_matches_that_fit():
    files = {f"pkg/module{number}.py": source(number) for number in range(8)}
    files["tests/test_module3.py"] = source(3)
    found = excerpts(files, "value_3_150 of Thing3 is wrong", 2500)
    assert found[0].path == "pkg/module3.py"
    assert any("value_3_150 = 150" in excerpt.text for excerpt in found)
    assert sum(len(excerpt.text) for excerpt in found) <= 2500
    assert not any(excerpt.path.startswith("tests/") for excerpt in found)
    best = found[0]
    assert best.text == "\n".join(files[best.path].splitlines()[best.first - 1 : best.last])
    assert not best.whole


def test_oracle_excerpts_are_of_the_named_files_whether_they_match_or_not():
    files = {"a.py": "x = 1\n", "b.py": source(1)}
    (whole,) = excerpts(files, "nothing in common", 1000, ["a.py"])
    assert (whole.path, whole.text, whole.whole) == ("a.py", "x = 1", True)
    assert excerpts(files, "nothing in common", 1000) == []
    assert excerpts({}, "nothing", 1000) == []


def test_the_tree_shrinks_to_what_fits():
    paths = ["README.md", "a/b/c.py", "a/b/d.py", "a/data.bin", "tests/test_c.py"]
    assert tree(paths, 1000).splitlines() == [
        "./: README.md", "a/: data.bin", "tests/: test_c.py", "a/b/: c.py, d.py",
    ]  # fmt: skip
    assert tree(paths, 40) == "a/b/: c.py, d.py"
    many = [f"d{number}/x.py" for number in range(100)]
    assert tree(many, 50).splitlines()[-1] == "… and 96 more directories"
