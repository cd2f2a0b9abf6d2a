"""The images of a training run: which are trained on, which are held out, and what of the network they change."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from explorer.engine import fashion
from explorer.engine.datasets import ArrayImages, LabelledImages, training_folder
from explorer.engine.held_out import TrainingImages
from explorer.engine.images import default_preprocessing
from explorer.engine.ordering import balanced_order
from explorer.engine.records import DataRef, Preprocessing, Step
from explorer.engine.training_records import TrainingRequest
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

_HELD_OUT = 10
"""Of a folder's images the first tenth of the balanced order, which has all classes in proportion, is kept for the
final figure."""
_MOST_VALIDATED = 5_000
_BUNDLED_TRAINED, _BUNDLED_TESTED = 1_000, 800
"""Of the 2,000 bundled test images; those between choose the best weights."""
_LARGEST_SIDE = 64
"""Of the input for Fashion-MNIST's 28 pixels, where the network takes any."""


@dataclass(frozen=True)
class Part:
    """Some images of a labelled set, as training and testing take them."""

    whole: LabelledImages
    indices: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        return self.whole.pixels(self.indices[indices], preprocessing)


@dataclass(frozen=True)
class Material:
    """What a run works with.

    Attributes:
        spec: the network, its input and classes adapted to the images.
        training, test: labelled images; the test images are used for the final figure alone.
        classes: name of each label.
        preprocessing: how an image becomes the network's input.
        description: one line for the card.
        validation: labelled images that choose the best weights; None where there are to be none.
        note: a sentence on what was not done as asked, empty where nothing was.
        data: which images these are.
        seen: how many of the 2,000 bundled images are trained on.
    """

    spec: NetworkSpec
    training: TrainingImages
    test: TrainingImages
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    description: str
    validation: TrainingImages | None = None
    note: str = ""
    data: DataRef = field(default_factory=lambda: DataRef("fashion-mnist-full"))
    seen: int = 0


def prepare(spec: NetworkSpec, data: DataRef, side: int | None) -> Generator[Step, None, Material]:
    """Open the images and adapt the network to them, as `main.py train` does: nothing is held out but test images.

    Fashion-MNIST gives the CIFAR family its own 1x28x28 and the ImageNet family 3x64x64, grey in all channels.

    Args:
        spec: as asked for.
        data: `fashion-mnist` and `fashion-mnist-full` both mean the 60,000 training images.
        side: of the input in pixels; None for the default.

    Raises:
        UserError: the images can't be had, or have no labels.
    """
    if data.kind != "folder":
        large = spec.large
        spec = spec.with_(in_channels=3 if large else 1, side=side or (64 if large else 28), classes=10)
        yield Step(None, Sentence("Reading {name}", name="Fashion-MNIST"))
        training = _fashion(*(yield from fashion.whole("train")))
        test = _fashion(*(yield from fashion.whole("test")))
        return Material(
            spec, training, test, fashion.CLASSES,
            fashion.preprocessing(spec.in_channels, spec.side),
            "Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): trained on its 60,000 training images, tested once on "
            "its 10,000 test images",
        )  # fmt: skip
    whole, labels = yield from training_folder(Path(data.path))
    spec = spec.with_(side=side or spec.side, classes=len(whole.classes))
    order = whole.order(0)
    held_out, rest = np.split(order, [-(-len(order) // _HELD_OUT)])
    return Material(
        spec,
        Part(whole, rest, labels[rest]),
        Part(whole, held_out, labels[held_out]),
        whole.classes,
        default_preprocessing(spec),
        f"{whole.name}: trained on {len(rest):,} of its images, tested once on the other {len(held_out):,}",
    )


def material(request: TrainingRequest) -> Generator[Step, None, Material]:
    """The same for a request: some images are held out to choose the best weights, and the network's input stays as
    the person built it where the images can have it.

    Raises:
        UserError: the images can't be had, have no labels or one class only, or are too few.
    """
    if request.data.kind == "folder":
        found = yield from _from_folder(request)
    elif request.data.kind == "fashion-mnist":
        found = _bundled(request)
    else:
        try:
            found = yield from _whole(request)
        except UserError as error:
            if not request.smaller:
                raise
            note = Sentence(
                "All of Fashion-MNIST is not at hand, so this trains on the bundled images alone: {reason}",
                reason=Sentence(error.template, **error.values),
            )
            found = _bundled(request, note)
    labels = found.training.labels
    if not len(labels) or labels.min() == labels.max():
        raise UserError(
            "Training needs images of at least two classes, and there are none of a second one: choose other images, "
            "or more of them."
        )
    return found


def _whole(request: TrainingRequest) -> Generator[Step, None, Material]:
    yield Step(None, Sentence("Reading {name}", name="Fashion-MNIST"))
    images, labels = yield from fashion.whole("train")
    test = _fashion(*(yield from fashion.whole("test")))
    held, rest = _split(balanced_order(len(labels), labels, 0), request.images)
    spec, note = _adapted(request.spec)
    description = Sentence(
        "Fashion-MNIST: trained on {count:,} of its 60,000 training images, the best weights chosen by {held:,} others "
        "of them, tested once on its {test:,} test images",
        count=len(rest), held=len(held), test=len(test),
    )  # fmt: skip
    return Material(
        spec, _fashion(images[rest], labels[rest]), test, fashion.CLASSES,
        fashion.preprocessing(spec.in_channels, spec.side), description,
        _fashion(images[held], labels[held]), note,
    )  # fmt: skip


def _bundled(request: TrainingRequest, note: str = "") -> Material:
    """The bundled images alone: 512 training images, and 2,000 test images of which some have to be trained on."""
    images, labels = fashion.bundled()
    more, their = fashion.bundled_training()
    order = balanced_order(len(labels), labels, 0)
    trained, held, tested = np.split(order, [_BUNDLED_TRAINED, len(order) - _BUNDLED_TESTED])
    training = np.concatenate([more, images[trained]]), np.concatenate([their, labels[trained]])
    first = balanced_order(len(training[1]), training[1], 0)[: request.images]
    spec, words = _adapted(request.spec)
    description = Sentence(
        "Bundled images of Fashion-MNIST: trained on {count:,} of them, the best weights chosen by {held:,} others, "
        "tested once on yet other {test:,}",
        count=len(first), held=len(held), test=len(tested),
    )  # fmt: skip
    return Material(
        spec, _fashion(training[0][first], training[1][first]), _fashion(images[tested], labels[tested]),
        fashion.CLASSES, fashion.preprocessing(spec.in_channels, spec.side), description,
        _fashion(images[held], labels[held]), note or words, DataRef("fashion-mnist"), len(trained),
    )  # fmt: skip


def _from_folder(request: TrainingRequest) -> Generator[Step, None, Material]:
    whole, labels = yield from training_folder(Path(request.data.path))
    spec = request.spec.with_(classes=len(whole.classes))
    tested, others = np.split(whole.order(0), [-(-len(labels) // _HELD_OUT)])
    held, rest = _split(others, request.images)
    description = Sentence(
        "{name}: trained on {count:,} of its images, the best weights chosen by {held:,} others, tested once on yet "
        "other {test:,}",
        name=whole.name, count=len(rest), held=len(held), test=len(tested),
    )  # fmt: skip
    return Material(
        spec, Part(whole, rest, labels[rest]), Part(whole, tested, labels[tested]), whole.classes,
        default_preprocessing(spec), description, Part(whole, held, labels[held]), whole.note, request.data,
    )  # fmt: skip


def _split(order: np.ndarray, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Images to hold out, a tenth as many as are trained on, and those to train on: the next `count`, or all."""
    wanted = len(order) if count is None else min(count, len(order))
    held = min(-(-wanted // _HELD_OUT), _MOST_VALIDATED)
    return order[:held], order[held : held + wanted]


def _fashion(images: np.ndarray, labels: np.ndarray) -> ArrayImages:
    return ArrayImages("Fashion-MNIST", images, labels, fashion.CLASSES)


def _adapted(spec: NetworkSpec) -> tuple[NetworkSpec, str]:
    """The network for Fashion-MNIST's classes, and for an input not much larger than its images where it takes one."""
    spec = spec.with_(classes=len(fashion.CLASSES))
    if not spec.any_side or spec.side <= _LARGEST_SIDE:
        return spec, ""
    note = Sentence(
        "Its input is {side}×{side} here: Fashion-MNIST's images have 28×28 pixels, and more would only take longer.",
        side=_LARGEST_SIDE,
    )
    return spec.with_(side=_LARGEST_SIDE), note
