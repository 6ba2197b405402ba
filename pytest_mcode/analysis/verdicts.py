"""What an interval of a difference lets one say: non-inferior, equivalent, or neither."""

from typing import Literal

__all__ = ["Verdict", "equivalent", "non_inferior"]

Verdict = Literal["yes", "no", "not enough evidence"]


def non_inferior(low: float, high: float, margin: float) -> Verdict:
    """Say whether A is at least as good as B minus `margin`, given the interval of A minus B.

    The interval must lie wholly above ``-margin`` for a yes, wholly below for a no
    (Piaggio et al. 2012, doi:10.1001/jama.2012.87802): of a 95 % interval, an error of 2.5 % each.
    """
    if low > -margin:
        return "yes"
    return "no" if high < -margin else "not enough evidence"


def equivalent(low: float, high: float, margin: float) -> Verdict:
    """Say whether A and B differ by less than `margin` either way, given the interval of A minus B.

    Two one-sided tests (TOST; Schuirmann 1987, doi:10.1007/BF01068419): the interval lies wholly between
    the margins for a yes, wholly beyond one of them for a no; of a 95 % interval, an error of 2.5 % each.
    """
    if -margin < low and high < margin:
        return "yes"
    return "no" if high < -margin or low > margin else "not enough evidence"
