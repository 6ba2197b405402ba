"""What numbers mean: rates, intervals, pass@k, paired comparison. Pure functions on plain numbers."""
