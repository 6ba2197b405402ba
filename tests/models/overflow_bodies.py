"""What each server answers to a prompt that does not fit: HTTP status and body; sources in `wordings`."""

import json
from typing import Any

__all__ = ["SAID", "error"]


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


LLAMA_CPP = {
    "code": 400,
    "message": "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 9412,
    "n_ctx": 8192,
}
MODEL_LENGTH = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens "
SAID: dict[str, tuple[int, Any]] = {
    "OpenAI": (
        400,
        error(
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
            "300007 tokens. "
            "Please reduce the length of the messages.",
            type="invalid_request_error",
            param="messages",
            code="context_length_exceeded",
        ),
    ),
    "OpenAI, older": (
        400,
        error(f"{MODEL_LENGTH}(8900 in the messages, 100 in the completion).", type="invalid_request_error"),
    ),
    "Azure OpenAI": (
        400,
        error("Your input exceeds the context window of this model.", code="context_length_exceeded"),
    ),
    "GitHub Models": (
        413,
        error("Request body too large for gpt-4o model. Max size: 8000 tokens.", code="tokens_limit_reached"),
    ),
    "vLLM": (
        400,
        error(
            "This model's maximum context length is 4096 tokens. However, you requested 100 output "
            "tokens and "
            "your prompt contains at least 3997 input tokens, for a total of at least 4097 tokens. "
            "Please reduce "
            "the length of the input prompt or the number of requested output tokens. "
            "(parameter=input_tokens, value=3997)",
            type="BadRequestError",
            param="input_tokens",
            code=400,
        ),
    ),
    "vLLM, with its engine's words": (
        400,
        {
            "object": "error",
            "message": "The decoder prompt (length 5951) is longer than the maximum model length of 4096.",
            "type": "BadRequestError",
            "code": 400,
        },
    ),
    "vLLM 0.18": (
        400,
        error(
            "You passed 4097 input tokens and requested 0 output tokens. However, the model's "
            "context length is "
            "only 4096 tokens, resulting in a maximum input length of 4096 tokens."
        ),
    ),
    "vLLM, without a limit": (400, error("max_tokens must be at least 1, got -5178.", code=400)),
    "SGLang": (
        400,
        {
            "object": "error",
            "message": "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
            "type": "BadRequest",
            "code": 400,
        },
    ),
    "SGLang, both": (
        400,
        {
            "object": "error",
            "message": "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
            "requested a total of 9100 tokens: 9000 tokens from the input messages and 100 tokens for the "
            "completion.",
        },
    ),
    "text-generation-inference": (
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. "
            "Given: 9000 `inputs` tokens and 100 `max_new_tokens`",
            "error_type": "validation",
        },
    ),
    "text-generation-inference, input": (
        422,
        {"error": "Input validation error: `inputs` must have less than 4096 tokens. Given: 9000"},
    ),
    "llama.cpp": (400, {"error": LLAMA_CPP}),
    "llama.cpp, older": (500, error("Context size has been exceeded.", code=500, type="server_error")),
    "llama-cpp-python": (
        400,
        error("Requested tokens (9000) exceed context window of 4096", type="invalid_request_error"),
    ),
    "Ollama": (400, {"error": "the input length exceeds the context length"}),
    "Ollama's cloud": (400, {"error": "prompt too long; exceeded max context length by 4904 tokens"}),
    "Ollama, newer": (400, {"error": json.dumps({"error": LLAMA_CPP})}),
    "LM Studio": (
        400,
        {
            "error": "Trying to keep the first 9000 tokens when context the overflows. However, the model is "
            "loaded with context length of only 4096 tokens, which is not enough. Try to load the "
            "model with a "
            "larger context length, or provide a shorter input"
        },
    ),
    "tabbyAPI": (
        400,
        error(
            "Prompt length 9000 exceeds the available context size of 4096 tokens",
            type="invalid_request_error",
            param=None,
            code="context_length_exceeded",
        ),
    ),
    "tabbyAPI, older": (503, error("Request length 9000 + 100 is greater than max_seq_len 4096")),
    "oMLX": (400, {"detail": "Prompt too long: 41911 tokens exceeds max context window of 32768 tokens"}),
    "mlx-serve": (400, error("Prompt exceeds maximum context length")),
    "Anthropic": (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 208310 tokens > 200000 maximum",
            },
            "request_id": "req_1",
        },
    ),
    "Anthropic, both": (
        400,
        error("input length and `max_tokens` exceed context limit: 200100 + 100 > 200000, decrease input"),
    ),
    "Gemini": (
        400,
        [
            error(
                "The input token count (1300000) exceeds the maximum number of tokens allowed (1048575).",
                code=400,
                status="INVALID_ARGUMENT",
            )
        ],
    ),
    "xAI": (
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "This model's maximum prompt length is 131072 but the request contains 136973 tokens.",
        },
    ),
    "Groq": (
        400,
        error(
            "Please reduce the length of the messages or completion.",
            type="invalid_request_error",
            param="messages",
            code="context_length_exceeded",
        ),
    ),
    "Cerebras": (
        400,
        {
            "message": "Please reduce the length of the messages or completion. Current length is "
            "42328 while "
            "limit is 40000",
            "type": "invalid_request_error",
        },
    ),
    "Cohere": (
        400,
        {
            "message": "too many tokens: total number of tokens in the prompt cannot exceed 4081 - "
            "received 4292. "
            "Try using a shorter prompt, or enabling prompt truncating."
        },
    ),
    "Cohere, size": (
        400,
        {"message": "too many tokens: size limit exceeded by 1502 tokens. Try using shorter or fewer inputs"},
    ),
    "Mistral": (
        400,
        {
            "object": "error",
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with "
            "32768 maximum "
            "context length",
            "type": "invalid_request_prompt",
            "code": "3051",
        },
    ),
    "Bedrock": (400, {"message": "Input is too long for requested model."}),
    "OpenRouter": (
        400,
        error(
            "This endpoint's maximum context length is 16384 tokens. However, you requested about "
            "26265 tokens "
            "(26255 of text input, 10 in the output). Please reduce the length of either one.",
            code=400,
        ),
    ),
    "OpenRouter, its provider": (
        400,
        error(
            "Provider returned error",
            code=400,
            metadata={"raw": json.dumps(error("prompt is too long: 208310 tokens > 200000 maximum"))},
        ),
    ),
    "LiteLLM's proxy": (
        400,
        error(
            "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
            "OpenAIException - too long. Received Model Group=gpt",
            type=None,
            param=None,
            code="400",
        ),
    ),
    "watsonx": (
        400,
        {
            "errors": [
                {
                    "code": "invalid_input_argument",
                    "message": "Invalid input argument for Model 'm': the number of input tokens 4098 cannot "
                    "exceed the total tokens limit 4096 for this model",
                }
            ],
            "trace": "f8a0",
            "status_code": 400,
        },
    ),
}
