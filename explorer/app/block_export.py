"""What blocks add as a file: a chart, or all figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from explorer.app.block_figures import Shown, Sorting, chart_words, depth_frame, depth_lines, exit_frame, exit_series
from explorer.app.block_words import Found, Measured, protocol
from explorer.app.chart_export import render_chart
from explorer.app.text import tr
from explorer.engine.explain.blocks_tables import csv_text
from explorer.engine.writing import whole_file
from explorer.errors import UserError

KINDS = ("SVG (*.svg)", "PNG (*.png)", "CSV (*.csv)")
SUFFIXES = (".csv", ".png", ".svg")


def save(
    path: Path, shown: Shown, sorting: Sorting, found: Found, measured: Measured, dark: bool = False,
    notes: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write a chart as .svg or .png, or all figures as .csv. A chart needs a QApplication.

    Args:
        path: of the file; its ending says which.
        shown: which figure, or `exits` for the head applied early.
        sorting: of a chart of responses.
        found, measured: at least one of both.
        dark: in the dark theme's colours.
        notes: more sentences for below the chart, or above the table.

    Raises:
        UserError: another ending, nothing to draw, or a place that can't be written.
    """
    if path.suffix.lower() == ".csv":
        text = csv_text(found, measured, [*protocol(found, measured), *notes])
        with whole_file(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8", newline="")
        return
    result = measured or found
    assert result is not None
    if shown == "exits":
        series, frame = exit_series(measured), exit_frame(measured)
    else:
        lines = depth_lines(shown, sorting, found, measured)
        series, frame = tuple(line.series for line in lines), depth_frame(shown, sorting, result.figures.outline)
    if not series:
        raise UserError(
            "There is nothing to draw: {reason}",
            reason=result.figures.outline.missing(shown)
            if shown != "exits"
            else tr("measure over the image set first."),
        )
    render_chart(series, frame, chart_words(shown, found, measured, notes), path, dark)
