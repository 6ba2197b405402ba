"""Options that say how the budget of a task is spent: the loop of samples and repairs."""

from dataclasses import dataclass
from typing import Literal

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import choice, count, option, switch

__all__ = ["LoopOptions"]

ASK_MODEL = ("vote-model", "tests")
"""Ways to select for which a model is asked."""
STYLES = ("conversation", "fresh", "explain", "trace", "reflect", "hint")
"""Those of `pytest_mcode.solving.styles`."""


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """A part of `Settings`."""

    samples: int = count(
        "Independent samples per task; stops at the first pass.", 1, default=1, changes_result=True
    )
    all_samples: bool = switch(
        "Start every sample, also after a pass: what an unbiased pass@k needs.", changes_result=True
    )
    select: Literal["judge", "first", "public", "vote", "vote-model", "tests"] = option(
        "Which of several samples is handed in, recorded beside the outcome: judge (one that passes the "
        "judging tests: coverage), or one chosen without them: first, public (the first that passes what the "
        "prompt shows), vote (equal outputs), vote-model (also on inputs that the model proposes), tests "
        "(those that the model writes); see `mcode select`.",
        choice("judge", "first", "public", "vote", "vote-model", "tests"),
        metavar="HOW",
        default="judge",
    )
    debug_iters: int = count("Repairs after a failed attempt, per sample.", 0, default=0, changes_result=True)
    feedback: Literal["judge", "public", "none"] = option(
        "What guides a repair: judge (the judging tests' error), public (only tests that the prompt shows; "
        "the judging tests decide once at the end), none (that it failed).",
        choice("judge", "public", "none"),
        metavar="WHAT",
        default="judge",
        changes_result=True,
    )
    on_repeat: Literal["keep", "warmer", "restart", "stop"] = option(
        "What follows an answer whose code an earlier attempt at the task had: keep (a repair as any other), "
        "warmer (temperature 0.2 higher for each), restart (as if the sample began; at temperature 0 keep), "
        "stop (the sample ends).",
        choice("keep", "warmer", "restart", "stop"),
        metavar="WHAT",
        default="restart",
        changes_result=True,
        came_later=True,
        earlier="keep",
    )
    feedback_detail: Literal["verdict", "first", "all", "trace"] = option(
        "How much of it: verdict (that it failed), first (the first failing test, with both values), all "
        "(every test of the prompt that fails, and which pass), trace (also what the failing call did).",
        choice("verdict", "first", "all", "trace"),
        metavar="WHAT",
        default="first",
        changes_result=True,
        came_later=True,
    )
    strategy: Literal["repair", "resample", "breadth", "best"] = option(
        "How the budget is spent: repair (sample by sample, with feedback), breadth (all first attempts, "
        "then a repair of each, and so on), best (repairs go to the sample that passes most tests of the "
        "prompt), resample (every attempt a fresh one, without feedback: the baseline at equal cost).",
        choice("repair", "resample", "breadth", "best"),
        metavar="HOW",
        default="repair",
        changes_result=True,
    )
    repair: str = option(
        "What the model receives after a failed attempt: conversation (its answers, each with its verdict), "
        "fresh (one message with the failing code), trace (also the values line by line), "
        "explain (its own explanation of the failure first), "
        "reflect (lessons of the failures, no earlier code), hint (another model's explanation).",
        choice(*STYLES),
        metavar="STYLE",
        default="conversation",
        changes_result=True,
        came_later=True,
    )

    prompts: str | None = option(
        "Directory of your own templates, which replace those of their names: of the prompts, as in "
        "pytest_mcode/harnesses/templates, and of the styles, as in pytest_mcode/solving/styles.",
        metavar="DIR",
    )
    helper_model: str | None = option(
        "Model that explains failures to --mcode-model, for --mcode-repair=hint.",
        metavar="ID",
        changes_result=True,
        came_later=True,
    )
    helper_backend: str | None = option(
        "What answers for it; default: --mcode-backend.", metavar="NAME", changes_result=True, came_later=True
    )
    helper_base_url: str | None = option(
        "Address of its server; default: --mcode-base-url, where the backend is the same.", metavar="URL"
    )

    @property
    def tells_apart(self) -> bool:
        """Whether failing solutions are also judged by each test of the prompt alone."""
        return self.debug_iters > 0 and (
            self.feedback == "public" or self.feedback_detail in ("all", "trace")
        )

    def check_loop(self) -> None:
        """Raise `ConfigurationError` for options of the loop that do not go together."""
        if self.strategy == "resample":
            for name in ("repair", "feedback_detail"):
                if (value := getattr(self, name)) != getattr(LoopOptions, name):
                    flag = f"--mcode-{name.replace('_', '-')}={value}"
                    raise ConfigurationError(
                        f"{flag}: --mcode-strategy=resample repairs nothing; leave one out"
                    )
        if (self.repair == "hint") != (self.helper_model is not None):
            raise ConfigurationError(
                "--mcode-repair=hint and --mcode-helper-model go together: give both, or neither"
            )
        if self.helper_model is None and (self.helper_backend or self.helper_base_url):
            raise ConfigurationError(
                "--mcode-helper-backend, --mcode-helper-base-url: give --mcode-helper-model"
            )
        if self.feedback == "none" and self.feedback_detail != LoopOptions.feedback_detail:
            raise ConfigurationError(
                f"--mcode-feedback-detail={self.feedback_detail}: --mcode-feedback=none shows nothing; "
                "leave one out"
            )
        if self.strategy == "best" and self.feedback != "public":
            raise ConfigurationError(
                "--mcode-strategy=best goes by the tests that the prompt shows: give --mcode-feedback=public"
            )
