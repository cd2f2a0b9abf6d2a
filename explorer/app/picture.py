"""The diagram as a picture of its own: the whole network with a heading, or what the window shows of it; with its
legend, in the colours that a page or a slide asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, sqrt
from typing import Literal

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPaintDevice, QPainter

from explorer.app.diagram.greyscale import GREY
from explorer.app.diagram.legend import Legend
from explorer.app.diagram.levels import Shown
from explorer.app.diagram.look import shape_text, write
from explorer.app.diagram.scene import DiagramScene
from explorer.app.drawing import Drawing
from explorer.app.text import tr
from explorer.app.theme import DARK, LIGHT, Palette
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

Background = Literal["light", "dark", "transparent"]
LARGEST_SIDE = 16_000
"""Pixels of a PNG: Qt's painter and many programs stop at 32,767, and phones and browsers well before."""
LARGEST_AREA = 64_000_000
"""Pixels of a PNG in all: four bytes each while it is made, 256 MB."""
SCALES = (1.0, 8.0)
_ROOM = (1200.0, 420.0)
"""What the rows are laid out for: the proportion of a page turned sideways, or a slide."""
_MARGIN = 24.0
_HEADING = 58.0
_PNG_SCALE = 2.0
_BORDER = 2.0
"""What the pens of the outermost cards paint beyond them."""


@dataclass(frozen=True)
class PictureOptions:
    """How a picture is to look.

    Attributes:
        background: white, the dark theme's ground, or nothing behind the picture.
        light_ink: on a transparent background, the dark theme's colours, for a dark page.
        greyscale: without colours; patterns and letters tell apart what colours did.
        scale: pixels of a PNG for each logical one, 1 … 8; None for two, or for fewer where two were too many.
        width: pixels of a PNG from left to right, in place of a scale; None for none.
    """

    background: Background = "light"
    light_ink: bool = False
    greyscale: bool = False
    scale: float | None = None
    width: int | None = None

    def checked(self) -> PictureOptions:
        """The same.

        Raises:
            UserError: they contradict each other, or a scale is out of range.
        """
        if self.greyscale and (self.background == "dark" or self.light_ink):
            raise UserError(
                "Greyscale is for paper: choose a light or a transparent background, with dark ink, for it."
            )
        if self.scale is not None and not SCALES[0] <= self.scale <= SCALES[1]:
            raise UserError("The scale must be 1 to 8, not {scale}.", scale=f"{self.scale:g}")
        if self.width is not None and self.width < 64:
            raise UserError("A picture must be at least 64 pixels wide, not {width}.", width=self.width)
        return self

    @property
    def palette(self) -> Palette:
        """The colours."""
        if self.greyscale:
            return GREY
        dark = self.background == "dark" or (self.background == "transparent" and self.light_ink)
        return DARK if dark else LIGHT


@dataclass(frozen=True)
class WindowPart:
    """What a view shows: the state of its scene, the part of it that is seen, and the size of that in pixels."""

    shown: Shown
    seen: QRectF
    size: QSizeF


class DiagramPicture(Drawing):
    """A network's diagram with its legend, ready to be painted.

    Args:
        spec: the network.
        lesion: what is done to it.
        options: how it is to look.
        shown: what of it is shown (folds, colouring); as at first where None.
        window: only this, as a view shows it, without a heading; None for the whole network.
        palette: colours, in place of those that the options say.

    Raises:
        UserError: a lesion that the network can't have, or options that contradict each other.
    """

    def __init__(
        self, spec: NetworkSpec, lesion: Lesion, options: PictureOptions | None = None, *, shown: Shown | None = None,
        window: WindowPart | None = None, palette: Palette | None = None,
    ) -> None:  # fmt: skip
        lesion = lesion.checked(spec)
        self._options = (options or PictureOptions()).checked()
        self._spec = spec
        self._palette = palette or self._options.palette
        clear = self._options.background == "transparent"
        self._scene = DiagramScene(self._palette, grey=self._options.greyscale, clear=clear)
        self._scene.set_room(_ROOM)
        self._scene.show_spec(spec, lesion)
        if window is not None:
            self._scene.show_like(window.shown)
        elif shown is not None:
            self._scene.show_like(replace(shown, room=_ROOM, zoom=1.0, opened=""))
        self._legend = Legend.of(spec, lesion, self._scene.look.colouring, self._options.greyscale)
        self.title, self.description = spec.name, self._legend.count
        self._heading = _HEADING if window is None else 0.0
        self._source = self._scene.content() if window is None else window.seen
        size = self._source.size() if window is None else window.size
        self._width = max(size.width(), 640.0 if window is None else 320.0)
        self._content = QRectF((self._width - size.width()) / 2, self._heading, size.width(), size.height())
        self._foot = QRectF(0, self._content.bottom() + 16, self._width, self._legend.height(self._width))

    @property
    def size(self) -> QSizeF:
        """Width and height at one to one, with margins."""
        return QSizeF(self._width + 2 * _MARGIN, self._foot.bottom() + 2 * _MARGIN)

    @property
    def palette(self) -> Palette:
        """Its colours."""
        return self._palette

    # -- pixels --------------------------------------------------------------------------------------------------

    @property
    def largest_scale(self) -> float:
        """Pixels of a PNG for each logical one that keep within the limits."""
        width, height = self.size.width(), self.size.height()
        return min(LARGEST_SIDE / max(width, height), sqrt(LARGEST_AREA / (width * height)))

    @property
    def scale(self) -> float:
        """Pixels of a PNG for each logical one, as the options say.

        Raises:
            UserError: the picture would be too large.
        """
        wanted = self._options.scale
        if self._options.width is not None:
            wanted = self._options.width / self.size.width()
        if wanted is None:
            return min(_PNG_SCALE, self.largest_scale)
        if wanted > self.largest_scale:
            raise UserError(
                "At that size the picture would be {width} × {height} pixels, but a side can have {side} and all of it "
                "{area} million: choose a scale of at most {scale} (a width of {most}), or SVG or PDF, which have no "
                "such limit.",
                width=f"{self.size.width() * wanted:,.0f}", height=f"{self.size.height() * wanted:,.0f}",
                side=f"{LARGEST_SIDE:,}", area=LARGEST_AREA // 1_000_000,
                scale=f"{floor(self.largest_scale * 100) / 100:g}",
                most=f"{floor(self.size.width() * self.largest_scale):,}",
            )  # fmt: skip
        return wanted

    def pixels(self, scale: float) -> QSize:
        """Width and height of a PNG."""
        if self._options.width is not None and self._options.width == round(self.size.width() * scale):
            return QSize(self._options.width, round(self.size.height() * scale))
        return (self.size * scale).toSize()

    def image(self, scale: float | None = None) -> QImage:
        """As pixels; at the scale of the options unless told, which is then not judged.

        Raises:
            UserError: the picture would be too large.
        """
        scale = self.scale if scale is None else scale
        clear = self._scene.look.clear
        kind = QImage.Format.Format_ARGB32_Premultiplied if clear else QImage.Format.Format_RGB32
        image = QImage(self.pixels(scale), kind)
        image.fill(Qt.GlobalColor.transparent if clear else QColor(self._palette.window))
        self._paint_on(image, scale)
        return image

    # -- painting ------------------------------------------------------------------------------------------------

    def _paint_on(self, device: QPaintDevice, scale: float) -> None:
        self._scene.look.resolution = scale
        super()._paint_on(device, scale)

    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""
        if not self._scene.look.clear:
            whole = QRectF(0, 0, self.size.width(), self.size.height())
            painter.fillRect(whole, QColor(self._palette.window))
        painter.translate(_MARGIN, _MARGIN)
        if self._heading:
            self._paint_heading(painter)
        painter.save()
        painter.setClipRect(self._content.adjusted(-_MARGIN, -_MARGIN, _MARGIN, 8) if self._heading else self._content)
        border = _BORDER if self._heading else 0.0  # scenes are cut off at the rectangle asked for
        beyond = (-border, -border, border, border)
        self._scene.render(painter, self._content.adjusted(*beyond), self._source.adjusted(*beyond))
        painter.restore()
        self._legend.paint(painter, self._foot, self._palette)

    def _paint_heading(self, painter: QPainter) -> None:
        cost = network_cost(self._spec)
        facts = tr(
            "{depth} layers · {parameters} parameters · {macs} MACs · input {input}",
            depth=f"{self._spec.depth:,}", parameters=f"{cost.parameters:,}", macs=f"{cost.macs:,}",
            input=shape_text(self._spec.input_shape),
        )  # fmt: skip
        left = Qt.AlignmentFlag.AlignLeft
        write(painter, QRectF(0, 0, 10, 24), self._spec.name, 18, self._palette.text, bold=True, align=left)
        write(painter, QRectF(0, 24, 10, 20), facts, 12, self._palette.muted, align=left)
