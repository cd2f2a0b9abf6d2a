"""Someone in the deletion laboratory, with the real engine."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint

from explorer.app.panels.study import StudyPanel
from explorer.engine.session import Session
from explorer.engine.study_records import StudyKind, StudyRequest, StudyResult
from tests.end_to_end.person import LEFT, NO_KEY, Person

LONG = 25
"""Repeats of a random study that takes minutes: it is still running whatever a test does meanwhile."""


class Student:
    """A person at the study tab."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.window = person.window
        self.studies = person.window.studies
        person.choose("show_study")
        assert self.panel.isVisible()

    @property
    def panel(self) -> StudyPanel:
        return self.window.study_desk.panel

    @property
    def results(self) -> tuple[StudyResult, ...]:
        """What the panel shows."""
        return self.panel.results

    def set_up(self, kind: StudyKind, images: int = 100, seeds: int = 2, most: int = 0) -> None:
        column = self.panel.setup_column
        self.choose_in(column.kind, kind)
        self.choose_in(column.images, images)
        column.seeds.setValue(seeds)
        column.most.setValue(most)

    def choose_in(self, box: object, value: object) -> None:
        place = box.findData(value)  # type: ignore[attr-defined]
        assert place >= 0, value
        box.setCurrentIndex(place)  # type: ignore[attr-defined]

    def click_run(self) -> None:
        self.person.bot.mouseClick(self.panel.setup_column.run, LEFT)

    def run(self, kind: StudyKind, images: int = 100, seeds: int = 2, most: int = 0) -> StudyResult:
        """A whole study."""
        self.set_up(kind, images, seeds, most)
        self.click_run()
        return self.wait_for_study()

    def begin_long(self) -> None:
        """A study that goes on and on, and has measured something."""
        self.set_up("random", 2000, LONG)
        self.click_run()
        self.wait_for_images()

    def wait_for_study(self) -> StudyResult:
        self.person.wait(lambda: bool(self.results) and self.results[-1].finished and not self.is_busy)
        return self.results[-1]

    def wait_for_images(self) -> None:
        self.person.wait(lambda: bool(self.results) and any(point.counts.images for point in self.results[-1].points))

    @property
    def is_busy(self) -> bool:
        return self.studies.activity != "idle"

    def place_of(self, study: int, point: int) -> QPoint:
        """Where in the chart a bar or dot is."""
        chart = self.panel.chart
        assert chart is not None
        room = chart.viewport().rect()
        for x in range(room.left(), room.right(), 2):
            for y in range(room.top(), room.bottom(), 3):
                if chart.hit(x, y) == (study, point):
                    return QPoint(x + 1, y + 1) if chart.hit(x + 1, y + 1) == (study, point) else QPoint(x, y)
        raise AssertionError(f"point {point} of study {study} is nowhere in the chart")

    def click_point(self, point: int, study: int = 0) -> None:
        self.person.bot.wait(30)  # the chart has laid itself out
        place = self.place_of(study, point)
        self.person.bot.mouseClick(self.panel.chart.viewport(), LEFT, NO_KEY, place)


def one_run(request: StudyRequest) -> StudyResult:
    """The same study in one go, by an engine of its own."""
    work = Session().study(request)
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: StudyResult = end.value
            return result


def assert_equal(result: StudyResult, other: StudyResult) -> None:
    assert [point.lesion for point in result.points] == [point.lesion for point in other.points]
    for one, two in zip((result.intact, *result.points), (other.intact, *other.points), strict=True):
        assert one.counts == two.counts
        assert one.discordant == two.discordant
        np.testing.assert_array_equal(one.predictions, two.predictions)
