"""The lesson panel: the list of lessons, or the step that is on, and the way through it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from explorer.app.panels.lesson_list import LessonList
from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.panel import Panel

_ABOUT = (
    "A lesson goes in steps. Each sets the window up: a network, its weights, a picture, blocks deleted. It asks for a "
    "guess, and then measures the figure on this machine at that moment; what is said of training comes from the "
    "bundled networks' logs.\n\n"
    "Beside the figure stand its 95 % interval, its range or its quartiles, and n, the number of images. Everything "
    "stays usable meanwhile: try something else, and set the window up again.\n\n"
    "Lessons are text files. Your own lie in the folder that the menu Lessons opens; its README says how they are "
    "written."
)


class LessonPanel(Panel):
    """Shows one page at a time; what to do next stands below it."""

    next_requested = Signal()
    back_requested = Signal()
    end_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Lessons"), tr(_ABOUT), parent)
        self.list = LessonList()
        self.page: QWidget = self.list
        self._place = QVBoxLayout()
        self._place.addWidget(self.list)
        self.body.addLayout(self._place)
        self.finish()
        self.area.setAccessibleName(tr("Lesson"))
        self.title.setMinimumWidth(40)
        self.back = QPushButton(tr("Back"))
        self.next = QPushButton(tr("Next"))
        self.end = QPushButton(tr("End lesson"))
        self.end.setProperty("quiet", True)
        self.back.clicked.connect(self.back_requested)
        self.next.clicked.connect(self.next_requested)
        self.end.clicked.connect(self.end_requested)
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * SPACE, 4, 2 * SPACE, 12)
        foot.setSpacing(SPACE)
        for button in (self.back, self.next):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.end)
        outer = self.layout()
        assert isinstance(outer, QVBoxLayout)
        outer.addLayout(foot)
        self.setMinimumWidth(290)

    def show_list(self) -> None:
        """The lessons there are."""
        self._show_title(tr("Lessons"), "")
        self.show_page(self.list)
        self.back.hide()
        self.next.hide()
        self.end.setText(tr("Close"))

    def show_step(self, page: QWidget, title: str, number: int, count: int) -> None:
        """A step's page.

        Args:
            page: to show.
            title: of the lesson.
            number: of the step, from 1.
            count: of steps.
        """
        self._show_title(title, tr("{number} of {count}", number=number, count=count))
        self.state.setAccessibleName(tr("Step {number} of {count}", number=number, count=count))
        self.show_page(page)
        self.back.setVisible(True)
        self.back.setEnabled(number > 1)
        self.next.setVisible(True)
        self.end.setText(tr("End lesson"))

    def show_end(self, page: QWidget, title: str) -> None:
        """The last page."""
        self._show_title(title, "")
        self.show_page(page)
        self.back.setVisible(True)
        self.back.setEnabled(True)
        self.next.hide()
        self.end.setText(tr("Close"))

    def show_page(self, page: QWidget) -> None:
        """Instead of the one before; the list is kept, other pages go."""
        if page is self.page:
            self.chain()
            return
        before, self.page = self.page, page
        before.hide()
        if before is not self.list:
            self._place.removeWidget(before)
            before.deleteLater()
        if page is not self.list:
            self._place.addWidget(page)
        page.show()
        self.area.verticalScrollBar().setValue(0)
        self.chain()

    def chain(self) -> None:
        """Tab goes through the page, then to what stands below it. A field inside a field has the outer one's focus."""
        tab = Qt.FocusPolicy.TabFocus
        fields = [
            widget
            for widget in self.page.findChildren(QWidget)
            if widget.focusPolicy() & tab == tab and widget.focusProxy() is None
        ]
        for first, second in pairwise((self.area, *fields, self.back, self.next, self.end)):
            self.setTabOrder(first, second)

    def _show_title(self, title: str, state: str) -> None:
        """The state is never cut off; a long title is, and its tip has the whole."""
        self.title.setText(title)
        self.title.setToolTip(title)
        self.set_state(state)
        self.state.ensurePolished()
        self.state.setMinimumWidth(self.state.fontMetrics().horizontalAdvance(state) + 4 if state else 0)

    def point_at_next(self, primary: bool) -> None:
        """Whether going on is what there is to do now."""
        self.next.setProperty("primary", primary)
        self.next.style().unpolish(self.next)
        self.next.style().polish(self.next)

    def bring_into_sight(self, widget: QWidget) -> None:
        """Once laid out."""
        QTimer.singleShot(0, widget, lambda: self.area.ensureWidgetVisible(widget, 0, 2 * SPACE))

    @property
    def area(self) -> QScrollArea:
        assert self._scroll is not None
        return self._scroll
