"""The measures that a lesson's file can name, and what each of them takes. Without torch: the file is checked with it.

A file can ask for nothing but these, so that no file runs code.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.engine.lesson_records import Form


@dataclass(frozen=True)
class Measure:
    """One of them.

    Attributes:
        form: how its figure is written.
        about: what it is, one line.
        takes: names of what it can be told, beside the network and its weights.
        needs: those of them that it can't do without.
        network: whether it is of a network.
        at_once: whether it is known without running a network.
    """

    form: Form
    about: str
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    network: bool = True
    at_once: bool = False


_LESION = ("delete", "cut")
MEASURES: dict[str, Measure] = {
    "accuracy": Measure("percent", "accuracy on the bundled images", (*_LESION, "images")),
    "points_lost": Measure("points", "accuracy intact minus accuracy with the blocks off", (*_LESION, "images")),
    "median_loss": Measure(
        "points", "median loss of accuracy over all blocks that keep the shape, each deleted alone", ("images",)
    ),
    "largest_loss": Measure(
        "points", "largest loss of accuracy over all blocks that keep the shape, each deleted alone", ("images",)
    ),
    "random_deletion": Measure(
        "percent", "median accuracy with so many blocks deleted at random", ("images", "count", "seeds"), ("count",)
    ),
    "probability": Measure("percent", "probability of the picture's true class", (*_LESION, "picture"), ("picture",)),
    "same_numbers": Measure(
        "percent", "share of the numbers that leave a block just as they came in", (*_LESION, "picture", "block"),
        ("picture", "block"),
    ),
    "block_ratio": Measure(
        "times", "|F(x)| / |x| of a block, median over the images; without a block, of all that keep the shape",
        ("images", "block"),
    ),
    "gradient_ratio": Measure(
        "times", "the loss's gradient at the first block's input over that behind the last block",
        ("scheme", "norm", "seeds"),
    ),
    "least_gain": Measure(
        "times", "the gradient at a block's input over that at its output, the least of all blocks that keep the shape",
        ("scheme", "norm", "seeds"),
    ),
    "effective_shortest": Measure(
        "count", "the shortest of the path lengths that carry 95 % of the gradient", ("images", "seeds")
    ),
    "effective_longest": Measure("count", "the longest of them", ("images", "seeds")),
    "effective_share": Measure("percent", "the share of all paths that have these lengths", ("images", "seeds")),
    "paths": Measure("count", "paths from input to output, with so many blocks deleted", ("count",), at_once=True),
    "paths_left": Measure(
        "percent", "share of all paths that is left with so many blocks deleted", ("count",), ("count",), at_once=True
    ),
    "path_share": Measure(
        "percent", "share of all paths whose length lies between two", ("shortest", "longest"), at_once=True
    ),
    "length_left": Measure(
        "percent", "share of the paths of one length that is left with so many blocks deleted", ("length", "count"),
        ("length", "count"), at_once=True,
    ),
    "training_error": Measure(
        "percent", "share of wrong answers on the training images, from the bundled log", ("epoch",), at_once=True
    ),
    "test_accuracy": Measure("percent", "accuracy on all 10,000 test images, from the bundled card", at_once=True),
    "epochs": Measure("count", "epochs that the bundled weights were trained for", at_once=True),
    "parameters": Measure("count", "parameters of the network", at_once=True),
    "layers": Measure("count", "weighted layers of the network", at_once=True),
    "blocks": Measure("count", "blocks of the network", at_once=True),
    "classes": Measure("count", "classes that the network tells apart", at_once=True),
    "chance": Measure("percent", "accuracy of guessing among the classes", at_once=True),
    "given": Measure(
        "count", "a number that another figure was told, such as its count or seeds", ("of", "argument"),
        ("of", "argument"), False, True,
    ),
    "paper": Measure(
        "percent", "a figure quoted from a paper", ("value", "form", "source"), ("value", "source"), False, True
    ),
    "difference": Measure("points", "one figure minus another", ("of", "minus", "form"), ("of", "minus"), False, True),
    "ratio": Measure("times", "one figure over another", ("of", "over", "form"), ("of", "over"), False, True),
}  # fmt: skip
"""By name."""

FORMS: tuple[Form, ...] = ("percent", "points", "count", "times")
IMAGES = 500
"""How many of the bundled images are measured on where a file does not say."""
PATH_IMAGES = 16
"""The same for the gradients of paths."""
SEEDS = 3
