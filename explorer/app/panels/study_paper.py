"""What Veit et al. 2016 found and what this study found, side by side.

Facts are from arXiv:1605.06431, section 4 and Figs. 3 and 5: a 110-layer full pre-activation network of 54 blocks, and
a VGG-like network of 15 layers, both trained on CIFAR-10. The paper does not say how often its draws were repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.app.study_numbers import Curve, block_of, curve, halves, value_of
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.labels import paragraph, separator
from explorer.app.widgets.numbers import whole
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.engine.study_records import StudyKind, StudyResult

_SIDE_BY_SIDE = 360
_PAPER_BLOCKS = 54
_CHANCE = "CIFAR-10, ten classes: chance is 90 % error."
_NETWORK = "110-layer full pre-activation ResNet, 54 blocks; trained and tested on CIFAR-10."
_REPEATS = "How often the draw was repeated is not stated."


@dataclass(frozen=True)
class Figure:
    """A figure of the paper.

    Attributes:
        title: short, for a button.
        heading: what it is about.
        kind: the study that does the same.
        statements: what the paper says, quoted in short phrases.
    """

    title: str
    heading: str
    kind: StudyKind
    statements: tuple[str, ...]


FIGURES = {
    "fig3": Figure(
        "Fig. 3", "Fig. 3: one block deleted", "single",
        (
            "Downsampling blocks have “a modest impact”.",
            "Otherwise “no other block removal lead to a noticeable change”.",
            "In the VGG-like network of 15 layers, deleting any layer reduces performance to chance level.",
            _CHANCE,
        ),
    ),
    "fig5a": Figure(
        "Fig. 5(a)", "Fig. 5(a): several blocks deleted", "random",
        (
            "The error rises smoothly with the number of blocks deleted.",
            "With 10 of 54 deleted, it stays around 20 %.",
            "With 20 deleted, performance drops severely.",
            _REPEATS,
        ),
    ),
    "fig5b": Figure(
        "Fig. 5(b)", "Fig. 5(b): blocks reordered", "reorder",
        (
            "k random pairs of blocks of equal shape change places.",
            "The error rises smoothly as Kendall’s τ falls.",
            _REPEATS,
        ),
    ),
}  # fmt: skip


class PaperView(ScrollColumn):
    """The paper's statement and ours, and in what the two differ."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = self.column
        self.heading = QLabel()
        self.heading.setProperty("rank", "title")
        self.heading.setWordWrap(True)
        column.addWidget(self.heading)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(2 * SPACE)
        self.paper, self.ours = paragraph(rank=""), paragraph(rank="")
        self._names: list[QLabel] = []
        for title, label in (("Veit et al. 2016", self.paper), (tr("Here"), self.ours)):
            side = QVBoxLayout()
            side.setSpacing(4)
            name = QLabel(title)
            name.setProperty("rank", "small")
            self._names.append(name)
            side.addWidget(name)
            side.addWidget(label)
            side.addStretch(1)
            self._sides.addLayout(side, 1)
        column.addLayout(self._sides)
        self._line = separator()
        column.addWidget(self._line)
        self.differences = paragraph(rank="small")
        column.addWidget(self.differences)
        column.addStretch(1)

    def show_results(self, results: Sequence[StudyResult]) -> None:
        """Set what the paper's figure of the same kind says beside what these studies say."""
        figure = next((one for one in FIGURES.values() if results and one.kind == results[0].request.kind), None)
        self.heading.setText("" if figure is None else tr(figure.heading))
        self.heading.setVisible(figure is not None)
        for widget in (self.paper, self.ours, self._line, *self._names):
            widget.setVisible(figure is not None)
        if figure is None:
            self.differences.setText(tr("Veit et al. 2016 have no such study; the buttons at the left set up theirs."))
            return
        self.paper.setText("\n\n".join(tr(statement) for statement in figure.statements))
        self.ours.setText("\n\n".join(line for result in results for line in statements(result)))
        self.differences.setText("\n".join([tr("The paper: {network}", network=tr(_NETWORK)), *differences(results)]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= _SIDE_BY_SIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        self._sides.setDirection(direction)


def differences(results: Sequence[StudyResult]) -> list[str]:
    """In what network and data differ from the paper's, and how often the draws were repeated."""
    lines = []
    for result in results:
        spec = result.request.spec
        count = len(spec.block_ids)
        what = tr("{count} layers", count=count) if spec.plain else tr("{count} blocks", count=count)
        lines.append(
            tr(
                "Here: {network}, {blocks}; {data}, {images} images.",
                network=spec.name,
                blocks=what,
                data=_data_name(result),
                images=whole(result.total),
            )
        )
    if results[0].request.kind in ("random", "reorder"):
        lines.append(tr("Repeats here: {count}, with seeds from 0.", count=results[0].request.seeds))
    return lines


def _data_name(result: StudyResult) -> str:
    data = result.request.data
    return translated(result.info.title) if data.kind == "folder" else "Fashion-MNIST"


def statements(result: StudyResult) -> list[str]:
    """What a study found, in the terms of the paper's figure, computed from its points so far."""
    if result.labels is None:
        return [tr("These images have no labels, so there is no error to compare.")]
    found = _STATEMENTS.get(result.request.kind, _nothing)(result)
    if not found:
        return [tr("{network}: nothing is measured yet.", network=result.request.spec.name)]
    return [tr("{network}, {n}:", network=result.request.spec.name, n=_images(result)), *found]


def _images(result: StudyResult) -> str:
    least = min((point.counts.images for point in result.points if point.counts.images), default=0)
    return tr("n = {images}", images=whole(least))


def _nothing(result: StudyResult) -> list[str]:
    return []


def _single(result: StudyResult) -> list[str]:
    spec = result.request.spec
    halving: list[float] = []
    others: list[float] = []
    errors: list[float] = []
    for point in result.points:
        block, value, error = block_of(point), value_of(point, "change"), value_of(point, "error")
        if block is None or value is None or error is None:
            continue
        (halving if halves(spec, block) else others).append(-value.value)
        errors.append(error.value)
    lines = []
    if others:
        template = (
            "Median loss of a single non-downsampling layer: {median} points, largest {most} ({count} layers)."
            if spec.plain
            else "Median loss of a single non-downsampling block: {median} points, largest {most} ({count} blocks)."
        )
        lines.append(tr(template, median=_points(np.median(others)), most=_points(max(others)), count=len(others)))
    if halving:
        template = "Median loss of a downsampling block: {median} points (of {count})."
        lines.append(tr(template, median=_points(np.median(halving)), count=len(halving)))
    if errors:
        lines.append(
            tr(
                "Error after a deletion: median {median} %, from {low} to {high} %; chance {chance} %.",
                median=f"{np.median(errors):.1f}",
                low=f"{min(errors):.1f}",
                high=f"{max(errors):.1f}",
                chance=f"{100 - 100 / spec.classes:.0f}",
            )
        )
    return lines


def _points(loss: float | np.floating) -> str:
    """A loss, with a sign only where it is a gain."""
    text = f"{abs(loss):.1f}"
    return f"−{text}" if loss < 0 and float(text) else text


def _random(result: StudyResult) -> list[str]:
    found = curve(result, "error")
    blocks = len(result.request.spec.block_ids)
    if len(found.sizes) < 2:
        return []
    lines = [_steps(found)]
    shown = set()
    for theirs in (10, 20):
        wanted = theirs * blocks / _PAPER_BLOCKS
        place = int(np.argmin([abs(size - wanted) for size in found.sizes]))
        k = found.sizes[place]
        if k in shown or abs(k - wanted) > 1 or k == 0:
            continue
        shown.add(k)
        lines.append(
            tr(
                "With {k} of {blocks} deleted, the share of {theirs} of 54: median error {error} % ({low} – {high}).",
                k=k,
                blocks=blocks,
                theirs=theirs,
                error=f"{found.median[place]:.1f}",
                low=f"{found.low[place]:.1f}",
                high=f"{found.high[place]:.1f}",
            )
        )
    return lines


def _steps(found: Curve) -> str:
    rising = int((np.diff(found.median) > 0).sum())
    return tr(
        "Median error {first} % at k = {start}, {last} % at k = {end}; it rises in {rising} of {steps} steps.",
        first=f"{found.median[0]:.1f}", last=f"{found.median[-1]:.1f}", start=found.sizes[0], end=found.sizes[-1],
        rising=rising, steps=len(found.sizes) - 1,
    )  # fmt: skip


def _reorder(result: StudyResult) -> list[str]:
    found = curve(result, "error")
    if len(found.x) < 2:
        return []
    order = np.argsort(-found.x, kind="stable")
    x, median = found.x[order], found.median[order]
    rising = int((np.diff(median) > 0).sum())
    return [
        tr(
            "Median error {first} % at τ = {start}, {last} % at τ = {end}; it rises in {rising} of {steps} steps.",
            first=f"{median[0]:.1f}",
            last=f"{median[-1]:.1f}",
            start=f"{x[0]:.2f}",
            end=f"{x[-1]:.2f}",
            rising=rising,
            steps=len(x) - 1,
        )
    ]


_STATEMENTS: dict[StudyKind, Callable[[StudyResult], list[str]]] = {
    "single": _single,
    "random": _random,
    "reorder": _reorder,
}
