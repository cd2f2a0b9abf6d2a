"""Paths as a file: the chart, or its figures."""

from __future__ import annotations

from pathlib import Path

from explorer.app.chart_export import render_chart
from explorer.app.export import write_whole
from explorer.app.paths_charts import Shown, chart_words, drawing
from explorer.engine.explain.paths_records import PathsResult
from explorer.engine.explain.paths_tables import csv_text, unravelled_csv
from explorer.errors import UserError
from explorer.networks.lesion import Lesion
from explorer.networks.paths import PathCounts


def save(
    path: Path,
    shown: Shown,
    counts: PathCounts,
    result: PathsResult,
    log: bool = False,
    dark: bool = False,
    command: str = "",
) -> None:
    """Write .csv, .svg or .png.

    Args:
        path: where to.
        shown: which chart.
        counts: of the network with its lesion.
        result: what was measured; its norms may be missing where counts are shown.
        log: whether the chart's vertical axis is logarithmic.
        dark: in the dark theme's colours.
        command: that repeats it, empty for none.

    Raises:
        UserError: another ending, or a place that can't be written.
    """
    if path.suffix.lower() == ".csv":
        write_whole(path, csv_text(result, counts, command).encode())
        return
    series, frame = drawing(shown, counts, result if len(result.norms) else None, log)
    render_chart(series, frame, chart_words(shown, counts, result, result.request.spec.name, command), path, dark)


def save_unravelled(path: Path, result: PathsResult, lesion: Lesion) -> None:
    """Write the chosen blocks' paths as .csv.

    Args:
        path: where to.
        result: with the paths.
        lesion: what is deleted and cut now.

    Raises:
        UserError: another ending, or a place that can't be written.
    """
    if path.suffix.lower() != ".csv":
        raise UserError(
            "These paths can be written as .csv; give the file this ending instead of {path}.", path=path.name
        )
    write_whole(path, unravelled_csv(result, lesion.deleted, lesion.cut).encode())
