"""Which of the bundled solvers a session's settings ask for."""

from typing import Any

from pytest_mcode.analysis.costs import Price
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.models import Model
from pytest_mcode.options.price import price_pair
from pytest_mcode.settings import Settings
from pytest_mcode.solving.orders import ORDERS
from pytest_mcode.solving.resample import Resample
from pytest_mcode.solving.sample_and_debug import SampleAndDebug
from pytest_mcode.solving.solver import Solver
from pytest_mcode.solving.styles import Style

__all__ = ["bundled_solver"]


def bundled_solver(
    settings: Settings, model: Model, prompt: Prompt, style: Style, helper: Model | None = None
) -> Solver:
    """Return sample and debug in `style`, resampling, or the agent, within the session's budget."""
    budget: dict[str, Any] = {
        "model": model,
        "prompt": prompt,
        "samples": settings.samples,
        "debug_iters": settings.debug_iters,
        "all_samples": settings.all_samples,
        "seed": settings.seed,
        "on_repeat": settings.on_repeat,
        "temperature": settings.temperature,
    }
    if settings.own["agent"] != "single":
        from pytest_mcode.solving.bash_agent import BashAgent

        return BashAgent(
            **budget,
            max_steps=settings.own["max_steps"],
            seconds=settings.own["agent_timeout"],
            price=Price(per_million=price_pair(settings.price or ""), per_hour=settings.price_per_hour),
            max_price=settings.own["max_price"],
            judge_unsubmitted=settings.own["judge_unsubmitted"],
            leave_scratch=settings.own["leave_scratch"],
        )
    if settings.strategy == "resample":
        return Resample(**budget)
    return SampleAndDebug(**budget, style=style, order=ORDERS[settings.strategy], helper=helper)
