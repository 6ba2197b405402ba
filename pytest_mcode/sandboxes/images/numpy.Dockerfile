# Python with numpy, which the tests of humaneval+ and mbpp+ need.
ARG BASE=python:3.12-slim
FROM ${BASE}
RUN if python3 -c "import numpy"; then \
        echo "has numpy already"; \
    elif python3 -m pip --version; then \
        PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --no-cache-dir numpy; \
    else \
        apt-get update \
        && apt-get install --yes --no-install-recommends python3-numpy \
        && rm -rf /var/lib/apt/lists/*; \
    fi
RUN python3 -c "import numpy"
