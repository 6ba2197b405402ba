"""Tests drive the plugin through pytest's own `pytester`."""

import signal

import numpy  # noqa: F401  # pytester drops what a test imported, and it can be loaded once a process

pytest_plugins = ["pytester"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell's background job is started, and all that is started here would ignore Ctrl-C as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
