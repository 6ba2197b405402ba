"""A report on some runs: its content, and what is made of it: charts, a picture, one HTML page."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Report", "check_extra"]


def check_extra() -> None:
    """Raise `ConfigurationError` where the extra ``report`` is not installed."""
    if find_spec("altair") is None or find_spec("vl_convert") is None:
        raise ConfigurationError(
            "a report needs Altair and vl-convert: install them with `pip install 'pytest-mcode[report]'`"
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report shows. Everything but `content` needs the extra ``report`` (Altair, vl-convert).

    Without it they raise `ConfigurationError`.
    """

    content: Mapping[str, Any]
    """JSON types: figures, answers, curves, configurations, and the grid of tasks; see `data.collect`."""

    def charts(self) -> "Mapping[str, alt.TopLevelMixin]":
        """Return Altair's charts for which there is something to show, by heading."""
        check_extra()
        import altair

        from pytest_mcode.results.report.charts import charts, title_of

        return {
            title_of(self.content, chart): altair.Chart.from_dict(chart.spec())
            for chart in charts(self.content)
        }

    def html(self) -> str:
        """Return one page that opens without a network; encode it with ``errors="backslashreplace"``."""
        check_extra()
        from pytest_mcode.results.report.page import render

        return render(self.content)

    def picture(self, format: str) -> bytes:
        """Return the charts as one ``png`` or ``svg``; raises `ConfigurationError` where there is none."""
        check_extra()
        from pytest_mcode.results.report.charts import picture

        return picture(self.content, format)
