"""Tasks whose published tests a solution passes that does nothing: known, counted, and left as they are."""

__all__ = ["PASSED_IDLY"]

PASSED_IDLY: dict[str, dict[str, str]] = {
    "mbpp": {
        "Mbpp/404": "the first of two numbers is the lesser one in every assert",
        "Mbpp/698": "a dict to sort equals the sorted one",
        "Mbpp/816": "every assert expects an empty tuple, which is what the task asks for",
        "Mbpp/847": "a copy of a list equals the list",
        "Mbpp/899": "every assert expects True",
    },
}
"""By benchmark and task: why. ``mcode doctor BENCHMARK --gold`` warns of these, and fails on any other.

Mbpp/404 alone is in MBPP's test split. None of HumanEval, HumanEval+ and MBPP+ is among them.
"""
