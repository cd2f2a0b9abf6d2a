"""A network as a file that others can read: its specification, PyTorch code, ONNX, its weights."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explorer.engine import onnx_files
from explorer.engine.cards import save_state
from explorer.engine.export_records import Exported, ExportRequest, Precision, check_packages, check_target
from explorer.engine.pruning import pruned_state
from explorer.engine.records import Step, WeightsInfo, WeightsKind
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks.code import pytorch_code
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import pruned
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

State = dict[str, Tensor]


def export(session: Session, request: ExportRequest) -> Generator[Step, None, Exported]:
    """Write the file; what was there before stays whole until it is complete.

    Raises:
        UserError: the place can't be written, the weights don't fit, something can't be left out, or ONNX's packages
            are missing.
    """
    kind = check_target(request.path)
    request.lesion.checked(request.spec)
    check_packages(kind)
    with_weights = kind in (".onnx", ".safetensors")
    spec, info = request.spec, None
    state: State = {}
    if with_weights or request.weights.kind is not WeightsKind.UNTRAINED:
        loaded = yield from session.load(request.spec, request.weights)
        info, spec = loaded.info, loaded.info.spec
        if with_weights:
            spec, state = pruned_state(loaded.network, request.lesion)
    if not state:
        spec = pruned(spec, request.lesion)
    yield Step(None, Sentence("Writing {name}", name=request.path.name))
    if kind == ".json":
        _write(request.path, spec.to_json() + "\n")
    elif kind == ".py":
        _write(request.path, code_of(spec))
    else:
        assert info is not None
        yield from _write_weights(request, kind, spec, info, state)
    cost = network_cost(spec)
    return Exported(request.path, spec, cost.parameters, cost.macs, info.adapted if info else "")


def code_of(spec: NetworkSpec) -> str:
    """The network as a stand-alone PyTorch file.

    Raises:
        UserError: its modules can't be arranged so.
    """
    try:
        return pytorch_code(spec)
    except ValueError as error:
        raise UserError(
            "{network} can't be written as PyTorch code: {reason}.", network=spec.name, reason=error
        ) from None


def _write_weights(
    request: ExportRequest, kind: str, spec: NetworkSpec, info: WeightsInfo, state: State
) -> Generator[Step, None, None]:
    if kind == ".safetensors":
        save_state(request.path, in_precision(state, request.precision), spec, info.classes, info.preprocessing)
    else:
        yield from onnx_files.write(request.path, spec, state, info)


def in_precision(state: State, precision: Precision) -> State:
    """The state dict with its real numbers in fp16, in fp32, or in whichever of them loses nothing and is smaller."""
    half = precision == "fp16" or (precision == "same" and all(map(_fits_half, state.values())))
    wanted = torch.float16 if half else torch.float32
    return {key: (value.to(wanted) if value.is_floating_point() else value) for key, value in state.items()}


def _fits_half(value: Tensor) -> bool:
    return not value.is_floating_point() or torch.equal(value.half().float(), value)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
