"""Tests drive the plugin through pytest's own `pytester`."""

pytest_plugins = ["pytester"]
