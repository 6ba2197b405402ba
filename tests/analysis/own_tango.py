"""Tango's score test (1998) from its definition: the likelihood of flips under a difference, maximised."""

import numpy as np
from scipy import optimize, special


def tango_score(gained: int, lost: int, tasks: int, difference: float) -> float:
    """Return the standardised distance of what was seen from a true `difference` of two paired rates."""

    def unlikelihood(b_alone: float) -> float:
        chances = b_alone + difference, b_alone, 1 - 2 * b_alone - difference
        flips = gained, lost, tasks - gained - lost
        return -float(np.sum(special.xlogy(flips, np.maximum(chances, 0))))

    limits = max(0.0, -difference), (1 - difference) / 2
    best = optimize.minimize_scalar(unlikelihood, bounds=limits, method="bounded", options={"xatol": 1e-11})
    variance = tasks * (2 * best.x + difference - difference**2)
    return float((gained - lost - tasks * difference) / np.sqrt(variance))
