"""Tasks whose published tests a solution passes that does nothing: known, counted, and left as they are."""

__all__ = ["PASSED_IDLY"]

PASSED_IDLY: dict[str, dict[str, str]] = {
    "mbpp": {
        "Mbpp/404": "the least of two numbers is the first one in all three asserts",
    },
}
"""By benchmark and task: why. ``mcode doctor BENCHMARK --gold`` warns of these, and fails on any other."""
