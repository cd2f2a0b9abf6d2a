"""How a step of a lesson sets the window up, and the networks, weights and pictures that a file can name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from explorer.engine.lesson_records import Setting
from explorer.engine.lesson_table import LessonError, Table, offer, plain, told
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.lesion import Lesion, lesion
from explorer.networks.spec import NetworkSpec

TABS = ("maps", "study", "blocks", "gradients", "paths", "cam", "training")
"""Of the window; the command line's `--view` knows the same."""
PAGES: dict[str, tuple[str, ...]] = {
    "blocks": ("maps", "depth", "exits"),
    "gradients": ("trained", "default", "he", "glorot"),
    "paths": ("counts", "gradient", "product", "unravelled"),
    "cam": ("cam", "film"),
}
"""What can stand behind a tab's colon: its page, or how weights are drawn."""
_MOST_SEEDS = 10
_LONGEST = 120
_ENUM = re.compile(r"\w+_Weights\.\w+", re.ASCII)
_CHECKPOINTS = (".pth", ".pt", ".th", ".safetensors")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def read_setting(table: Table, before: Setting | None, folder: Path) -> Setting:
    """How the window is set up; what the table leaves out is as in the step before."""
    spec = read_network(table) or (before.network if before else None)
    if spec is None:
        raise LessonError("network is missing in {where}; the first step must name one.", where=table.where)
    weights = read_weights(table)
    if before is not None and "network" not in table and "weights" not in table:
        weights = before.weights
    picture = read_picture(table, folder)
    setting = Setting(
        network=spec,
        weights=weights,
        lesion=read_lesion(table, spec),
        picture=picture if picture is not None or before is None else before.picture,
        select=_part(table, spec),
        show=read_tab(table, "show"),
        then_show=read_tab(table, "then_show"),
    )
    table.finish()
    return setting


def read_tab(table: Table, key: str) -> str:
    """A tab, with a page or a setup behind a colon: `maps`, `blocks:depth`, `gradients:default,nonorm`."""
    words = table.text(key, "", longest=_LONGEST)
    name, colon, rest = words.partition(":")
    _check(key, name, ("", *TABS))
    if not colon:
        return words
    pages = PAGES.get(name, ())
    page, *more = rest.split(",")
    if not pages:
        raise LessonError("the tab {name} has no pages: leave out what stands behind the colon.", name=plain(name))
    _check(key, page, pages)
    for word in more:
        if name != "gradients" or page == "trained" or not (word == "nonorm" or _is_seeds(word)):
            raise LessonError(
                "{key} can't be told {word}: behind gradients:default, gradients:he and gradients:glorot can stand "
                "nonorm and a number of seeds up to {most}.",
                key=key, word=plain(word), most=_MOST_SEEDS,
            )  # fmt: skip
    return words


def _check(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        offered = offer(value, [word for word in allowed if word])
        raise LessonError("there is no {key} {value}; {offer}.", key=key, value=plain(value), offer=offered)


def _is_seeds(word: str) -> bool:
    return word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= _MOST_SEEDS


def read_network(table: Table) -> NetworkSpec | None:
    if "network" not in table:
        return None
    name = table.text("network", longest=_LONGEST)
    try:
        spec = catalog.named(name)
    except UserError as error:
        raise told(error) from None
    if spec is None:
        names = ", ".join(catalog.nearest(name)) or "resnet20, plain20, …"
        raise LessonError("there is no network {name}; the nearest are {names}.", name=plain(name), names=names)
    return spec


def read_weights(table: Table) -> str:
    words = table.text("weights", "", longest=_LONGEST)
    known = words in ("", "bundled", "untrained", "imagenet") or _ENUM.fullmatch(words)
    if not known and not (Path(words).suffix.lower() in _CHECKPOINTS and _beside(words)):
        raise LessonError(
            "there are no weights {name}: give bundled, untrained, imagenet, the name of a torchvision weights enum, "
            "or a file beside the lesson.",
            name=plain(words),
        )  # fmt: skip
    return "" if words == "bundled" else words


def _beside(name: str) -> bool:
    """Whether it is a file's bare name, so that it lies in the lesson's own folder."""
    return name == os.path.basename(name.replace("\\", "/")) and name not in ("", ".", "..")


def read_lesion(table: Table, spec: NetworkSpec) -> Lesion:
    deleted, cut = table.words("delete"), table.words("cut")
    try:
        return lesion(spec, deleted, cut)
    except UserError as error:
        raise told(error) from None


def _part(table: Table, spec: NetworkSpec) -> str:
    part = table.text("select", "", longest=_LONGEST)
    parts = ("stem", *(stage.id for stage in spec.stages), *spec.block_ids, "head")
    if part and part not in parts:
        raise LessonError(
            "{network} has no part {name}; its blocks are {first} to {last}.",
            network=spec.name, name=plain(part), first=spec.block_ids[0], last=spec.block_ids[-1],
        )  # fmt: skip
    return part


def read_picture(table: Table, folder: Path) -> int | str | None:
    if "picture" not in table:
        return None
    value = table.any("picture")
    if not isinstance(value, str):
        return table.whole("picture", 0, 1999)
    if value == "chart":
        return value
    if not (_beside(value) and Path(value).suffix.lower() in _PICTURES):
        raise LessonError(
            "there is no picture {name}: give the number of a bundled one, chart, or a file beside the lesson.",
            name=plain(value),
        )  # fmt: skip
    if not folder.joinpath(value).is_file():
        raise LessonError("the picture {name} does not lie beside the lesson.", name=plain(value))
    return str(folder / value)
