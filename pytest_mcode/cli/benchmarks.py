"""`mcode benchmarks`: what there is to run."""

__all__ = ["list_benchmarks"]


def list_benchmarks() -> None:
    """List the benchmarks."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from pytest_mcode import benchmarks
    from pytest_mcode.benchmarks.registration import register_nearby

    register_nearby()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("benchmark", "what it is"):
        table.add_column(title)
    for name, summary in benchmarks.summaries().items():
        table.add_row(escape(name), escape(summary))
    Console().print(table)
