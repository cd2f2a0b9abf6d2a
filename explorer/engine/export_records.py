"""What is asked for of an export and what came of it, without torch; and whether a place can be written."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from explorer.engine.records import WeightsRef
from explorer.errors import UserError
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec

Precision = Literal["same", "fp16", "fp32"]
PRECISIONS: tuple[Precision, ...] = ("same", "fp16", "fp32")
SUFFIXES = (".json", ".py", ".onnx", ".safetensors")
ONNX_PACKAGES = ("onnx", "onnxscript")
"""What torch.onnx needs."""


@dataclass(frozen=True)
class ExportRequest:
    """What to write.

    Attributes:
        spec, weights: the network; weights other than none adapt it to what they need.
        path: of the file; its suffix says of which kind: `.json` the spec, `.py` PyTorch code, `.onnx`, `.safetensors`
            the weights with all that this program needs to open them.
        lesion: what is left out for good, and blocks that stand in other places; the intact network for none.
        precision: of a `.safetensors` file's real numbers; `same` for fp16 where that loses nothing.
    """

    spec: NetworkSpec
    weights: WeightsRef
    path: Path
    lesion: Lesion = INTACT
    precision: Precision = "same"


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: where.
        spec: the network in the file.
        parameters, macs: of that network.
        note: one sentence on what was adapted, empty where nothing was.
    """

    path: Path
    spec: NetworkSpec
    parameters: int
    macs: int
    note: str = ""


def check_target(path: Path) -> str:
    """The kind of file that is to be written at a path: its suffix, in small letters.

    Raises:
        UserError: no kind that there is, or nothing can be written there.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            "{path} must end in .json (the specification), .py (PyTorch), .onnx or .safetensors (the weights).",
            path=path,
        )
    if path.is_dir():
        raise UserError("{path} is a folder; give the name of a file.", path=path)
    if not path.parent.is_dir():
        raise UserError("There is no folder {folder}; make it first, or choose another.", folder=path.parent)
    return suffix


def check_packages(suffix: str) -> None:
    """Whether what a kind of file needs is installed.

    Raises:
        UserError: it isn't.
    """
    if suffix == ".onnx" and any(find_spec(name) is None for name in ONNX_PACKAGES):
        raise UserError(
            "ONNX files need packages that are not installed: run {command}, and try again.",
            command='pip install "resnet-explorer[onnx]"',
        )
