"""`python -m pytest_mcode.cli` is `mcode`."""

from pytest_mcode.cli import main

main()
