"""A report on some runs: its content, and what is made of it: charts, a picture, one HTML page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report shows. Everything but `content` needs the extra ``report`` (Altair, vl-convert)."""

    content: Mapping[str, Any]
    """JSON types: figures, curves, comparison, and the grid of tasks; see `data.collect`."""

    def charts(self) -> "Mapping[str, alt.TopLevelMixin]":
        """Return Altair's charts for which there is something to show, by heading."""
        from pytest_mcode.results.report.charts import charts

        return charts(self.content)

    def html(self) -> str:
        """Return one page that opens without a network; encode it with ``errors="backslashreplace"``."""
        from pytest_mcode.results.report.page import render

        return render(self.content)

    def picture(self, format: str) -> bytes:
        """Return the charts as one ``png`` or ``svg``; raises `ConfigurationError` where there is none."""
        from pytest_mcode.results.report.charts import picture

        return picture(self.content, format)
