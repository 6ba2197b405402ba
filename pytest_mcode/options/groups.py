"""Under which heading a help text lists an option."""

from collections.abc import Mapping

from pytest_mcode.options import OptionSpec
from pytest_mcode.options.declarations import title_of

__all__ = ["heading"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Model": (
        *("model", "backend", "base_url", "model_here", "replay", "temperature", "seed", "max_tokens"),
        *("context_window", "model_option", "concurrency", "request_timeout", "retries", "retry_for"),
        *("helper_model", "helper_backend", "helper_base_url"),
    ),
    "Budget": (
        *("samples", "all_samples", "select", "debug_iters", "feedback", "feedback_detail", "on_repeat"),
        *("strategy", "repair", "max_infra", "price", "price_per_hour", "plan"),
    ),
    "Tasks": (
        *("benchmark", "limit", "task", "shard", "dataset", "dataset_revision", "split", "judge"),
        *("judge_dataset", "prompts", "extract", "retrieval", "retrieval_k", "retrieval_dataset"),
    ),
    "Sandbox": (
        *("sandbox", "timeout", "mem_limit", "pids_limit", "image", "isolation", "rootfs", "allow_weaker"),
    ),
}
OTHERS = "Session and output"
_HEADINGS = {name: heading for heading, names in GROUPS.items() for name in names}


def heading(spec: OptionSpec) -> str:
    """Return the heading: by what the option is about, else by the harness that it belongs to."""
    return _HEADINGS.get(spec.field) or title_of(spec.group) or OTHERS
