"""The lesson panel: pages, what can be pressed when, and that nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from explorer.app.panels.lesson import LessonPanel
from explorer.app.panels.lesson_end import LessonEndPage, Row
from explorer.app.panels.lesson_step import LessonStepPage, certainty, guess_words
from explorer.engine.lesson_known import known_figures
from explorer.engine.lesson_records import Lesson, LessonStep, Measured
from explorer.engine.lessons import BUNDLED, find_lessons, read_lesson
from explorer.errors import UserError
from tests.app.panel_support import show
from tests.engine.test_lessons import GOOD, file_of

LESSONS = find_lessons([BUNDLED]).lessons


class Percent(QTranslator):
    """A language with words of its own for units."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        words = {"{number} %": "{number} PERCENT", "{number} points": "{number} POINTS", "not a number": "NOT A NUMBER"}
        return words.get(text, text)


@pytest.fixture
def language(qapp: QApplication) -> Iterator[None]:
    translator = Percent()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


@pytest.fixture
def step(tmp_path: Path) -> LessonStep:
    return read_lesson(file_of(tmp_path, GOOD)).steps[0]


def page_of(step: LessonStep) -> LessonStepPage:
    return LessonStepPage(step, known_figures(step))


def texts(page: LessonStepPage) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if not label.isHidden()]


def test_a_step_says_what_is_known_and_keeps_the_rest(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    assert "ResNet-20 has 9 blocks." in texts(page)
    assert not any("It loses" in text for text in texts(page))
    assert not page.comparison.isVisible()


def test_measuring_needs_a_guess_and_a_window_that_is_set_up(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    page.show_busy("Setting the window up…")
    page.field.set_guess(12)
    assert not page.measure.isEnabled()
    assert page.measure.text() == "Setting the window up…"
    page.show_ready()
    assert page.measure.isEnabled()
    with qtbot.waitSignal(page.measure_requested):
        qtbot.mouseClick(page.measure, Qt.MouseButton.LeftButton)
    fresh = show(qtbot, page_of(step), 270, 500)
    fresh.show_ready()
    assert not fresh.measure.isEnabled()
    assert fresh.measure.toolTip() == "Guess first"


def test_enter_in_the_field_measures(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    page.show_ready()
    page.field.number.selectAll()
    qtbot.keyClicks(page.field.number, "12")
    with qtbot.waitSignal(page.measure_requested):
        qtbot.keyClick(page.field.number, Qt.Key.Key_Return)


def test_the_figure_stands_beside_the_guess(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    page.show_ready()
    page.field.set_guess(12)
    found = {"lost": Measured("lost", 2.04, 0.5, 3.6, 500), "blocks": Measured("blocks", 9)}
    page.show_answer(12, found, ("ResNet-20 is untrained here.",))
    assert page.comparison.guess.text() == "12 points"
    assert page.comparison.measured.text() == "2.0 points"
    assert page.comparison.rest.text() == "95 % interval 0.5 to 3.6 · n = 500"
    assert page.comparison.line.isVisible()
    assert page.answer.text() == "It loses 2.0 points."
    assert page.source.text() == "Veit et al. 2016, section 4.1"
    assert page.notes.isVisible()
    assert not page.measure.isVisible()
    assert not page.field.slider.isEnabled()
    assert "Your guess 12 points, measured 2.0 points" in page.comparison.accessibleName()


def test_a_choice_is_marked_instead_of_a_line(qtbot: QtBot) -> None:
    step = LESSONS[1].steps[3]
    page = show(qtbot, page_of(step), 270, 600)
    page.field.set_guess(0)
    found = {"plain": Measured("plain", 14400.0, 13000, 15300, seeds=3), "residual": Measured("residual", 35.0)}
    page.show_answer(0, found, ())
    assert not page.comparison.line.isVisible()
    assert page.comparison.guess.text() == "Much smaller: it vanishes"
    assert page.comparison.guess.font().pixelSize() < page.comparison.measured.font().pixelSize()
    assert page.comparison.measured.text() == "14,000"
    assert page.comparison.rest.text() == "13,000 to 15,000 over 3 seeds"
    assert page.field._words[2].text().endswith("✓")


def test_a_figure_that_is_no_number_is_shown_as_such(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    found = {"lost": Measured("lost", float("nan")), "blocks": Measured("blocks", 9)}
    page.show_answer(12, found, ())
    assert page.comparison.measured.text() == "not a number points"
    assert not page.grab().isNull()


@pytest.mark.usefixtures("language")
def test_units_in_the_sentences_are_translated(tmp_path: Path, qtbot: QtBot) -> None:
    text = GOOD.replace('measure = "blocks"', 'measure = "paths_left"\ncount = 1')
    step = read_lesson(file_of(tmp_path, text)).steps[0]
    page = show(qtbot, page_of(step), 270, 500)
    page.field.set_guess(12)
    assert "ResNet-20 has 50.0 PERCENT blocks." in texts(page)
    page.show_answer(12, {**known_figures(step), "lost": Measured("lost", 2.0)}, ())
    assert page.answer.text() == "It loses 2.0 POINTS."
    page.show_answer(12, {**known_figures(step), "lost": Measured("lost", float("nan"))}, ())
    assert page.answer.text() == "It loses NOT A NUMBER POINTS."


def test_a_step_with_more_paths_than_a_float_holds_opens(tmp_path: Path, qtbot: QtBot) -> None:
    text = GOOD.replace("resnet20", "resnet6146").replace('measure = "blocks"', 'measure = "paths"')
    asked = text.replace('figure = "lost"', 'figure = "many"').replace("It loses", "It has {many}, it loses")
    step = read_lesson(file_of(tmp_path, asked + '[[steps.figures]]\nname = "many"\nmeasure = "paths"\n')).steps[0]
    page = show(qtbot, page_of(step), 270, 500)
    assert "ResNet-20 has 5.8 × 10⁹²⁴ blocks." in texts(page)
    page.field.set_guess(12)
    page.show_answer(12, {**known_figures(step), "lost": Measured("lost", 2.0)}, ())
    assert page.comparison.measured.text() == "5.8 × 10⁹²⁴"
    assert page.answer.text() == "It has 5.8 × 10⁹²⁴, it loses 2.0 points."
    assert not page.grab().isNull()


def test_an_error_can_be_tried_again(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    page.field.set_guess(12)
    page.show_busy("Measuring…")
    page.show_error("It did not work.")
    assert page.error.isVisible()
    assert page.measure.isEnabled()
    page.show_busy("Measuring…")
    assert not page.error.isVisible()


def test_offers_come_and_go(step: LessonStep, qtbot: QtBot) -> None:
    page = show(qtbot, page_of(step), 270, 500)
    page.field.set_guess(12)
    page.show_ready()
    chosen: list[str] = []
    page.show_offers("Missing.", [("Download them", lambda: chosen.append("a")), ("Go on", lambda: chosen.append("b"))])
    assert page.missing.isVisible()
    assert not page.measure.isEnabled(), "nothing can be measured yet"
    qtbot.mouseClick(page.offers[1], Qt.MouseButton.LeftButton)
    assert chosen == ["b"]
    page.show_busy("…")
    assert page.offers == []
    assert not page.missing.isVisible()


def test_words_of_guesses_and_of_certainty(tmp_path: Path) -> None:
    step = read_lesson(file_of(tmp_path, GOOD)).steps[0]
    assert [guess_words(step, guess) for guess in (12.0, 1.0, 12.5)] == ["12 points", "1 point", "12.5 points"]
    log = LESSONS[4].steps[1]
    assert [guess_words(log, guess) for guess in (1e-9, 0.5, 2000.0, 1e7)] == [
        "1.0 × 10⁻⁹", "0.50", "2,000", "1.0 × 10⁷",
    ]  # fmt: skip
    share = LESSONS[3].steps[2]
    assert [guess_words(share, guess) for guess in (0.04, 12.0)] == ["0.040 %", "12 %"]
    assert certainty(step.asked, Measured("lost", 3.0)) == ""
    assert certainty(step.asked, Measured("lost", 3.0, images=1000)) == "n = 1,000"
    same = Measured("lost", 3.0, 3.01, 3.02, seeds=2)
    assert certainty(step.asked, same) == "3.0 with each of 2 seeds"
    spread = Measured("lost", 3.0, 2.0, 4.0, 10, quartiles=True)
    assert certainty(step.asked, spread) == "quartiles 2.0 to 4.0 · n = 10"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_no_page_is_wider_than_its_place(lesson: Lesson, qtbot: QtBot) -> None:
    panel = show(qtbot, LessonPanel(), 290, 620)
    for number, step in enumerate(lesson.steps, 1):
        page = page_of(step)
        panel.show_step(page, lesson.title, number, len(lesson.steps))
        expected = {
            figure.name: Measured(figure.name, figure.expected if figure.expected is not None else 1.0, 1.0, 2.0, 500)
            for figure in step.figures
        }
        low, high = step.question.low, step.question.high
        page.show_answer(
            0 if step.question.choices else (low * high) ** 0.5 if step.question.log else high, expected, ()
        )
        qtbot.wait(1)
        assert panel.area.horizontalScrollBar().maximum() == 0
        assert page.width() <= panel.area.viewport().width()
        figure = page.comparison.measured
        assert figure.fontMetrics().horizontalAdvance(figure.text().split()[0]) <= figure.width(), step.title
        for label in page.findChildren(QLabel):
            if label.isVisible() and label.text():
                assert label.height() >= label.heightForWidth(label.width()), (step.title, label.text())
    assert panel.state.full_text == f"{len(lesson.steps)} of {len(lesson.steps)}"
    assert panel.state.text() == panel.state.full_text, "not shortened"


def test_the_list_names_lessons_and_broken_files(qtbot: QtBot) -> None:
    panel = show(qtbot, LessonPanel(), 280, 700)
    error = UserError("{file}: {reason}", file="mine.toml", reason="title is missing in the lesson.")
    panel.list.show_lessons(LESSONS, [error])
    panel.show_list()
    assert list(panel.list.buttons) == [lesson.name for lesson in LESSONS]
    assert [label.text() for label in panel.list.refusals] == ["mine.toml: title is missing in the lesson."]
    with qtbot.waitSignal(panel.list.begin_requested) as begun:
        qtbot.mouseClick(panel.list.buttons["4-paths"], Qt.MouseButton.LeftButton)
    assert begun.args == [LESSONS[3]]
    assert panel.list.buttons["4-paths"].accessibleName() == "Begin the lesson Many short paths"
    panel.list.show_lessons(LESSONS[:1], [])
    assert len(panel.list.buttons) == 1
    assert not panel.list.refusals


def test_the_end_tells_every_guess(qtbot: QtBot) -> None:
    rows = [Row("One", "12 points", "2.0 points"), Row("Two", "", "")]
    page = show(qtbot, LessonEndPage(rows, ""), 270, 500)
    assert [row.text() for row in page.rows] == ["guessed 12 points, measured 2.0 points", "not measured"]
    assert not page.following.isVisible()
    for button, signal in ((page.put_back, page.put_back_requested), (page.keep, page.keep_requested)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
