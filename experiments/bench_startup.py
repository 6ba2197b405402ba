"""What the installed but inactive plugin adds to a pytest session, side by side with one without it.

    python experiments/bench_startup.py --rounds 40

Each round runs pytest on one empty test with the plugin and with ``-p no:mcode``, in alternating order.
Prints the medians, the median of the paired differences in milliseconds, and the ratio.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(directory: Path, *arguments: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_empty.py").write_text("def test_empty(): pass\n")
        pairs = []
        for number in range(rounds + 1):
            order = [(), ("-p", "no:mcode")]
            timed = {each: seconds(directory, *each) for each in (order if number % 2 else order[::-1])}
            pairs.append((timed[order[0]], timed[order[1]]))
        pairs = pairs[1:]  # The first round warms the caches.
    active = statistics.median(a for a, _ in pairs)
    without = statistics.median(b for _, b in pairs)
    added = statistics.median(a - b for a, b in pairs)
    print(f"with {active * 1000:.0f} ms, without {without * 1000:.0f} ms, {rounds} rounds")
    print(f"added {added * 1000:.1f} ms (median of paired differences), ratio {active / without:.3f}")


if __name__ == "__main__":
    main()
