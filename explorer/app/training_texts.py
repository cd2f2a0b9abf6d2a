"""What the training panel says, and what its chart shows: from plain records, without Qt's widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explorer.app.study_texts import duration
from explorer.app.text import tr
from explorer.app.theme import mixed, part_colour, theme
from explorer.app.widgets.line_series import Frame, Series
from explorer.engine.records import DataRef
from explorer.engine.training_logs import TrainingLog
from explorer.engine.training_records import Curves, TrainingStatus, Unfinished

ABOUT = (
    "Training from random weights, as it goes on. The line is measured on the training images themselves, mirrored and "
    "shifted at random, while the weights still change; the marks are images that are held out and looked at after "
    "each epoch, one pass over all training images. The weights of the epoch that predicts most of the held-out images "
    "right are kept as the best, and the final figure is measured once, on test images that had no say in this.\n\n"
    "Behind the error of a run on Fashion-MNIST lie the bundled networks, which were trained on it, as in He et al. "
    "2015, Fig. 6, each as long as it was trained: from 6 to 30 epochs. Every schedule fills the whole of its run, so "
    "the same epoch means another learning rate in each, and only large gaps say something. The plain network of 56 "
    "layers has a higher training error than the one of 20 at each of its 6 epochs, so this degradation is no "
    "overfitting; the one of 56 layers with shortcuts ends, after 10 epochs, below both plain ones. He et al. hold "
    "vanishing gradients an unlikely cause (section 4.1), since these networks have batch norm.\n\n"
    "Schedule and augmentation: a learning rate that rises for a quarter of the way and then falls to nothing (Smith "
    "and Topin 2017), SGD with momentum, mirroring and shifts by up to 2 pixels, as in He et al. 2015, section 4.2 "
    "(the paper: 4)."
)
BEHIND = ("resnet20-fashion-mnist", "plain20-fashion-mnist", "resnet56-fashion-mnist", "plain56-fashion-mnist")
_SHALLOW, _DEEP = "layer2", "layer4"
_WIDTH, _DRAWN = 0.25, 60
"""Epochs that a point of a drawn line stands for at least, and how many points a line has, about."""
_LEAST = 8
"""Epochs of the bundled networks that are shown behind a shorter run, too."""
_CAP = 40.0
"""Per cent: what a network that has just begun gets wrong would press all other lines flat."""


def progress_words(status: TrainingStatus) -> str:
    """`held out 84.0 % · epoch 3 of 10 · 1 min 12 s left · loss 0.41 · accuracy 85.2 %`: what matters most comes first,
    as the end may be cut off."""
    progress = status.progress
    if progress is None:
        return tr("about to begin")
    if progress.phase == "testing":
        return tr("measuring on the test images")
    parts = []
    if status.curves.validated:
        parts.append(tr("held out {share:.1f} %", share=100 * status.curves.validated[-1].accuracy))
    parts.append(tr("epoch {epoch} of {epochs}", epoch=progress.epoch, epochs=status.request.recipe.epochs))
    if status.left is not None and progress.fraction < 1:
        parts.append(tr("{time} left", time=duration(status.left)))
    parts += [
        tr("loss {loss:.3f}", loss=progress.loss),
        tr("accuracy {share:.1f} %", share=100 * progress.accuracy),
    ]
    return " · ".join(parts)


def point_words(series: Series, frame: Frame, point: int) -> str:
    """`epoch 3 · held-out images: accuracy 84.0 %`."""
    what, _, unit = frame.y_words.partition(", ")
    value = f"{series.y[point]:.1f} {unit}" if unit else f"{series.y[point]:.3f}"
    return tr(
        "epoch {epoch} · {images}: {what} {value}",
        epoch=f"{series.x[point]:.3g}", images=series.name, what=what.lower(), value=value,
    )  # fmt: skip


def compares(data: DataRef) -> bool:
    """Whether the bundled networks, which saw Fashion-MNIST, may lie behind a run on these images."""
    return data.kind != "folder"


def status_words(status: TrainingStatus) -> str:
    """The same for the status bar, short."""
    progress = status.progress
    name = status.request.spec.name
    if progress is None or status.left is None:
        return tr("Training {network}", network=name)
    if progress.phase == "testing":
        return tr("Measuring {network} on the test images", network=name)
    return tr(
        "Training {network}: epoch {epoch} of {epochs}, {time} left",
        network=name, epoch=progress.epoch, epochs=status.request.recipe.epochs, time=duration(status.left),
    )  # fmt: skip


def unfinished_words(found: Sequence[Unfinished]) -> str | None:
    """The line that offers to take up the last run; None where there is none."""
    if not found:
        return None
    first = found[0]
    words = tr(
        "Not finished: {network}, stopped in epoch {epoch} of {epochs}",
        network=first.request.spec.name, epoch=first.epoch, epochs=first.request.recipe.epochs,
    )  # fmt: skip
    return words if len(found) == 1 else tr("{words}; and {count} more", words=words, count=len(found) - 1)


# -- charts --------------------------------------------------------------------------------------------------------


def loss_chart(curves: Curves, epochs: int) -> tuple[list[Series], Frame]:
    """Cross-entropy by epoch."""
    highest = float(curves.losses.max()) if len(curves.losses) else 1.0
    held = np.array([row.loss for row in curves.validated])
    # Where the learning rate is largest the held-out loss can be many times all others.
    series = _lines(curves, curves.losses, np.where(held <= 1.5 * highest, held, np.nan), epochs)
    return series, Frame(tr("Epoch"), tr("Loss"), x_range=(0, epochs), y_range=(0, 0.1), x_whole=True)


def accuracy_chart(curves: Curves, epochs: int) -> tuple[list[Series], Frame]:
    """Share of right answers by epoch."""
    held = np.array([100 * row.accuracy for row in curves.validated])
    series = _lines(curves, 100 * curves.accuracies, held, epochs)
    return series, Frame(tr("Epoch"), tr("Accuracy, %"), x_range=(0, epochs), y_range=(0, 100), x_whole=True)


def error_chart(curves: Curves, epochs: int, logs: Sequence[TrainingLog]) -> tuple[list[Series], Frame]:
    """Share of wrong answers by epoch, over the bundled networks' as in He et al. 2015, Fig. 6."""
    held = np.array([100 * (1 - row.accuracy) for row in curves.validated])
    series = _lines(curves, 100 * (1 - curves.accuracies), held, epochs)
    if any((one.y <= _CAP).any() for one in series):
        series = [_below_cap(one) for one in series]
    longest = max((len(log.epochs) for log in logs), default=1) if not series else max(epochs, _LEAST)
    series += [_behind(log, longest) for log in logs]
    return series, Frame(tr("Epoch"), tr("Error, %"), x_range=(0, longest), y_range=(0, 10), x_whole=True)


def _lines(curves: Curves, training: np.ndarray, held: np.ndarray, epochs: int) -> list[Series]:
    if not len(curves.epochs):
        return []
    places, means = _smoothed(curves.epochs, training, max(_WIDTH, epochs / _DRAWN))
    # One point makes no line.
    series = [Series(tr("training images"), places, means, marks=len(places) < 2)]
    if len(held):
        after = np.array([float(row.epoch) for row in curves.validated])
        there = np.isfinite(held)
        series.insert(0, Series(tr("held-out images"), after[there], held[there], role="second"))
    return series


def _smoothed(places: np.ndarray, values: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Means over stretches of so many epochs, each at its end: single batches would hide the line in noise."""
    shares = np.diff(places, prepend=0.0)
    stretch = np.ceil(places / width - 1e-9).astype(int)
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    ends = np.append(starts[1:], len(places)) - 1
    return places[ends], np.add.reduceat(values * shares, starts) / np.add.reduceat(shares, starts)


def _below_cap(series: Series) -> Series:
    """Without what lies above the cap."""
    kept = series.y <= _CAP
    return replace(series, x=series.x[kept], y=series.y[kept], marks=series.marks or kept.sum() < 2)


def _behind(log: TrainingLog, longest: int) -> Series:
    """As far as the run goes that it lies behind."""
    palette = theme().palette
    part = _SHALLOW if log.spec.depth < 30 else _DEEP
    colour = mixed(part_colour(part), 0.85, palette.text).name()
    places = np.array(log.epochs, float)
    errors = 100 * np.array(log.errors, float)
    kept = (errors <= _CAP) & (places <= longest)
    return Series(
        log.spec.name, places[kept], errors[kept], role="context", dashed=log.spec.plain, marks=False, colour=colour
    )
