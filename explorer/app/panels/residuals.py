"""What each block adds: in one block, along the depth, and what the head would say behind each block."""

from __future__ import annotations

from typing import Literal, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QStackedLayout, QWidget

from explorer.app.block_words import Found, Measured
from explorer.app.panels.residuals_depth import DepthPage
from explorer.app.panels.residuals_exits import ExitsPage
from explorer.app.panels.residuals_maps import BlockMapsPage
from explorer.app.panels.residuals_run import RunRow
from explorer.app.text import tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.hint import Hint
from explorer.app.widgets.panel import Panel
from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult

Page = Literal["maps", "depth", "exits"]
_ABOUT = (
    "A residual block adds F(x), what its layers make of the input, to what its shortcut carries (He et al. 2015, "
    "section 3.1). In one block: both and their sum, each channel of the picture, on one colour scale; red is above "
    "zero, blue below.\n\n"
    "Along the depth: how large F(x) is beside x (L2 norms over the whole map), the cosine between both, and the "
    "standard deviation of each layer's response: its output after batch norm and before ReLU or addition. He et al. "
    "2015 found smaller responses in residual networks than in plain ones (section 4.2, Fig. 7), in support of their "
    "motivation that residual functions might be closer to zero than others. Where no batch norm follows a "
    "convolution, as at the end of pre-activation blocks, it is the convolution's own output, and of another scale.\n\n"
    "Early answers: the head, trained behind the last block, is applied behind each block of the last stage, as all of "
    "them have its shape. Greff et al. 2017 (arXiv:1612.07771) see the blocks of a stage refine one estimate step by "
    "step; then early answers come close to the last one. Look at the plain twin for how it is where every layer "
    "replaces what came before.\n\n"
    "Lines are medians over the image set, bands their quartiles; dots are this picture. Batch norm uses its trained "
    "statistics throughout."
)


class ResidualsPanel(Panel):
    """Three pages over the same two results, the picture's and the set's."""

    block_chosen = Signal(str)
    hovered = Signal(str)
    """Id of a block under the pointer, empty for none."""
    page_shown = Signal()
    run_requested = Signal()
    cancel_requested = Signal()
    count_changed = Signal()
    """Another number of images is wanted."""
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Residuals"), tr(_ABOUT), parent, scrolls=False)
        self._found: Found = None
        self._measured: Measured = None
        self._build_header()
        self.maps, self.along, self.exits = BlockMapsPage(), DepthPage(), ExitsPage()
        self._hint = Hint()
        self.hint, self.again = self._hint.label, self._hint.again
        self._holder = QWidget()
        self._stack = QStackedLayout(self._holder)
        self._stack.setContentsMargins(0, 0, 0, 0)
        for page in (self.maps, self.along, self.exits, self._hint):
            self._stack.addWidget(page)
        self.body.addWidget(self._holder, 1)
        for page in (self.along, self.exits):
            page.hovered.connect(self.hovered)
            page.block_chosen.connect(self.block_chosen)
        self.finish()
        self.forget_found()

    def _build_header(self) -> None:
        self.title.hide()
        self.pages = Segmented(
            [
                ("maps", tr("In one block"), tr("x, F(x) and x + F(x), channel by channel")),
                ("depth", tr("Along the depth"), tr("How much every block adds")),
                ("exits", tr("Early answers"), tr("The head applied behind each block of the last stage")),
            ],
            tr("What is shown"),
        )
        self.pages.set_value("maps")
        self.pages.chosen.connect(self._page_chosen)
        self.block = Choice(tr("Block"))
        self.block.setProperty("small", True)
        self.block.activated.connect(self._block_activated)
        self.back, self.forth = QPushButton("‹"), QPushButton("›")
        for button, name, by in ((self.back, tr("The block before"), -1), (self.forth, tr("The next block"), 1)):
            button.setProperty("quiet", True)
            button.setFixedWidth(26)
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.clicked.connect(self._back if by < 0 else self._forth)
        self._walk = QWidget()
        row = QHBoxLayout(self._walk)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self.back, self.block, self.forth):
            row.addWidget(widget)
        self._walk.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.run = RunRow()
        self.run.run_requested.connect(self.run_requested)
        self.run.cancel_requested.connect(self.cancel_requested)
        self.run.count_changed.connect(self.count_changed)
        self.save = QPushButton(tr("Save…"))
        self.save.setProperty("quiet", True)
        self.save.setToolTip(tr("Save the chart (.svg, .png) or all figures (.csv)"))
        self.save.clicked.connect(self.export_requested)
        self.header.insertWidget(0, self.pages)
        self.header.insertWidget(1, self._walk)
        self.header.addWidget(self.run)
        self.header.addWidget(self.save)

    # -- what the desk calls -------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        return cast(Page, self.pages.value)

    @property
    def chosen_block(self) -> str:
        """Id of the block whose maps are shown, empty before there is one."""
        return self.block.currentText()

    @property
    def results(self) -> tuple[Found, Measured]:
        """What is shown."""
        return self._found, self._measured

    def show_page(self, page: Page) -> None:
        self.pages.set_value(page)
        self._page_chosen()

    def show_blocks(self, ids: tuple[str, ...], chosen: str) -> None:
        """The blocks that there are, and the one to look at; sends no signal."""
        if [self.block.itemText(index) for index in range(self.block.count())] != list(ids):
            self.block.clear()
            self.block.addItems(list(ids))
        self.block.setCurrentText(chosen)
        index = self.block.currentIndex()
        self.back.setEnabled(index > 0)
        self.forth.setEnabled(index < self.block.count() - 1)

    def show_found(self, result: BlocksResult) -> None:
        """Figures and maps of the picture."""
        self._found = result
        self.set_state("")
        self.maps.show_result(result)
        self._show_figures()

    def show_measured(self, result: BlockStatisticsResult) -> None:
        """Figures over the set so far."""
        self._measured = result
        if not result.finished:
            self.set_state(tr("{done} of {total} images", done=f"{result.images:,}", total=f"{result.total:,}"))
        self._show_figures()

    def show_running(self, running: bool) -> None:
        """Whether the set is being measured."""
        self.run.show_running(running)
        if not running:
            self.set_state("")

    def show_error(self, words: str) -> None:
        """Why there are no figures of the picture."""
        self._clear(words, "error")

    def show_set_error(self, words: str) -> None:
        """Why there are none over the set."""
        self.set_state(words)

    def show_hint(self, words: str) -> None:
        """What to do first."""
        self._clear(words)

    def show_cancelled(self) -> None:
        """There are no figures of the picture, as their run was cancelled: offer to run it."""
        self._clear(tr("Cancelled before there was anything to show."), again=True)

    def forget_found(self) -> None:
        """The picture's figures are of something else."""
        self._clear(tr("What each block adds to the picture appears here in a moment."))

    def forget_measured(self) -> None:
        """The set's figures are of something else."""
        self._measured = None
        self._show_figures()

    # -- inside --------------------------------------------------------------------------------------------------

    def _clear(self, words: str, rank: str = "muted", again: bool = False) -> None:
        """A sentence in place of the picture's figures."""
        self._found = None
        self.maps.clear()
        self.set_state("")
        self._hint.tell(words, rank, again)
        self._show_figures()

    def _show_figures(self) -> None:
        """On the page in sight; the other ones get them when they come."""
        if self.page == "depth":
            self.along.show_figures(self._found, self._measured)
        elif self.page == "exits":
            self.exits.show_figures(self._found, self._measured)
        self._show_page()

    def _page_chosen(self) -> None:
        """A point that was marked on the page before is left, and no block is lit for it."""
        for page in (self.along, self.exits):
            page.chart.go_to(None)
        self.hovered.emit("")
        self._show_figures()
        self.page_shown.emit()

    def _show_page(self) -> None:
        page = self.page
        self._walk.setVisible(page == "maps")
        self.run.setVisible(page != "maps")
        self.save.setVisible(page != "maps" and (self._found or self._measured) is not None)
        pages: dict[Page, QWidget] = {"maps": self.maps, "depth": self.along, "exits": self.exits}
        there = self._found is not None or (page != "maps" and self._measured is not None)
        self._stack.setCurrentWidget(pages[page] if there else self._hint)

    def _block_activated(self) -> None:
        self.block_chosen.emit(self.block.currentText())

    def _back(self) -> None:
        self._go(-1)

    def _forth(self) -> None:
        self._go(1)

    def _go(self, by: int) -> None:
        index = self.block.currentIndex() + by
        if 0 <= index < self.block.count():
            self.block_chosen.emit(self.block.itemText(index))
