"""Tasks whose solution is a function or class, judged by Python tests in a sandbox."""
