"""A folder of pictures as an image set: one folder a class, or a heap of pictures without labels."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.engine.images import fit
from explorer.engine.ordering import balanced_order
from explorer.engine.pictures import SUFFIXES, open_picture
from explorer.engine.records import Preprocessing, Step
from explorer.engine.words import listed
from explorer.errors import UserError
from explorer.sentences import Joined, Sentence

_KEPT_BYTES = 512 << 20
"""Of fitted pictures that are kept, so that a second measurement need not decode them again."""
_STEP_SECONDS = 0.1
_DECODERS = 4
_PLAIN_PIXELS = 50_000_000
"""Size from which a picture needs the care that opening it takes."""
_GENERIC = re.compile(r"class \d+")


@dataclass(eq=False)
class FolderImages:
    """`LabelledImages` whose pictures are read when they are needed.

    Attributes:
        name: the folder's.
        files: the pictures that can be read.
        labels: int64 (N,), or None where the folders are no classes of the network.
        classes: the network's, or the folders' names; empty without labels.
        note: what was left out or assumed.
    """

    name: str
    files: tuple[Path, ...]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    note: str = ""
    _kept: dict[int, Tensor] = field(default_factory=dict, repr=False)
    _kept_for: Preprocessing | None = None

    def __len__(self) -> int:
        return len(self.files)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        """The pictures at `indices`, fitted: uint8 (n, 1 or 3, crop, crop).

        Raises:
            UserError: a file that was there when the folder was opened can't be read any more.
        """
        if preprocessing != self._kept_for:
            self._kept, self._kept_for = {}, preprocessing
        wanted = [int(index) for index in indices]
        missing = [index for index in dict.fromkeys(wanted) if index not in self._kept]
        fresh: dict[int, Tensor] = {}
        if missing:
            with _decoders() as pool:
                fitted = pool.map(lambda index: fit(open_picture(self.files[index]), preprocessing)[0], missing)
                fresh = dict(zip(missing, fitted, strict=True))
        self._keep(fresh)
        return torch.stack([fresh[index] if index in fresh else self._kept[index] for index in wanted])

    def _keep(self, fresh: dict[int, Tensor]) -> None:
        for index, pixels in fresh.items():
            if (len(self._kept) + 1) * pixels.numel() > _KEPT_BYTES:
                return
            self._kept[index] = pixels

    def order(self, seed: int = 0) -> np.ndarray:
        return balanced_order(len(self), self.labels, seed)


def fold(name: str) -> str:
    """A class's name without what spellings differ in: case, spaces, underscores, slashes, other signs."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def is_generic(classes: Sequence[str]) -> bool:
    """Whether classes have no names of their own but `class 0`, `class 1` …"""
    return all(_GENERIC.fullmatch(name) for name in classes)


def open_folder(path: Path, classes: Sequence[str] | None) -> Generator[Step, None, FolderImages]:
    """Look through a folder and check each picture; the job's return value is the set.

    Folders in it are classes, matched to the network's by name (whatever the case, spaces, underscores and slashes) or
    by number; all pictures below a class folder are of that class. Where the network's classes have no names, as many
    folders as it has outputs are numbered in alphabetical order. Folders that match no class are left out and named;
    where none matches, and where there are only pictures without folders, it is a set without labels. Pictures that
    can't be read are left out, counted and named.

    Args:
        path: the folder.
        classes: the network's; None takes the folders' names, in alphabetical order.

    Raises:
        UserError: no such folder, no picture in it, or none that can be read.
    """
    found = yield from _look(path)
    total = sum(len(files) for files in found.values())
    if not total:
        raise UserError("{folder} holds no picture: put pictures into it, one folder for each class.", folder=path)
    bad: list[Path] = []
    good: dict[str, list[Path]] = {}
    told = time.monotonic()
    checking = Sentence("Checking {count:,} pictures in {folder}", count=total, folder=path.name)
    yield Step(0.0, checking)
    pairs = [(folder, file) for folder, files in found.items() for file in files]
    checked = zip(pairs, _checked([file for _, file in pairs]), strict=True)
    for done, ((folder, file), fine) in enumerate(checked, 1):
        (good.setdefault(folder, []) if fine else bad).append(file)
        if time.monotonic() - told > _STEP_SECONDS:
            yield Step(done / total, checking)
            told = time.monotonic()
    if not good:
        raise UserError(
            "None of the {count} pictures in {folder} can be read ({names}).",
            count=total, folder=path, names=listed([file.name for file in bad]),
        )  # fmt: skip
    return _assemble(path, good, bad, classes)


def _look(path: Path) -> Generator[Step, None, dict[str, list[Path]]]:
    """Class folder's name (empty for the folder itself) -> its picture files, both in order."""
    try:
        if not path.exists():
            raise UserError(
                "There is no folder {folder}: choose one that holds a folder of pictures for each class.", folder=path
            )
        if not path.is_dir():
            raise UserError(
                "{folder} is a file: choose a folder that holds a folder of pictures for each class.", folder=path
            )
        entries = sorted(path.iterdir())
        found = {"": [entry for entry in entries if _is_picture(entry)]}
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith("."):
                yield Step(None, Sentence("Looking through {folder}", folder=entry.name))
                found[entry.name] = sorted(filter(_is_picture, entry.rglob("*")))
    except OSError as error:
        raise UserError("{folder} can't be read: {reason}.", folder=path, reason=error.strerror or error) from None
    return found


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def readable(path: Path) -> bool:
    """Whether a picture can be decoded; nothing short of decoding it tells.

    A JPEG is decoded at an eighth of its size, which meets the same damage in a fraction of the time. Where this goes
    wrong, and for kinds other than JPEG and PNG, opening the picture decides.
    """
    with suppress(Exception), Image.open(path, formats=["JPEG", "PNG"]) as image:
        if image.width * image.height < _PLAIN_PIXELS:
            image.draft("L", (1, 1))
            image.load()
            return True
    try:
        open_picture(path)
    except UserError:
        return False
    return True


def _checked(files: Sequence[Path]) -> Iterator[bool]:
    """Whether each can be read, in their order; a few are decoded ahead, side by side."""
    with _decoders() as pool:
        ahead: deque[Future[bool]] = deque()
        for file in files:
            ahead.append(pool.submit(readable, file))
            if len(ahead) > _DECODERS:
                yield ahead.popleft().result()
        yield from (future.result() for future in ahead)


def _decoders() -> ThreadPoolExecutor:
    """Pillow decodes and scales without holding Python's lock."""
    return ThreadPoolExecutor(max_workers=_DECODERS, thread_name_prefix="decode")


def _assemble(path: Path, good: dict[str, list[Path]], bad: list[Path], classes: Sequence[str] | None) -> FolderImages:
    folders = [folder for folder in good if folder]
    notes: list[str] = []
    if bad:
        notes.append(
            _counted(
                "1 picture can't be read and was left out: {names}.",
                "{count:,} pictures can't be read and were left out: {names}.",
                [str(file.relative_to(path)) for file in bad],
            )
        )
    if classes is None:
        numbers: dict[str, int] | None = {folder: index for index, folder in enumerate(folders)} or None
        names = tuple(folders)
    else:
        numbers, words = match(folders, classes)
        names = tuple(classes)
        notes += words
    if numbers is None:
        files = [file for files in good.values() for file in files]
        return FolderImages(path.name, tuple(files), None, (), Joined(" ", notes))
    if "" in good:
        notes.append(
            _counted(
                "1 picture lies outside the class folders and was left out.",
                "{count:,} pictures lie outside the class folders and were left out.",
                [file.name for file in good[""]],
            )
        )
    if len(numbers) == 1:
        notes.append(
            Sentence(
                "All pictures are of one class ({name}), so the accuracy is that of this class alone.",
                name=next(iter(numbers)),
            )
        )
    pairs = [(file, number) for folder, number in numbers.items() for file in good[folder]]
    labels = np.array([number for _, number in pairs], dtype=np.int64)
    return FolderImages(path.name, tuple(file for file, _ in pairs), labels, names, Joined(" ", notes))


def match(folders: Sequence[str], classes: Sequence[str]) -> tuple[dict[str, int] | None, list[str]]:
    """Class folders -> numbers of the network's classes, and sentences on what was assumed or left out.

    None instead of numbers where no folder is a class.
    """
    if not folders:
        return None, [
            Sentence("The pictures are in no class folders, so only the agreement with the intact network is measured.")
        ]
    known = dict(_known(folders, classes))
    if not known:
        if is_generic(classes) and len(folders) == len(classes):
            words = Sentence("The network's classes have no names, so the folders count as them in alphabetical order.")
            return {folder: index for index, folder in enumerate(folders)}, [words]
        return None, [
            Sentence(
                "None of the folders ({folders}) is named like a class of the network ({classes}), "
                "so only the agreement with the intact network is measured.",
                folders=listed(folders),
                classes=listed(classes),
            )
        ]
    unknown = [folder for folder in folders if folder not in known]
    if not unknown:
        return known, []
    words = _counted(
        "1 folder is no class of the network and was left out: {names}.",
        "{count:,} folders are no classes of the network and were left out: {names}.",
        unknown,
    )
    return known, [words]


def _known(folders: Sequence[str], classes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """By name first; a name that two classes share says nothing. Else by number."""
    count = Counter(map(fold, classes))
    names = {fold(name): index for index, name in enumerate(classes) if count[fold(name)] == 1}
    for folder in folders:
        number = names.get(fold(folder))
        if number is None and folder.isascii() and folder.isdigit() and int(folder) < len(classes):
            number = int(folder)
        if number is not None:
            yield folder, number


def _counted(one: str, several: str, names: Sequence[str]) -> Sentence:
    """What happened to so many files or folders, in the singular or the plural."""
    return Sentence(one if len(names) == 1 else several, count=len(names), names=listed(names))
