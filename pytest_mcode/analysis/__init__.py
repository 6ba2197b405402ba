"""What numbers mean: rates, intervals, pass@k, paired comparison, power, costs. Pure functions on numbers."""
