"""The same picture through each network: what each says, and the maps of the same stage on one scale."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from explorer.app.text import sentence, tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets import channels as arithmetic
from explorer.app.widgets.bars import ProbabilityBars
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.labels import ElidedLabel, paragraph, separator
from explorer.app.widgets.mosaic import Mosaic
from explorer.app.widgets.pictures import PictureView, to_image
from explorer.engine.comparing_records import ComparedPicture
from explorer.engine.records import Picture, WeightsKind
from explorer.networks.comparison import MOST, Level, levels
from explorer.networks.spec import NetworkSpec

_SIDE = 88
_TOP = 5


class _Answer(QWidget):
    """One network's prediction."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ElidedLabel()
        self.name.setStyleSheet("font-weight: 600")
        self.weights = ElidedLabel(rank="small")
        self.seen = PictureView(_SIDE, tr("The picture as this network sees it"))
        self.bars = ProbabilityBars(_TOP)
        self.error = paragraph(rank="error")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.name, self.weights, self.seen, self.bars, self.error):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.clear("")

    def clear(self, name: str) -> None:
        """Before there is an answer."""
        self.name.setText(name)
        self.weights.setText("")
        self.seen.set_image(None)
        self.bars.set([])
        self.error.hide()

    def show_answer(self, answer: ComparedPicture) -> None:
        if answer.error is not None:
            self.bars.set([])
            self.error.setText(sentence(answer.error))
            self.error.show()
            return
        assert answer.info is not None
        assert answer.seen is not None
        assert answer.prediction is not None
        untrained = answer.info.ref.kind is WeightsKind.UNTRAINED
        title = tr("untrained: it only guesses") if untrained else translated(answer.info.title)
        self.weights.setText(title)
        self.seen.set_image(to_image(answer.seen))
        self.bars.set([(label, share, None) for _, label, share in answer.prediction.top(_TOP)])


class PicturesPanel(QWidget):
    """Answers and maps, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._specs: tuple[NetworkSpec, ...] = ()
        self._answers: dict[int, ComparedPicture] = {}
        self._levels: tuple[Level, ...] = ()
        self.title = ElidedLabel(rank="small", middle=True)
        self.state = QLabel()
        self.state.setProperty("rank", "small")
        self.answers = [_Answer() for _ in range(MOST)]
        self.level = Choice(tr("Which maps"))
        self.level.currentIndexChanged.connect(self._show_maps)
        self.scale = ColourBar()
        self.captions = [ElidedLabel(rank="small") for _ in range(MOST)]
        self.mosaics = [Mosaic() for _ in range(MOST)]
        self.columns = [self._column(place) for place in range(MOST)]
        self._lay_out()
        theme().changed.connect(self._show_maps)

    def _column(self, place: int) -> QWidget:
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.captions[place])
        layout.addWidget(self.mosaics[place], 1)
        column.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        return column

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        maps = QHBoxLayout()
        maps.setSpacing(12)
        about = QLabel(tr("Maps"))
        about.setProperty("rank", "title")
        maps.addWidget(about)
        maps.addWidget(self.level)
        maps.addStretch(1)
        maps.addWidget(self.scale)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, SPACE, 2 * SPACE, 2 * SPACE)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addLayout(_row(self.answers))
        layout.addWidget(separator())
        layout.addLayout(maps)
        layout.addLayout(_row(self.columns), 1)

    # -- what the window calls -----------------------------------------------------------------------------------

    def show_networks(self, specs: tuple[NetworkSpec, ...], picture: Picture | None) -> None:
        """Other networks, or another picture, of which there are no answers yet."""
        self._specs = specs
        self._answers.clear()
        empty = tr("Open a picture in the main window: it is run through each of these networks.")
        self.title.setText(empty if picture is None else translated(picture.name))
        for place in range(MOST):
            there = place < len(specs)
            self.answers[place].setVisible(there)
            self.columns[place].setVisible(there)
            self.answers[place].clear(specs[place].name if there else "")
        self._offer_levels(specs)

    def show_answer(self, answer: ComparedPicture) -> None:
        """What one network made of the picture."""
        self._answers[answer.index] = answer
        self.answers[answer.index].show_answer(answer)
        if len(self._answers) == len(self._specs):
            # Weights may have needed other inputs than those that were asked for.
            infos = [self._answers[index].info for index in range(len(self._specs))]
            self._offer_levels(
                tuple(spec if info is None else info.spec for spec, info in zip(self._specs, infos, strict=True))
            )
        else:
            self._show_maps()

    def show_busy(self, busy: bool) -> None:
        self.state.setText(tr("running…") if busy else "")

    # -- maps ----------------------------------------------------------------------------------------------------

    def _offer_levels(self, specs: tuple[NetworkSpec, ...]) -> None:
        found = levels(specs)
        if found != self._levels:
            self._levels = found
            self.level.blockSignals(True)
            self.level.clear()
            self.level.addItems([tr(level.title) for level in found])
            self.level.blockSignals(False)
        self._show_maps()

    def _show_maps(self) -> None:
        index = self.level.currentIndex()
        stages = self._levels[index].stages if 0 <= index < len(self._levels) else ()
        maps = {
            place: self._answers[place].maps[stage]
            for place, stage in enumerate(stages)
            if stage is not None and place in self._answers and stage in self._answers[place].maps
        }
        low, high, signed, name = common_scale(maps.values())
        colours = arithmetic.table(name) if maps else None
        self.scale.setVisible(colours is not None)
        if colours is not None:
            self.scale.set(low, high, colours)
        for place in range(len(self._specs)):
            values = maps.get(place)
            if values is None or colours is None:
                self.mosaics[place].clear()
                self.captions[place].setText("")
                continue
            channels = arithmetic.indices(values, low, high, signed)
            self.mosaics[place].set_channels(channels, colours, arithmetic.order(values, "index"))
            # No channel of one network belongs to one of another: none is marked.
            self.mosaics[place].set_current(-1)
            words = tr("{stage}: {shape}", stage=stages[place], shape="×".join(map(str, values.shape)))
            self.captions[place].setText(words)
            self.mosaics[place].setAccessibleDescription(words)

    def maps_image(self, place: int) -> QImage:
        """One network's mosaic, whole."""
        return self.mosaics[place].to_image()


def common_scale(maps: Iterable[np.ndarray]) -> tuple[float, float, bool, str]:
    """Lowest and highest level of all maps together, whether zero stands in the middle, and the colour map: from blue
    to red around zero where something is negative, else from the lowest to the highest."""
    ends = [arithmetic.levels(values) for values in maps]
    low, high = min((end[0] for end in ends), default=0.0), max((end[1] for end in ends), default=0.0)
    if low >= 0:
        return low, high, False, arithmetic.SEQUENTIAL
    low, high = arithmetic.symmetric(low, high)
    return low, high, True, arithmetic.DIVERGING_DARK if theme().palette.dark else arithmetic.DIVERGING


def _row(widgets: Iterable[QWidget]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(2 * SPACE)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
