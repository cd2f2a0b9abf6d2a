"""The export of the diagram: format, part, colours and size, with a picture of what will be written."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.app.diagram.levels import Shown
from explorer.app.picture import LARGEST_SIDE, DiagramPicture, PictureOptions, WindowPart
from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.switch import SwitchBox
from explorer.errors import UserError
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

_FORMATS = (("SVG", ".svg"), ("PDF", ".pdf"), ("PNG", ".png"))
_PREVIEW = QSize(520, 250)
_CHECKS = 8
_SCALES = (1, 2, 3, 4, 6, 8)
_OF_WIDTH = 0


class ExportDialog(QDialog):
    """What to write of the diagram, and how.

    Args:
        spec, lesion: the network and what is done to it.
        shown: what of it the view shows.
        window: the part of it that the view shows.
        parent: the window.
    """

    chosen = Signal()
    """Save was pressed: `suffix`, `options` and `window` say what is wanted."""

    def __init__(self, spec: NetworkSpec, lesion: Lesion, shown: Shown, window: WindowPart, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export the diagram"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.spec, self.lesion, self.shown = spec, lesion, shown
        self._window = window
        self.picture: DiagramPicture | None = None
        self.format = self._choice(tr("Format"), [(name, suffix) for name, suffix in _FORMATS])
        self.part = self._choice(
            tr("Part"), [(tr("the whole network"), "whole"), (tr("what the window shows of it"), "view")]
        )
        self.background = self._choice(
            tr("Background"),
            [
                (tr("light"), "light"), (tr("dark"), "dark"),
                (tr("transparent, for a light page"), "transparent"), (tr("transparent, for a dark page"), "light ink"),
            ],
        )  # fmt: skip
        self.background.setCurrentIndex(1 if theme().palette.dark else 0)
        self.greyscale = SwitchBox(
            tr("Greyscale, ready for print"),
            tr("Without colours: stages are told apart by the pattern of their bars, deleted blocks are hatched"),
        )
        self.scale = self._choice(
            tr("Size of the PNG"),
            [*((tr("{scale} × the size on the screen", scale=scale), scale) for scale in _SCALES),
             (tr("width in pixels"), _OF_WIDTH)],
        )  # fmt: skip
        self.scale.setCurrentIndex(1)
        self.width_pixels = QSpinBox()
        self.width_pixels.setAccessibleName(tr("Width of the PNG"))
        self.width_pixels.setRange(64, LARGEST_SIDE)
        self.width_pixels.setSingleStep(100)
        self.width_pixels.setValue(1920)
        self.preview, self.told = QLabel(), QLabel()
        self._lay_out()
        self.greyscale.toggled.connect(self._take_colour)
        self.width_pixels.valueChanged.connect(self.refresh)
        self.refresh()

    def _choice(self, name: str, entries: list[tuple[str, object]]) -> Choice:
        choice = Choice(name)
        for words, data in entries:
            choice.addItem(words, data)
        choice.currentIndexChanged.connect(self.refresh)
        return choice

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for choice in (self.format, self.part, self.background):
            form.addRow(choice.accessibleName(), choice)
        form.addRow("", self.greyscale)
        size = QHBoxLayout()
        size.addWidget(self.scale)
        size.addWidget(self.width_pixels)
        size.addStretch(1)
        form.addRow(self.scale.accessibleName(), size)
        self.preview.setFixedSize(_PREVIEW)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName(tr("Preview"))
        self.told.setWordWrap(True)
        self.told.setMinimumHeight(38)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setText(tr("Save…"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setProperty("primary", True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addWidget(self.buttons)

    # -- what is chosen ------------------------------------------------------------------------------------------

    @property
    def suffix(self) -> str:
        """Of the format."""
        return str(self.format.currentData())

    @property
    def window_part(self) -> WindowPart | None:
        """What the view shows, where only that is wanted."""
        return self._window if self.part.currentData() == "view" else None

    @property
    def options(self) -> PictureOptions:
        """How it is to look."""
        ground = self.background.currentData()
        scale = self.scale.currentData() if self.suffix == ".png" else None
        return PictureOptions(
            "transparent" if ground == "light ink" else ground,
            light_ink=ground == "light ink",
            greyscale=self.greyscale.isChecked(),
            scale=float(scale) if scale else None,
            width=self.width_pixels.value() if scale == _OF_WIDTH and scale is not None else None,
        )

    def accept(self) -> None:
        """Close, and tell that it was chosen, unless that can't be."""
        if self.buttons.button(QDialogButtonBox.StandardButton.Save).isEnabled():
            super().accept()
            self.chosen.emit()

    def _take_colour(self, grey: bool) -> None:
        """Greyscale is for paper: a dark ground becomes a light one."""
        if grey and self.background.currentData() in ("dark", "light ink"):
            self.background.setCurrentIndex(0 if self.background.currentData() == "dark" else 2)
        self.refresh()

    def refresh(self) -> None:
        """Show what would be written, and how large."""
        if not hasattr(self, "buttons"):
            return  # still being built
        png = self.suffix == ".png"
        self.scale.setEnabled(png)
        self.width_pixels.setVisible(self.scale.currentData() == _OF_WIDTH)
        self.width_pixels.setEnabled(png)
        grounds = self.background.model()
        assert isinstance(grounds, QStandardItemModel)
        for index in (1, 3):
            grounds.item(index).setEnabled(not self.greyscale.isChecked())
        error = ""
        try:
            self.picture = DiagramPicture(
                self.spec, self.lesion, self.options, shown=self.shown, window=self.window_part
            )
            words = self._size_words(self.picture, png)
            self.preview.setPixmap(self._small(self.picture))
        except UserError as found:
            words = error = sentence(found)
        self.told.setText(words)
        self.told.setProperty("rank", "error" if error else "muted")
        self.told.style().unpolish(self.told)
        self.told.style().polish(self.told)
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not error)

    def _size_words(self, picture: DiagramPicture, png: bool) -> str:
        if png:
            size = picture.pixels(picture.scale)
            return tr("{width} × {height} pixels", width=f"{size.width():,}", height=f"{size.height():,}")
        size = picture.size.toSize()
        if self.suffix == ".svg":
            return tr(
                "{width} × {height} units, sharp at any size; its words are text",
                width=f"{size.width():,}", height=f"{size.height():,}",
            )  # fmt: skip
        return tr(
            "one page of {width} × {height} points, sharp at any size; its words are text",
            width=f"{size.width():,}", height=f"{size.height():,}",
        )  # fmt: skip

    def _small(self, picture: DiagramPicture) -> QPixmap:
        """It fits the preview; what is transparent stands on a chequered ground."""
        ratio = self.devicePixelRatioF()
        room = _PREVIEW * ratio
        # Painted at twice the size, since words are left out of what is painted small.
        scale = min(room.width() / picture.size.width(), room.height() / picture.size.height())
        image = picture.image(min(2 * scale, picture.largest_scale)).scaled(
            (picture.size * scale).toSize(),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        found = QPixmap.fromImage(_on_chequers(image, picture) if image.hasAlphaChannel() else image)
        found.setDevicePixelRatio(ratio)
        return found


def _on_chequers(image: QImage, picture: DiagramPicture) -> QImage:
    dark = picture.palette.dark
    ground = QImage(image.size(), QImage.Format.Format_RGB32)
    ground.fill(QColor("#20252d" if dark else "#ffffff"))
    painter = QPainter(ground)
    for x in range(0, image.width(), _CHECKS):
        for y in range(x // _CHECKS % 2 * _CHECKS, image.height(), 2 * _CHECKS):
            painter.fillRect(x, y, _CHECKS, _CHECKS, QColor("#2a303a" if dark else "#ececec"))
    painter.drawImage(0, 0, image)
    painter.end()
    return ground
