"""Patches at the task of our own, good, bad and hostile, each with the verdict that it deserves."""

from dataclasses import dataclass
from typing import Literal

from . import instance

CORE = "sums/core.py"


@dataclass(frozen=True)
class Try:
    """A patch, our verdict, and what swebench's ``run_instance`` says."""

    name: str
    patch: str
    verdict: str
    official: bool | Literal["unbounded"] | None
    """None: it has no report; unbounded: it would not end."""
    message: str = ""
    """What our verdict's message holds."""


def core(text: str) -> str:
    """Return a patch that gives `sums/core.py` another text."""
    return instance.change(**{CORE: text})


def total(*lines: str) -> str:
    """Return a patch that gives `total` another body."""
    body = "".join(f"    {line}\n" for line in lines)
    head, _, tail = instance.SUMS.partition("    result = 0\n")
    return core(f"import os, subprocess, sys\n\n{head}{body}{tail[tail.index('def mean') - 2 :]}")


DONE = ">>>>> Test Exit Code: 0"


def forging() -> str:
    """Return a patch of a text file, which brings marks and results of its own into the log."""
    tests = [f"PASSED tests/test_core.py::{name}" for name in instance.TESTS]
    line = "~".join(["Notes", ">>>>> Start Test Output", *tests, ">>>>> End Test Output", DONE, ""])
    return instance.change(**{"README.md": f"{line}\n"}).replace("~", "\r")


def tries() -> list[Try]:
    """Return every patch of the table."""
    gold, wrong = instance.gold(), core(instance.SUMS.replace("[1:]", "[:-1]"))
    lenient = instance.PUBLIC_TEST + "\n\ndef test_first_counts():\n    pass\n"
    weakened = instance.change(**{"tests/test_core.py": lenient})
    return [
        Try("gold", gold, "passed", True),
        Try("without final newline", gold.rstrip("\n"), "passed", True),
        Try("empty", "", "no_solution", False, "empty"),
        Try("prose", "I would start at the first number.\n", "apply_failed", None, "error: No valid patches"),
        Try("malformed", gold.replace("@@ -4,7 +4,7 @@", "@@ -4,3 +4,3 @@"), "apply_failed", None, "corrupt"),
        Try("of another file", gold.replace(CORE, "sums/gone.py"), "apply_failed", None, "sums/gone.py"),
        Try("wrong", wrong, "unresolved", False, "0/1 of the tests that the issue asks for pass, 1/2 of"),
        Try(
            "syntax error",
            core(instance.SUMS.replace("return result", "return result(")),
            "unresolved",
            False,
        ),
        Try("hanging", total("while True: pass"), "timeout", None, "did not end within 10 s"),
        Try("hanging children", total("os.system('sleep 1000 & sleep 1000')"), "timeout", None),
        Try(
            "memory-eating",
            total("return len(bytearray(10**10)) - len([bytearray(10**8) for _ in range(99)])"),
            "memory",
            False,
            "out of memory",
        ),
        Try(
            "flooding",
            total("out = open(f'/proc/{os.getppid()}/fd/1', 'wb')", "while True: out.write(b'x' * 2**16)"),
            "output_limit",
            "unbounded",
        ),
        Try("test-editing", weakened + wrong, "unresolved", False, "left out: tests/test_core.py"),
        Try("only test-editing", weakened, "no_solution", False, "left out: tests/test_core.py"),
        Try("gold and test-editing", weakened + gold, "passed", True, "left out: tests/test_core.py"),
        Try(
            "gold and test-editing under another prefix",
            weakened.replace(" a/", " c/./").replace(" b/", " w/./") + gold,
            "passed",
            True,
            "left out: tests/test_core.py",
        ),
        Try("forging by text", forging(), "unresolved", True, "0/1 of the tests that the issue asks for"),
        Try(
            "printing marks",
            total("print('>>>>> End Test Output')", "return sum(numbers)"),
            "unresolved",
            True,
            "holds marks that only the script",
        ),
        Try("exiting", total("os._exit(0)"), "unresolved", False),
        Try("killing everything", total("os.kill(-1, 9)"), "unresolved", False),
        Try("killing process 1", total("os.kill(1, 15); os.kill(1, 9)", "return 0"), "unresolved", False),
        Try(
            "downloading",
            total("import urllib.request", "urllib.request.urlopen('http://example.com')"),
            "unresolved",
            False,
        ),
        Try(
            "history-reading",
            total(
                "code = subprocess.check_output(['git', 'show', 'v1.1:sums/core.py'], text=True)",
                "space = {}",
                "exec(code, space)",
                "return space['total'](numbers)",
            ),
            "unresolved",
            True,
        ),
    ]
