"""How many requests wait at a server: read from the metrics of each kind of server."""

import pytest

from pytest_mcode.models.load import waiting_requests

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="qwen"} 8.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="qwen"} 3.0
vllm:num_requests_waiting{engine="1",model_name="qwen"} 4.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="qwen",reason="capacity"} 9.0
"""
SGLANG = 'sglang:num_running_reqs{model_name="llama"} 8\nsglang:num_queue_reqs{model_name="llama"} 2\n'
LLAMA_CPP = "llamacpp:requests_processing 4\nllamacpp:requests_deferred 11\n"


@pytest.mark.parametrize(
    ("metrics", "waiting"),
    [
        (VLLM, 7),
        (SGLANG, 2),
        (LLAMA_CPP, 11),
        ('vllm:num_requests_waiting{model_name="a} b"} 1.2e+1\r\n', 12),
        ("process_cpu_seconds_total 3.5\n", None),
        ("<html>404</html>", None),
        ("vllm:num_requests_waiting nan\n", None),
        ("vllm:num_requests_waiting 1e999\n", None),
        ("", None),
    ],
)
def test_each_server_says_it_in_its_own_words(metrics, waiting):
    assert waiting_requests(metrics) == waiting
