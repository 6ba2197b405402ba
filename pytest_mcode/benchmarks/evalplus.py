"""EvalPlus's tests as its own evaluator judges: the datasets on the Hub compare more loosely than it does.

Source: ``unsafe_execute`` in ``evalplus/eval/__init__.py`` and ``evalplus/eval/_special_oracle.py`` of
evalplus 0.3.1 (https://github.com/evalplus/evalplus). The tests of ``evalplus/humanevalplus`` and
``evalplus/mbppplus`` differ from it in what follows, and are mended when they are loaded; the mended text is
part of each task's fingerprint.

- A float is compared with `numpy.allclose`, which broadcasts: an empty list is close to every number. The
  evaluator wants the same type and, of lists and tuples, the same length first.
- An empty list counts as a list of floats; so a single 0 is close to it.
- Where the order does not matter (Mbpp/2, 7, 111, 140, 232, 579, 769), ``set(out)`` alone was compared.
- HumanEval/32 is called in a way that no solution passes.
- Mbpp/737, 787 and 794 forget to assert what they compare.
- Mbpp/558 and 581 can be read in two ways, and the evaluator allows both.

One thing is mended that the evaluator, which stores the expected results, has no need of: ten tasks call a
reference function, or evaluate a polynomial, on the arguments after the solution had them in its hands. The
solution gets a copy.
"""

import re

__all__ = ["mended"]

_MENDED = {
    "    if isinstance(x, (list, tuple)):\n        return all(": (
        "    if isinstance(x, (list, tuple)) and x:\n        return all("
    ),
    "        assert np.allclose(out, exp, rtol=1e-07, atol=atol)\n": (
        '        assert type(out) == type(exp), f"out: {out!r}, exp: {exp!r}"\n'
        "        if isinstance(exp, (list, tuple)):\n"
        '            assert len(out) == len(exp), f"out: {out}, exp: {exp}"\n'
        "        assert np.allclose(out, exp, rtol=1e-07, atol=atol)\n"
    ),
    "    out = set(out)\n    exp = set(exp)\n    if out != exp and atol != 0:\n": (
        "    exact_match = set(out) == set(exp)\n    if not exact_match and atol != 0:\n"
    ),
    "        exact_match = exp == (out is not None)\n": (
        '        exact_match = exp == (out is not None)\n    assert exact_match, f"out: {out}, exp: {exp}"\n'
    ),
    "        assert _poly(*candidate(*inp), inp) <= 0.0001\n": (
        "        assert abs(_poly(*inp, candidate(*copy.deepcopy(inp)))) <= 0.0001\n"
    ),
}
"""What the datasets' tests say, and what they should."""

_SET_ELSE = '    else:\n        assert out == exp, f"out: {out}, exp: {exp}"\n'
_SET_ELSE_MENDED = '    else:\n        assert exact_match, f"out: {out}, exp: {exp}"\n'

_CALL_BEFORE_REFERENCE = re.compile(r"assertion\((\w+)\(\*inp\), ref_func\(\*inp\), ")
_CALL_ON_COPY = r"assertion(\1(*copy.deepcopy(inp)), ref_func(*inp), "

_TWO_READINGS = {
    "    assertion(digit_distance_nums(*inp), exp, 0)": """\
    out = digit_distance_nums(*inp)
    assertion(out, exp if out == exp else _with_zeros_in_front(*inp), 0)""",
    "    assertion(surface_Area(*inp), exp, 0)": """\
    out = surface_Area(*inp)
    assertion(out, exp if out == exp else _with_perpendicular_height(*inp), 0)""",
}
"""The calls of Mbpp/558 and 581: what is not the expected result must be that of the other reading."""

_OTHER_READINGS = """\
import math


def _with_zeros_in_front(one, other):
    width = max(len(str(one)), len(str(other)))
    return sum(abs(int(a) - int(b)) for a, b in zip(str(one).zfill(width), str(other).zfill(width)))


def _with_perpendicular_height(edge, height):
    return round(edge**2 + 2 * edge * math.sqrt((edge / 2) ** 2 + height**2))


"""


def mended(test: str) -> str:
    """Return a test that judges as the evaluator does; what is not as published stays as it is."""
    compares_sets = "    out = set(out)\n" in test
    for published, right in _MENDED.items():
        test = test.replace(published, right)
    if compares_sets:
        test = test.replace(_SET_ELSE, _SET_ELSE_MENDED)
    for call, both in _TWO_READINGS.items():
        if call in test:
            test = _OTHER_READINGS + test.replace(call, both)
    test = _CALL_BEFORE_REFERENCE.sub(_CALL_ON_COPY, test)
    return f"import copy\n{test}" if "copy.deepcopy(inp)" in test else test
