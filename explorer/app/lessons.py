"""The desk of the lessons: opens them, sets the window up step by step, has figures measured, and puts all back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.app import commands
from explorer.app.document import State
from explorer.app.explain.desk import Explain
from explorer.app.jobs import Lane
from explorer.app.lesson_dock import LessonDock
from explorer.app.lesson_menu import LessonMenu
from explorer.app.lesson_run import LessonRun, open_parts
from explorer.app.lesson_texts import missing_words, setting_words
from explorer.app.lesson_views import show_tab
from explorer.app.panels.lesson import LessonPanel
from explorer.app.panels.lesson_end import LessonEndPage, Row
from explorer.app.panels.lesson_step import LessonStepPage, guess_words
from explorer.app.runner_jobs import Load
from explorer.app.text import sentence, tr, translated
from explorer.engine.explain.lesson_records import LessonRequest, LessonResult, Missing, Prepared, SettingRequest
from explorer.engine.lesson_known import known_figures
from explorer.engine.lesson_records import Lesson
from explorer.engine.lesson_words import written
from explorer.engine.lessons import find_lesson
from explorer.engine.records import UNTRAINED
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.app.window import Window

_TOLD_BY_ACCURACY = ("accuracy", "points_lost", "random_deletion")
"""Measures whose figure the panel Accuracy shows as well; it is hidden until the guess is made."""
_KINDS = "*.safetensors *.pth *.pt *.th"


class LessonDesk(QObject):
    """Brings lessons, document and the lane of their jobs together.

    Args:
        window: whose document it sets up.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._dock = LessonDock(window)
        self._panel: LessonPanel | None = None
        self.run: LessonRun | None = None
        self.menu = LessonMenu(self, window)
        self._doing = ""
        jobs = window.jobs
        jobs.finished.connect(self._finished)
        jobs.failed.connect(self._failed)
        jobs.stopped.connect(self._stopped)
        document = window.document
        for changed in (document.spec_changed, document.weights_changed, document.deleted_changed):
            changed.connect(self._compare)

    # -- opening and closing -------------------------------------------------------------------------------------

    @property
    def panel(self) -> LessonPanel:
        """Made when it is first needed."""
        if self._panel is None:
            panel = self._panel = LessonPanel()
            panel.next_requested.connect(self.go_on)
            panel.back_requested.connect(self.go_back)
            panel.end_requested.connect(self.leave)
            panel.list.begin_requested.connect(self.begin)
            panel.list.go_on_requested.connect(self._resume)
            panel.list.folder_requested.connect(self.menu.open_folder)
        return self._panel

    @property
    def page(self) -> LessonStepPage | None:
        """The step that is shown."""
        page = self.panel.page
        return page if isinstance(page, LessonStepPage) else None

    def open(self) -> None:
        """All lessons; one that is on can be gone on with."""
        if self.run is None:
            self.show_list()
        else:
            self._drop()
            self._list(self.run.lesson.title)

    def show_list(self) -> None:
        """All lessons; one that is on ends."""
        self._forget()
        self._list("")

    def _list(self, on: str) -> None:
        found = self.menu.look()
        self.panel.list.show_lessons(found.lessons, found.refusals, on)
        self.panel.show_list()
        self._dock.open(self.panel)
        going = self.panel.list.go_on
        buttons = [*([going] if going is not None else []), *self.panel.list.buttons.values()]
        if buttons:
            buttons[0].setFocus()

    def begin(self, lesson: Lesson, step: int = 0) -> None:
        """A lesson from its first step, or another.

        Args:
            lesson: which.
            step: number from 0; the last one where there are not so many.
        """
        before = self.run.before if self.run is not None else self._window.document.state
        self._forget()
        self.run = LessonRun(lesson, before)
        self._window.actions_by_name["end_lesson"].setEnabled(True)
        self._dock.open(self.panel)
        self._enter(min(step, len(lesson.steps) - 1))

    def begin_named(self, name: str) -> None:
        """A lesson by its file's name, with the number of a step behind a colon.

        Raises:
            UserError: there is none, or it is broken.
        """
        lesson, step = named(name, self.menu.folders)
        self.begin(lesson, step)

    def _resume(self) -> None:
        if self.run is not None:
            self._enter(self.run.number)

    def leave(self) -> None:
        """End the lesson; what is open stays, and what was open before is offered."""
        run = self.run
        self.close()
        if run is not None and open_parts(run.before) != open_parts(self._window.document.state):
            self._window.notice.offer(
                tr("The lesson has ended."), tr("Put back …"),
                [(tr("What was open before the lesson"), partial(self._put_back, run.before))],
            )  # fmt: skip

    def close(self) -> None:
        """Without a word; the docks are as they were."""
        self._forget()
        self._dock.close()

    def _forget(self) -> None:
        self._drop()
        self._dock.hide_accuracy(False)
        self.run = None
        if self._panel is not None:
            self._panel.show_page(self._panel.list)
        self._window.actions_by_name["end_lesson"].setEnabled(False)

    # -- steps ---------------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        run = self.run
        if run is None:
            return
        if run.number + 1 < len(run.lesson.steps):
            self._enter(run.number + 1)
        else:
            self._end()

    def go_back(self) -> None:
        run = self.run
        if run is not None:
            self._enter(run.number if isinstance(self.panel.page, LessonEndPage) else run.number - 1)

    def _enter(self, number: int) -> None:
        run = self.run
        if run is None or number < 0:
            return
        self._drop()
        run.number = number
        step = run.step
        page = LessonStepPage(step, known_figures(step))
        page.measure_requested.connect(self.measure)
        page.again_requested.connect(self.set_up)
        self.panel.show_step(page, run.lesson.title, number + 1, len(run.lesson.steps))
        result = run.results.get(number)
        if result is not None:
            page.show_answer(run.guesses[number], result.figures, result.notes)
        self._dock.hide_accuracy(result is None and step.asked.measure in _TOLD_BY_ACCURACY)
        self.panel.point_at_next(result is not None)
        page.field.setFocus()
        self.set_up()

    def _end(self) -> None:
        run = self.run
        assert run is not None
        self._drop()
        self._dock.hide_accuracy(False)
        rows = []
        for number, step in enumerate(run.lesson.steps):
            result = run.results.get(number)
            guess = measured = ""
            if result is not None:
                figure = step.asked
                guess = guess_words(step, run.guesses[number])
                measured = translated(written(figure.form, result.figures[figure.name].value, figure.decimals))
            rows.append(Row(step.title, guess, measured))
        following = run.following(self.menu.look().lessons)
        page = LessonEndPage(rows, following.title if following else "")
        page.put_back_requested.connect(self._end_and_put_back)
        page.keep_requested.connect(self.close)
        if following is not None:
            page.next_requested.connect(partial(self.begin, following))
        self.panel.show_end(page, run.lesson.title)
        (page.following if following else page.put_back).setFocus()

    def _end_and_put_back(self) -> None:
        run = self.run
        self.close()
        if run is not None:
            self._put_back(run.before)

    def _put_back(self, before: State) -> None:
        commands.push(commands.Edit(self._window.document, tr("End of the lesson"), **open_parts(before)))

    # -- setting the window up -----------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Get ready what the step needs, then open it."""
        run, page = self.run, self.page
        if run is None or page is None:
            return
        page.show_busy(tr("Setting the window up…"))
        self._submit("setting", SettingRequest(*self._open(), **run.request_fields()))

    def _open(self) -> tuple[Any, ...]:
        """What every request has; a lesson's figures name their own networks."""
        state = self._window.document.state
        return state.spec, UNTRAINED, state.device.id

    def _submit(self, doing: str, request: SettingRequest | LessonRequest) -> None:
        self._doing = doing
        self._window.jobs.submit(Lane.LESSON, Explain(request))

    def _drop(self) -> None:
        self._doing = ""
        self._window.jobs.cancel(Lane.LESSON)

    def _prepared(self, prepared: Prepared) -> None:
        run, page = self.run, self.page
        if run is None or page is None:
            return
        page.show_ready()
        if prepared.missing:
            self._offer(prepared.missing[0], page)
            return
        assert prepared.info is not None
        setting = run.step.setting
        info, lesion = prepared.info, setting.lesion
        changes: dict[str, Any] = {
            "spec": info.spec, "weights": info.ref, "info": info,
            "deleted": lesion.deleted, "cut": lesion.cut, "order": lesion.order, "selection": setting.select or None,
        }  # fmt: skip
        if prepared.picture is not None:
            changes["picture"] = prepared.picture
        run.set_up = changes
        focus = self._window.focusWidget()
        commands.push(commands.Edit(self._window.document, setting_words(run), **changes))
        if setting.select:
            self._window.diagram.reveal(setting.select)
        show_tab(self._window, setting.show)
        if isinstance(focus, QWidget):
            focus.setFocus()
        self._compare()

    def _compare(self) -> None:
        """Say where something else is open than the step is about."""
        run, page = self.run, self.page if self._panel is not None else None
        if run is None or page is None or self._doing:
            return
        state = self._window.document.state
        compared = ("spec", "weights", "deleted", "cut", "order")
        page.show_changed(any(getattr(state, name) != run.set_up.get(name) for name in compared))

    def _offer(self, missing: Missing, page: LessonStepPage) -> None:
        """Weights that are not there are fetched, or done without."""
        offers: list[tuple[str, Any]] = []
        if missing.kind == "download":
            offers.append((tr("Download them"), partial(self._fetch, missing)))
        elif missing.kind == "file":
            offers.append((tr("Look for the file…"), partial(self._look_for, missing)))
        offers.append((tr("Go on untrained"), self._go_untrained))
        page.show_offers(missing_words(missing), offers)
        self.panel.chain()
        page.offers[0].setFocus()

    def _fetch(self, missing: Missing, _checked: bool = False) -> None:
        page = self.page
        if page is not None and missing.ref is not None:
            page.show_busy(tr("Downloading…"))
            self._doing = "fetching"
            self._window.jobs.submit(Lane.LESSON, Load(missing.spec, missing.ref))

    def _look_for(self, missing: Missing, _checked: bool = False) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, tr("Weights of {network}", network=missing.spec.name), self._window.settings.folder,
            tr("Checkpoints") + f" ({_KINDS})",
        )  # fmt: skip
        if name and self.run is not None:
            self._window.settings.folder = str(Path(name).parent)
            self.run.files[missing.name] = name
            self.set_up()

    def _go_untrained(self, _checked: bool = False) -> None:
        if self.run is not None:
            self.run.untrained = True
            self.set_up()

    # -- measuring -----------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """The figures of this step, for the guess that was made."""
        run, page = self.run, self.page
        if run is None or page is None or page.field.guess is None:
            return
        run.guesses[run.number] = page.field.guess
        page.show_busy(tr("Measuring…"))
        self._submit("measuring", LessonRequest(*self._open(), **run.request_fields()))

    def _show_rest(self) -> None:
        """With the answer comes what would have given it away."""
        run = self.run
        assert run is not None
        self._dock.hide_accuracy(False)
        show_tab(self._window, run.step.setting.then_show)

    def begin_measuring(self) -> None:
        """A guess in the middle of the scale, then the figure: for pictures of the window."""
        page = self.page
        if page is not None:
            scale = page.field.scale
            page.field.set_guess(0 if scale is None else scale.number((scale.low + scale.high) / 2))
            self.measure()

    def _measured(self, result: LessonResult) -> None:
        run, page = self.run, self.page
        if run is None or page is None:
            return
        run.results[run.number] = result
        page.show_answer(run.guesses[run.number], result.figures, result.notes)
        self._show_rest()
        self.panel.point_at_next(True)
        self.panel.next.setFocus()
        self.panel.bring_into_sight(page.source)
        self._compare()

    # -- jobs ----------------------------------------------------------------------------------------------------

    def _finished(self, lane: Lane, value: object) -> None:
        if lane is not Lane.LESSON:
            return
        self._doing = ""
        if isinstance(value, Prepared):
            self._prepared(value)
        elif isinstance(value, LessonResult):
            self._measured(value)
        else:
            QTimer.singleShot(0, self.set_up)  # weights were fetched; the lane is told to have stopped first

    def _failed(self, lane: Lane, error: UserError) -> None:
        if lane is Lane.LESSON:
            self._doing = ""
            self._tell(sentence(error))

    def _stopped(self, lane: Lane) -> None:
        """Cancelled by the person, unless it has ended by itself."""
        if lane is Lane.LESSON and self._doing:
            self._doing = ""
            self._tell(tr("Cancelled."))

    def _tell(self, words: str) -> None:
        page = self.page if self._panel is not None else None
        if page is not None:
            page.show_error(words)
            page.show_changed(True)


def named(name: str, folders: tuple[Path, ...]) -> tuple[Lesson, int]:
    """A lesson, and the number of a step from 0, of `3-deleting:2`.

    Raises:
        UserError: there is none, or it is broken.
    """
    stem, _, number = name.rpartition(":")
    if stem and number.isdigit():
        return find_lesson(stem, folders), max(int(number) - 1, 0)
    return find_lesson(name, folders), 0
