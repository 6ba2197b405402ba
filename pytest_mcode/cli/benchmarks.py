"""`mcode benchmarks`: what there is to run."""

from pytest_mcode.cli.output import Form, Sheet, emit, formatted, print_sheet

__all__ = ["list_benchmarks"]


@formatted
def list_benchmarks(form: Form = "people") -> None:
    """List the benchmarks."""
    from pytest_mcode import benchmarks
    from pytest_mcode.benchmarks.registration import register_nearby

    register_nearby()
    found = [{"benchmark": name, "summary": summary} for name, summary in benchmarks.summaries().items()]
    sheet = Sheet(["benchmark", "what it is"], [[*each.values()] for each in found])
    emit(form, found, rows=found, sheets=[sheet], people=lambda: print_sheet(sheet))
