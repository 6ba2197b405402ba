"""How each server says that a prompt does not fit its context window, and that its filter refused one.

One table for all backends: through a proxy, or a compatible interface, each may meet any of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CONTENT_FILTER", "CONTEXT_OVERFLOW", "Wording", "is_filter", "is_overflow"]


@dataclass(frozen=True)
class Wording:
    """What one server says."""

    server: str
    pattern: str
    """A regular expression over its words and its codes, searched without regard to case."""
    source: str
    """Where the server's source or documentation has these words; an issue where it is closed."""


CONTEXT_OVERFLOW = (
    Wording(
        "OpenAI, Azure OpenAI",
        r"context_length_exceeded|maximum context length is|exceeds? the context window of this model"
        r"|input tokens exceed the configured limit",
        "platform.openai.com/docs/guides/error-codes; chathub-dev/chathub#126; litellm's ExceptionCheckers",
    ),
    Wording(
        "Azure AI, GitHub Models",
        r"tokens_limit_reached|request body too large for \S+ model\. max size: \d+ tokens",
        "eslint/tsc-meetings#593, cline/cline#2115 (HTTP 413)",
    ),
    Wording(
        "vLLM",
        r"longer than the maximum model length|model's context length is only \d+"
        r"|too long to fit into the model|max_tokens must be at least 1, got -",
        "vllm-project/vllm: vllm/renderers/params.py, vllm/v1/engine/input_processor.py; #12165, #42474",
    ),
    Wording(
        "SGLang",
        r"longer than the model's context length|exceeds the model's maximum context length",
        "sgl-project/sglang: python/sglang/srt/managers/tokenizer_manager.py",
    ),
    Wording(
        "text-generation-inference",
        r"`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than \d+ tokens",
        "huggingface/text-generation-inference: router/src/validation.rs (HTTP 422)",
    ),
    Wording(
        "llama.cpp",
        r"exceed_context_size|exceeds the available context size|context size has been exceeded"
        r"|input prompt is too big compared to KV size",
        "ggml-org/llama.cpp: tools/server/server-context.cpp (HTTP 400, older ones 500)",
    ),
    Wording(
        "llama-cpp-python",
        r"requested tokens \(\d+\) exceed context window of|requested tokens exceed context window of",
        "abetlen/llama-cpp-python: llama_cpp/llama.py, llama_cpp/server/errors.py; #416",
    ),
    Wording(
        "Ollama",
        r"input length exceeds (?:the )?(?:maximum )?context"
        r"|prompt too long; exceeded (?:max )?context length",
        "ollama/ollama: runner/ollamarunner/runner.go (HTTP 400); newer ones pass on llama.cpp's words",
    ),
    Wording(
        "LM Studio",
        r"when (?:the )?context (?:the )?overflows|greater than the context length",
        "lmstudio-ai/lmstudio-bug-tracker#546 (HTTP 400)",
    ),
    Wording(
        "tabbyAPI",
        r"(?:prompt|request) length [\d +]+ (?:is greater than max_seq_len|exceeds the available context)",
        "theroyallab/tabbyAPI: common/errors.py, backends/exllamav2/model.py (HTTP 400, older ones 503)",
    ),
    Wording(
        "MLX servers",
        r"exceeds max(?:imum)? context (?:window|length)|exceeds configured max(?:imum)? (?:prompt|context)",
        "ValueCell-ai/ClawX#658 (oMLX), ddalcu/mlx-serve#66 (HTTP 400); "
        "mlx_lm.server itself has no limit: ml-explore/mlx-examples#1170",
    ),
    Wording(
        "Anthropic",
        r"prompt is too long|input length and `?max_tokens`? exceed context limit",
        "anthropics/claude-code#12186, docker/docker-agent#569 (HTTP 400, invalid_request_error)",
    ),
    Wording(
        "Gemini",
        r"input token count.{0,20} exceeds the maximum number of tokens allowed",
        "BerriAI/litellm: ExceptionCheckers (HTTP 400, INVALID_ARGUMENT)",
    ),
    Wording(
        "xAI",
        r"maximum prompt length is \d+ but the request contains",
        "cline/cline#3120 (HTTP 400)",
    ),
    Wording(
        "Groq, Cerebras",
        r"reduce the length of the messages or completion",
        "OpenHands/OpenHands#1902, cline/cline#5140 (HTTP 400)",
    ),
    Wording(
        "Cohere",
        r"too many tokens: (?:total number of tokens|size limit exceeded)",
        "docs.cohere.com/reference/errors; Quansight/ragna#351 (HTTP 400)",
    ),
    Wording(
        "Mistral",
        r"too large for model with \d+ maximum context length",
        "docs.mistral.ai/resources/known-limitations (HTTP 400)",
    ),
    Wording(
        "Bedrock",
        r"input is too long for requested model|too many input tokens\. max input tokens",
        "repost.aws/knowledge-center/bedrock-validation-exception-errors; coder/mux#1702 (HTTP 400)",
    ),
    Wording(
        "OpenRouter",
        r"endpoint's maximum context length",
        "openrouter.ai/docs/api/reference/errors-and-debugging; refly-ai/refly#1177 (HTTP 400)",
    ),
    Wording(
        "LiteLLM",
        r"ContextWindowExceeded",
        "BerriAI/litellm: litellm/exceptions.py, litellm_core_utils/exception_mapping_utils.py",
    ),
    Wording(
        "watsonx",
        r"cannot exceed the total tokens limit",
        "IBM watsonx.ai: invalid_input_argument of text/chat and text/generation (HTTP 400)",
    ),
)

CONTENT_FILTER = (
    Wording(
        "Azure OpenAI",
        r"^content_filter$|ResponsibleAIPolicyViolation|content management policy",
        "openai/openai-python#331, compl-ai/compl-ai#20 (HTTP 400)",
    ),
    Wording(
        "OpenAI, LiteLLM",
        r"content_policy_violation|ContentPolicyViolation",
        "BerriAI/litellm: litellm_core_utils/exception_mapping_utils.py (HTTP 400)",
    ),
)


def is_overflow(texts: Iterable[str]) -> bool:
    """Whether a server's words or codes say that the prompt does not fit its context window."""
    return _any(CONTEXT_OVERFLOW, texts)


def is_filter(texts: Iterable[str]) -> bool:
    """Whether a server's words or codes say that its filter refused the prompt."""
    return _any(CONTENT_FILTER, texts)


def _any(table: Iterable[Wording], texts: Iterable[str]) -> bool:
    told = list(texts)
    return any(re.search(each.pattern, text, re.IGNORECASE) for each in table for text in told)
