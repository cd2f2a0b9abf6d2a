"""Pictures of studies: SVG and PNG files, and the clipboard; the same chart as on the screen, with what was measured
and how written around it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QImage

from explorer.app import study_texts as texts
from explorer.app.chart_export import ChartPicture, ChartWords
from explorer.app.painted import picture_suffix
from explorer.app.study_numbers import MEASURES, usable
from explorer.app.text import tr, translated
from explorer.app.theme import DARK, LIGHT
from explorer.app.widgets.study_chart import ChartLook, StudyChart
from explorer.app.widgets.study_legend import StudyLegend
from explorer.engine.study_records import StudyResult


def _picture(results: Sequence[StudyResult], look: ChartLook | None, dark: bool) -> ChartPicture:
    """One or two studies with heading, legend and protocol, ready to be painted."""
    palette = DARK if dark else LIGHT
    kind, plain = results[0].request.kind, results[0].request.spec.plain
    look = look or ChartLook(MEASURES[kind][0])
    measure = usable(results[0], look.measure)
    words = ChartWords(
        texts.kind_name(kind, plain),
        f"{tr(texts.MEASURE_NAMES[measure])}. {tr(texts.MEASURE_TIPS[measure])}.",
        notes=" ".join(translated(sentence) for sentence in results[0].protocol.sentences),
    )
    chart = StudyChart(palette)
    return ChartPicture(
        chart, partial(chart.show_results, results, look), StudyLegend.of(results, measure), words, palette
    )


def render_study(
    results: Sequence[StudyResult], path: Path | str, dark: bool = False, look: ChartLook | None = None
) -> None:
    """Write a study's chart, or two over each other, as .svg or .png (two pixels for each logical one). Needs a
    QApplication.

    Args:
        results: one or two studies of a kind.
        path: where to; an old file stays whole if it can't be written.
        dark: in the dark theme's colours.
        look: what is drawn; the kind's first measure by place where None.

    Raises:
        UserError: another suffix, or a place that can't be written.
    """
    picture_suffix(path)
    picture = _picture(results, look, dark)
    try:
        title = " / ".join(texts.study_name(result) for result in results)
        picture.write(path, title, results[0].protocol.command)
    finally:
        picture.close()


def study_image(results: Sequence[StudyResult], dark: bool = False, look: ChartLook | None = None) -> QImage:
    """The chart as pixels, two for each logical one."""
    picture = _picture(results, look, dark)
    try:
        return picture.image()
    finally:
        picture.close()


def copy_study(results: Sequence[StudyResult], dark: bool = False, look: ChartLook | None = None) -> None:
    """The chart's pixels into the clipboard."""
    QGuiApplication.clipboard().setImage(study_image(results, dark, look))
