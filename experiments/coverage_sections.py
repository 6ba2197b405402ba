"""All sections of `coverage.py`, by name."""

import coverage_budgets
import coverage_pairs
import coverage_runs

SECTIONS = coverage_runs.SECTIONS | coverage_pairs.SECTIONS | coverage_budgets.SECTIONS
