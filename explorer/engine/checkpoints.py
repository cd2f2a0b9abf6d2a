"""A person's own checkpoint files -> a state dict under the file's own names; `fitting` finds the network's in them.

What a file is, is decided by its content. Files of pickles are only ever read in torch's restricted way
(`weights_only`), so that opening one never runs code.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.dtypes import Float32DType, Float64DType, Int64DType
from safetensors import SafetensorError, safe_open
from torch import Tensor

from explorer.engine import onnx_initialisers
from explorer.engine.headers import Header, find_state, read_tensor_header
from explorer.engine.refusals import damaged, refused
from explorer.errors import UserError

State = dict[str, Tensor]

_ONNX = {
    "F32": torch.float32, "F16": torch.float16, "F64": torch.float64, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "BOOL": torch.bool,
}  # fmt: skip
# Harmless values that training scripts keep beside the weights: options and numbers.
_HARMLESS: list[Any] = [
    argparse.Namespace, np.dtype, Float32DType, Float64DType, Int64DType,
    (np.float64(0).__reduce__()[0], "numpy.core.multiarray.scalar"),
    (np.float64(0).__reduce__()[0], "numpy._core.multiarray.scalar"),
]  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """A file's weights.

    Attributes:
        state: key in the file -> tensor on the CPU, real numbers as float32.
        header: what a safetensors or ONNX file says of itself, empty for other files.
    """

    state: State
    header: dict[str, str] = field(default_factory=dict)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint: .pth, .pt, .th, .safetensors or .onnx, whatever its name.

    Raises:
        UserError: no such file, empty, damaged, no checkpoint, one that would run code, one without weights, or
            one that declares more than it holds or than the machine's memory.
    """
    name = path.name
    header = read_tensor_header(path)
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:] == b"{":
        state, metadata = read_safetensors(path)
    elif head.startswith(b"\x08"):
        state, metadata = _read_onnx(path), dict(header.metadata)
    else:
        state, metadata = _unpickled(path, header), {}
    return Checkpoint(_real(state, name), metadata)


# -- reading -----------------------------------------------------------------------------------------------------


def read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    """Tensors and header of a safetensors file.

    Raises:
        UserError: it is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, TypeError):
        raise damaged(path.name) from None


def _read_onnx(path: Path) -> State:
    data = bytearray(path.read_bytes())
    try:
        return {
            one.name: torch.frombuffer(data, dtype=_ONNX[one.dtype], count=math.prod(one.shape), offset=one.place[0])
            .clone()
            .reshape(one.shape)
            for one in onnx_initialisers.initialisers(data)
            if one.dtype in _ONNX and 0 not in one.shape
        }
    except (onnx_initialisers.OnnxError, ValueError, RuntimeError):
        raise damaged(path.name) from None


def read_header(path: Path) -> dict[str, str]:
    """A safetensors file's header alone, in a moment; empty where there is none.

    Raises:
        UserError: the file can't be read or is damaged.
    """
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > 100_000_000:
                raise damaged(path.name)
            header = json.loads(file.read(size)).get("__metadata__", {})
    except OSError as error:
        raise UserError("{name} can't be read: {reason}.", name=path.name, reason=error.strerror or error) from None
    except (struct.error, ValueError, AttributeError, RecursionError):
        raise damaged(path.name) from None
    if not isinstance(header, dict) or not all(isinstance(value, str) for value in header.values()):
        raise damaged(path.name)
    return header


def _unpickled(path: Path, header: Header) -> State:
    """The state dict that the header tells of, in one of torch's own formats."""
    try:
        with torch.serialization.safe_globals(_HARMLESS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise UserError("{name} is too large for the memory of this machine.", name=path.name) from None
    except Exception as error:  # Reading a damaged file raises whatever it stumbles over.
        would_run = isinstance(error, pickle.UnpicklingError) and "unsupported global" in str(error).lower()
        raise (refused if would_run else damaged)(path.name) from None
    state = find_state(content, Tensor)
    if state is None or {key: tuple(value.shape) for key, value in state.items()} != header.shapes:
        raise damaged(path.name)
    return state


def _real(state: State, name: str) -> State:
    """Plain CPU tensors, real numbers as float32."""
    plain = {}
    for key, value in state.items():
        if value.layout != torch.strided or value.is_quantized or value.is_complex():
            raise UserError(
                "{name} has an entry of a kind that networks here don't have ({key} is sparse, quantised or complex).",
                name=name, key=key,
            )  # fmt: skip
        value = value.detach()
        plain[key] = value.float() if value.is_floating_point() else value
    return plain
