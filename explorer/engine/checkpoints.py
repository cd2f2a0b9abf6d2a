"""A person's own checkpoint files -> a state dict with this program's (torchvision's) key names.

What a file is, is decided by its content. Files of pickles are only ever read in torch's restricted way
(`weights_only`), so that opening one never runs code.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.dtypes import Float32DType, Float64DType, Int64DType
from safetensors import SafetensorError, safe_open
from torch import Tensor

from explorer.errors import UserError

State = dict[str, Tensor]

_WRAPPERS = (
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "net_state_dict", "weights", "params",
    "module", "state_dict_ema", "model_ema", "ema_state_dict", "ema", "checkpoint",
)  # fmt: skip
"""Keys under which training scripts keep the weights, likeliest first, averaged weights last."""
_PREFIX = re.compile(r"^(?:(?:module|_orig_mod|model|backbone|network|net|encoder|resnet|base_model)\.)+")
_RENAMED = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^(?:fc|linear|classifier|head|last_linear|logits|output|head\.fc)(?:\.\d+)?\.(weight|bias)$", r"fc.\1"),
        (r"^(?:stem\.|layer0\.)?conv(?:0|1)?\.(weight|bias)$", r"conv1.\1"),
        (r"^(?:stem\.|layer0\.)?(?:bn|norm)(?:0|1)?\.", "bn1."),
        (r"^(?:stem|layer0)\.0\.", "conv1."),
        (r"^(?:stem|layer0)\.1\.", "bn1."),
        (r"\.(?:shortcut|skip|identity_conv|proj)\.", ".downsample."),
        (r"\.downsample\.conv\.", ".downsample.0."),
        (r"\.downsample\.(?:bn|norm)\.", ".downsample.1."),
    )
)
_STAGE = re.compile(r"^(?:layers|stages|stage_?|group_?)\.?(\d{1,4})\.")
_BOOKKEEPING = ("total_ops", "total_params")
"""What counting tools leave in a state dict."""
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
        state: key -> tensor on the CPU, real numbers as float32.
        header: what a safetensors file says of itself, empty for other files.
    """

    state: State
    header: dict[str, str] = field(default_factory=dict)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint: .pth, .pt, .th or .safetensors, whatever its name.

    Raises:
        UserError: no such file, empty, damaged, no checkpoint, one that would run code, or one without weights.
    """
    name = path.name
    try:
        if path.is_dir():
            raise UserError("{name} is a folder; choose a checkpoint file in it.", name=name)
        with path.open("rb") as file:
            head = file.read(9)
    except FileNotFoundError:
        raise UserError("There is no file {path}; choose another checkpoint.", path=path) from None
    except OSError as error:
        raise UserError("{name} can't be read: {reason}.", name=name, reason=error.strerror or error) from None
    if not head:
        raise UserError("{name} is empty; choose another checkpoint.", name=name)
    if head[8:9] == b"{":
        state, header = read_safetensors(path)
    else:
        state, header = _unwrapped(_unpickled(path, head), name), {}
    return Checkpoint(renamed(_real(state, name), name), header)


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
        raise _damaged(path.name) from None


def read_header(path: Path) -> dict[str, str]:
    """A safetensors file's header alone, in a moment; empty where there is none.

    Raises:
        UserError: the file can't be read or is damaged.
    """
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > 100_000_000:
                raise _damaged(path.name)
            header = json.loads(file.read(size)).get("__metadata__", {})
    except OSError as error:
        raise UserError("{name} can't be read: {reason}.", name=path.name, reason=error.strerror or error) from None
    except (struct.error, ValueError, AttributeError, RecursionError):
        raise _damaged(path.name) from None
    if not isinstance(header, dict) or not all(isinstance(value, str) for value in header.values()):
        raise _damaged(path.name)
    return header


def _unpickled(path: Path, head: bytes) -> Any:
    if not (head.startswith((b"PK\x03\x04", b"\x80")) or _is_tar(path)):
        raise UserError(
            "{name} is not a checkpoint: choose a .pth, .pt, .th or .safetensors file with a network's weights.",
            name=path.name,
        )
    try:
        if _is_program(path):
            raise _refused(path.name)
        with torch.serialization.safe_globals(_HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except MemoryError:
        raise UserError("{name} is too large for the memory of this machine.", name=path.name) from None
    except Exception as error:  # Reading a damaged file raises whatever it stumbles over.
        would_run = isinstance(error, pickle.UnpicklingError) and "unsupported global" in str(error).lower()
        raise (_refused if would_run else _damaged)(path.name) from None


def _is_program(path: Path) -> bool:
    """Whether the file is TorchScript's: a network as a program, not weights alone."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _refused(name: str) -> UserError:
    return UserError(
        "{name} is refused, since opening it would run code that it carries: save the weights alone, with "
        "torch.save(network.state_dict(), file).",
        name=name,
    )


def _is_tar(path: Path) -> bool:
    """The format that torch wrote until its version 0.1."""
    with path.open("rb") as file:
        file.seek(257)
        return file.read(5) == b"ustar"


def _damaged(name: str) -> UserError:
    return UserError(
        "{name} is damaged: it begins like a checkpoint, but can't be read to its end; get the file again.", name=name
    )


def _unwrapped(content: Any, name: str) -> State:
    """The state dict in what a training script saved."""
    found = _find(content, 0)
    if found is None:
        raise UserError("{name} holds no weights: no state dict of tensors was found in it.", name=name)
    return found


def _find(content: Any, depth: int) -> State | None:
    if not isinstance(content, Mapping) or depth > 4:
        return None
    tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    if any(key.endswith("weight") for key in tensors):
        return tensors
    for value in _likely(content):
        found = _find(value, depth + 1)
        if found:
            return found
    return None


def _likely(content: Mapping[Any, Any]) -> Iterator[Any]:
    """Values in which to look, the usual keys' first."""
    yield from (content[key] for key in _WRAPPERS if key in content)
    yield from (value for key, value in content.items() if key not in _WRAPPERS and "optim" not in str(key))


# -- making the same of what is the same --------------------------------------------------------------------------


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


def renamed(state: State, name: str) -> State:
    """The same weights under this program's key names.

    Prefixes that wrappers leave (`module.`, `_orig_mod.` …) are dropped; other usual names of the stem, the stages,
    the shortcut and the classifier are replaced; what counting tools leave is dropped.

    Raises:
        UserError: two entries come to the same name, so that it is unclear which to take.
    """
    keys = {key: _PREFIX.sub("", key) for key in state if not key.endswith(_BOOKKEEPING)}
    numbers = [int(found[1]) for found in map(_STAGE.match, keys.values()) if found]
    shift = 1 if 0 in numbers else 0
    plains = set(keys.values())
    result: State = {}
    origin: dict[str, str] = {}
    for key, plain in keys.items():
        new = _STAGE.sub(lambda found: f"layer{int(found[1]) + shift}.", plain)
        # Behind pre-activation blocks stands a batch norm of that name, beside the stem's.
        if not (plain.startswith("bn.") and "bn1.weight" in plains):
            for pattern, replacement in _RENAMED:
                new = pattern.sub(replacement, new)
        if new in result:
            raise UserError(
                "{name} holds more than one network or classifier ({first} and {second} would both be {key}): save "
                "the one you mean alone.",
                name=name, first=origin[new], second=key, key=new,
            )  # fmt: skip
        result[new] = state[key]
        origin[new] = key
    return result
