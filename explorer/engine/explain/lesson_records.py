"""What a lesson asks of the engine, and what comes back; without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.lesson_records import LessonStep, Measured
from explorer.engine.records import Picture, WeightsInfo, WeightsRef
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class Missing:
    """Weights that a step asks for and that are not at hand.

    Attributes:
        kind: `download` where torchvision has them, `file` where a file is not there, `none` where there are none.
        spec: the network that they are for.
        name: what the file of the lesson calls them.
        ref: what to fetch, where they can be fetched.
    """

    kind: Literal["download", "file", "none"]
    spec: NetworkSpec
    name: str
    ref: WeightsRef | None = None


@dataclass(frozen=True)
class SettingRequest(ExplainRequest):
    """Get ready what a step sets the window up with. `spec` and `weights` are not used: the step names its own.

    Attributes:
        step: which.
        folder: of the lesson's file.
        files: pairs of what the lesson calls weights and the file that stands for them, where it is another.
        untrained: whether weights that are missing are done without.
    """

    view: ClassVar[str] = "lesson_setting"

    step: LessonStep = field(kw_only=True)
    folder: Path = field(kw_only=True)
    files: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    untrained: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a step sets the window up with; nothing of it where weights are missing.

    Attributes:
        missing: weights that are not at hand, of the window's network or of one that is measured.
        info: of the weights, with the network as they need it; None where they are missing.
        picture: the one to open; None leaves the one that is open.
    """

    missing: tuple[Missing, ...]
    info: WeightsInfo | None = None
    picture: Picture | None = None


@dataclass(frozen=True)
class LessonRequest(ExplainRequest):
    """Measure the figures of a step. `spec` and `weights` are not used: each figure names its own.

    Attributes:
        step, folder, files, untrained: as in SettingRequest.
    """

    view: ClassVar[str] = "lesson"

    step: LessonStep = field(kw_only=True)
    folder: Path = field(kw_only=True)
    files: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    untrained: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class LessonResult:
    """What came out.

    Attributes:
        request: what was asked.
        figures: by name.
        seconds: that it took.
        notes: sentences: done untrained, or elsewhere than on the device chosen.
    """

    request: LessonRequest
    figures: dict[str, Measured]
    seconds: float
    notes: tuple[str, ...] = ()
