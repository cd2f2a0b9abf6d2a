"""What a checkpoint says that it holds: names, shapes and types of its tensors, read and judged without making one.

A file is anyone's, so nothing of it is believed before it was compared with the file's own size: a header that
speaks of terabytes costs nothing but the reading of the header. Pickles are read here by a reader of their own, in
`explorer.engine.pickles`, which calls nothing that a file names.
"""

from __future__ import annotations

import io
import json
import math
import mmap
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil

from explorer.engine import onnx_initialisers, pickles
from explorer.engine.pickles import Storage, TensorEntry
from explorer.engine.refusals import (
    MAX_ENTRIES,
    MAX_HEADER,
    damaged,
    declares_more,
    long_header,
    no_checkpoint,
    no_weights,
    refused,
    too_many,
)
from explorer.errors import UserError

MAX_NAME = 512
"""Letters of an entry's name."""
_END = struct.Struct("<4s4H2LH")
"""A zip file's last record; PKWARE's APPNOTE, section 4.3.16."""
_END64 = struct.Struct("<4sQ2H2L4Q")
"""The same of a file with more than 65,535 entries, section 4.3.14."""
_T = TypeVar("_T")
_SAFETENSORS_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "C64": 8,
}  # fmt: skip
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "Double": "float64", "Float": "float32", "Half": "float16",
    "BFloat16": "bfloat16", "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
}  # fmt: skip
"""What safetensors and torch's storages call types -> torch's own word."""


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself.

    Attributes:
        tensors: key in the file -> its shape and type; of several state dicts, the one that holds the weights.
        metadata: what a safetensors or ONNX file says besides, empty for other files.
        nbytes: what reading the whole file takes.
    """

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str] = field(default_factory=dict)
    nbytes: int = 0

    def kind(self, key: str) -> str:
        """The type of an entry's numbers, as torch calls it."""
        dtype = self.tensors[key].dtype
        return _TYPES.get(dtype, dtype.lower())

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {key: entry.shape for key, entry in self.tensors.items()}


def read_tensor_header(path: Path) -> Header:
    """Read and judge a checkpoint's header: .pth, .pt, .th, .safetensors or .onnx, whatever its name.

    Raises:
        UserError: no such file, empty, damaged, no checkpoint, without weights, one that declares more than it holds,
            or one that would not fit the machine's memory.
    """
    name = path.name
    try:
        if path.is_dir():
            raise UserError("{name} is a folder; choose a checkpoint file in it.", name=name)
        with path.open("rb") as file:
            header = _read(file, name)
    except FileNotFoundError:
        raise UserError("There is no file {path}; choose another checkpoint.", path=path) from None
    except OSError as error:
        raise UserError("{name} can't be read: {reason}.", name=name, reason=error.strerror or error) from None
    _check_names(header, name)
    free = psutil.virtual_memory().available
    if header.nbytes > free:
        raise UserError(
            "{name} is too large for the memory of this machine: it holds {size:,.1f} GB, and {free:,.1f} GB are free.",
            name=name, size=header.nbytes / 1e9, free=free / 1e9,
        )  # fmt: skip
    return header


def _read(file: IO[bytes], name: str) -> Header:
    head = file.read(9)
    size = os.fstat(file.fileno()).st_size
    if not head:
        raise UserError("{name} is empty; choose another checkpoint.", name=name)
    if head[8:9] == b"{":
        return _read_safetensors(file, size, name)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(file, size, name)
    if head.startswith(b"\x80"):
        return _read_stream(file, size, name)
    if head.startswith(b"\x08"):
        return _read_onnx(file, size, name)
    file.seek(257)
    if file.read(5) == b"ustar":  # torch 0.1
        raise UserError(
            "{name} is of a form that torch left behind with its version 0.2: load and save it again with a later one.",
            name=name,
        )
    raise no_checkpoint(name)


def _check_names(header: Header, name: str) -> None:
    if len(header.tensors) > MAX_ENTRIES:
        raise too_many(name, len(header.tensors))
    longest = max(map(len, header.tensors), default=0)
    if longest > MAX_NAME:
        raise UserError(
            "{name} has an entry with a name of {length:,} letters, which no network has; at most {most} are read.",
            name=name, length=longest, most=MAX_NAME,
        )  # fmt: skip


# -- safetensors -------------------------------------------------------------------------------------------------


def _read_safetensors(file: IO[bytes], size: int, name: str) -> Header:
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8))
    if length > size - 8:
        raise damaged(name)
    if length > MAX_HEADER:
        raise long_header(name, length)
    try:
        entries = json.loads(file.read(length), object_pairs_hook=_once)
        metadata = entries.pop("__metadata__", {})
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("metadata are texts")
        tensors = {key: _safetensor(entry, size - 8 - length) for key, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(name) from None
    except _BeyondError:
        raise declares_more(name) from None
    if not tensors:
        raise no_weights(name)
    return Header(tensors, metadata, size)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are given once."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice")
    return made


class _BeyondError(Exception):
    """More is declared than the file holds."""


def _safetensor(entry: Mapping[str, Any], size: int) -> TensorEntry:
    """One entry of a header; `size` is of the data behind it, in bytes."""
    shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
    if not all(_counts(number) for number in (*shape, begin, end)):
        raise ValueError("shapes and places are counts")
    if end > size or begin > end:
        raise _BeyondError
    if end - begin != math.prod(shape) * _SAFETENSORS_BYTES[entry["dtype"]]:
        raise ValueError("the place is not as large as the tensor")
    return TensorEntry(shape, entry["dtype"])


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _read_onnx(file: IO[bytes], size: int, name: str) -> Header:
    """An ONNX file has no beginning of its own but the number of its version."""
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found, metadata = onnx_initialisers.initialisers(data), onnx_initialisers.metadata(data)
    except onnx_initialisers.OnnxError:
        raise damaged(name) from None
    tensors = {one.name: TensorEntry(one.shape, one.dtype) for one in found if one.dtype != "other"}
    if not tensors:
        raise no_weights(name)
    return Header(tensors, metadata, size)


# -- torch's formats -----------------------------------------------------------------------------------------------


def _read_zip(file: IO[bytes], size: int, name: str) -> Header:
    """What `torch.save` writes since version 1.6: a zip file of the pickle and one member a storage, uncompressed."""
    count = _members(file, size)
    if count > MAX_ENTRIES:
        raise too_many(name, count)
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info.file_size for info in archive.infolist()}
            if any(member.endswith("/constants.pkl") for member in members):
                raise refused(name)  # TorchScript: a network as a program
            total = sum(members.values())
            if total > size:
                raise declares_more(name)
            pickle = next((one for one in members if one.endswith("/data.pkl") or one == "data.pkl"), None)
            if pickle is None:
                raise no_checkpoint(name)  # any other zip file: NumPy's .npz, a document
            if members[pickle] > MAX_HEADER:
                raise long_header(name, members[pickle])
            content = archive.read(pickle)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        raise damaged(name) from None
    loaded = _unpickled(io.BytesIO(content), name)
    folder = pickle.removesuffix("data.pkl")
    for storage in loaded.storages.values():
        held = members.get(f"{folder}data/{storage.key}")
        if held is None:
            raise damaged(name)
        if storage.nbytes > held:
            raise declares_more(name)
    return _header(loaded, total, name)


def _members(file: IO[bytes], size: int) -> int:
    """How many members a zip file says it has, before a list of them is made; 0 where its end is not found."""
    file.seek(max(0, size - (1 << 16) - _END.size - 76))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or place + _END.size > len(tail):
        return 0
    count: int = _END.unpack_from(tail, place)[4]
    place64 = tail.rfind(b"PK\x06\x06", 0, place)
    if place64 >= 0 and place64 + _END64.size <= place:
        count = max(count, _END64.unpack_from(tail, place64)[7])
    return count


def _read_stream(file: IO[bytes], size: int, name: str) -> Header:
    """What `torch.save` wrote until version 1.5: pickles, then the storages, each after the number of its elements."""
    file.seek(0)
    stream = pickles.Bounded(file, MAX_HEADER)
    try:
        if pickles.load(stream).content != pickles.MAGIC:
            raise no_checkpoint(name)  # another program's pickle
    except pickles.UnreadableError:
        raise no_checkpoint(name) from None
    if _unpickled(stream, name).content != pickles.PROTOCOL:
        raise damaged(name)
    _unpickled(stream, name)  # of the machine that wrote it
    loaded = _unpickled(stream, name)
    keys = _unpickled(stream, name).content
    place = stream.tell()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise damaged(name)
    declared = sum(storage.nbytes + 8 for storage in loaded.storages.values())
    if declared > size - place:
        raise declares_more(name)
    for key in keys:
        storage = loaded.storages.get(key)
        file.seek(place)
        count = file.read(8)
        if storage is None or len(count) < 8 or struct.unpack("<q", count)[0] != storage.count:
            raise damaged(name)
        place += 8 + storage.nbytes
    if place > size or set(keys) != set(loaded.storages):
        raise damaged(name)
    return _header(loaded, declared, name)


def _unpickled(stream: pickles.Stream, name: str) -> pickles.Loaded:
    try:
        return pickles.load(stream)
    except pickles.TooLongError:
        raise long_header(name, MAX_HEADER) from None
    except pickles.DangerousError:
        raise refused(name) from None
    except pickles.UnreadableError:
        raise damaged(name) from None


def _header(loaded: pickles.Loaded, nbytes: int, name: str) -> Header:
    tensors = find_state(loaded.content, TensorEntry)
    if tensors is None:
        raise refused(name) if loaded.is_object else no_weights(name)
    for key, entry in tensors.items():
        if entry.dtype.startswith(("other", "Complex", "Q")):
            raise UserError(
                "{name} has an entry of a kind that networks here don't have ({key} is sparse, quantised or complex).",
                name=name, key=key,
            )  # fmt: skip
        if entry.storage is not None and not _inside(entry, entry.storage):
            raise declares_more(name)
    return Header(tensors, {}, nbytes)


def _inside(entry: TensorEntry, storage: Storage) -> bool:
    """Whether a tensor's last element lies in its storage."""
    if not all(_counts(number) for number in (*entry.shape, *entry.stride, entry.offset)):
        return False
    if len(entry.stride) != len(entry.shape):
        return False
    if 0 in entry.shape:
        return True
    last = sum((count - 1) * step for count, step in zip(entry.shape, entry.stride, strict=True))
    # A tensor that repeats its elements (a stride of 0) could be made of one of them, and take terabytes.
    return entry.offset + max(last + 1, math.prod(entry.shape)) <= storage.count


# -- which of a file's dictionaries ---------------------------------------------------------------------------------

_WRAPPERS = (
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "net_state_dict", "weights", "params",
    "module", "state_dict_ema", "model_ema", "ema_state_dict", "ema", "checkpoint",
)  # fmt: skip
"""Keys under which training scripts keep the weights, likeliest first, averaged weights last."""
_DEEPEST = 4


def find_state(content: Any, kind: type[_T]) -> dict[str, _T] | None:
    """The state dict in what a training script saved: the first dictionary with tensors of which one is a weight;
    where no name ends like that, the dictionary with the most tensors, so that a person sees what the file holds.

    Args:
        content: what was unpickled.
        kind: what stands for a tensor in it.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(content, 0)]
    most: dict[str, _T] = {}
    while waiting:
        value, depth = waiting.pop()
        if not isinstance(value, Mapping) or depth > _DEEPEST or id(value) in seen:
            continue
        seen.add(id(value))
        tensors = {str(key): entry for key, entry in value.items() if isinstance(entry, kind)}
        if any(key.endswith("weight") for key in tensors):
            return tensors
        most = max(most, tensors, key=len)
        likely = [value[key] for key in _WRAPPERS if key in value]
        others = [inner for key, inner in value.items() if key not in _WRAPPERS and "optim" not in str(key)]
        waiting.extend((inner, depth + 1) for inner in reversed(likely + others))
    return most or None
