"""The initialisers of an ONNX file: names, shapes, types and places, read as protocol buffers without any library; and
what the file says of itself.

Of the messages in onnx.proto only the ways to these are followed; all else is passed over by its length. An exporter
that folded batch norms into the convolutions left no parameters that a network here could take.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass

Data = bytes | bytearray | mmap.mmap
Message = tuple[int, int]
"""Where a message begins and ends, in bytes."""
_GRAPH, _INITIALISER = 7, 5
_METADATA, _KEY, _VALUE = 14, 1, 2
_DIMS, _TYPE, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14
TYPES = {1: "F32", 10: "F16", 11: "F64", 16: "BF16", 7: "I64", 6: "I32", 9: "BOOL"}
"""Numbers of TensorProto.DataType -> what safetensors calls the type."""
BYTES = {"F32": 4, "F16": 2, "F64": 8, "BF16": 2, "I64": 8, "I32": 4, "BOOL": 1}
_MOST_FIELDS = 2_000_000
_LONGEST_TEXT = 2**22
"""Bytes; the names of a hundred thousand classes need about half of it."""


class OnnxError(Exception):
    """No ONNX file, a damaged one, or one whose values are elsewhere."""


@dataclass(frozen=True)
class Initialiser:
    """A tensor: its values lie at `place`, raw, little end first."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    place: Message


def initialisers(data: Data) -> list[Initialiser]:
    """Every initialiser whose values are in the file.

    Args:
        data: the file, or a map of it.

    Raises:
        OnnxError: it can't be read.
    """
    reader = _Reader(data)
    try:
        return [
            reader.tensor(tensor)
            for graph in reader.messages((0, len(data)), _GRAPH)
            for tensor in reader.messages(graph, _INITIALISER)
        ]
    except (IndexError, UnicodeDecodeError, KeyError) as error:
        raise OnnxError(str(error)) from None


def metadata(data: Data) -> dict[str, str]:
    """What the file says of itself, by names.

    Args:
        data: the file, or a map of it.

    Raises:
        OnnxError: it can't be read.
    """
    reader = _Reader(data)
    try:
        return dict(reader.entry(message) for message in reader.messages((0, len(data)), _METADATA))
    except (IndexError, UnicodeDecodeError, KeyError) as error:
        raise OnnxError(str(error)) from None


class _Reader:
    """Protocol buffers' wire format, within bounds."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._left = _MOST_FIELDS

    def messages(self, message: Message, number: int) -> Iterator[Message]:
        for field, value in self._fields(message):
            if field == number and isinstance(value, tuple):
                yield value

    def tensor(self, message: Message) -> Initialiser:
        shape: list[int] = []
        dtype, name, raw = "", "", (0, 0)
        for field, value in self._fields(message):
            if field == _DIMS:
                shape += self._numbers(value)
            elif field == _TYPE and isinstance(value, int):
                dtype = TYPES.get(value, "other")
            elif field == _NAME and isinstance(value, tuple):
                name = self._text(value)
            elif field == _RAW and isinstance(value, tuple):
                raw = value
            elif field == _LOCATION and value == 1:
                raise OnnxError("its values are in another file")
        size = math.prod(shape) * BYTES.get(dtype, 0)
        if raw[1] - raw[0] != size:
            raise OnnxError("a tensor is not as large as its values")
        return Initialiser(name, tuple(shape), dtype, raw)

    def entry(self, message: Message) -> tuple[str, str]:
        """A name and what it says."""
        found = {field: self._text(value) for field, value in self._fields(message) if isinstance(value, tuple)}
        return found.get(_KEY, ""), found.get(_VALUE, "")

    def _text(self, place: Message) -> str:
        if place[1] - place[0] > _LONGEST_TEXT:
            raise OnnxError("a text is longer than is read")
        return bytes(self._data[slice(*place)]).decode()

    def _numbers(self, value: int | Message) -> list[int]:
        """One number, or a packed run of them."""
        if isinstance(value, int):
            return [value]
        numbers, (place, end) = [], value
        while place < end:
            number, place = self._varint(place, end)
            numbers.append(number)
        return numbers

    def _fields(self, message: Message) -> Iterator[tuple[int, int | Message]]:
        place, end = message
        while place < end:
            self._left -= 1
            if self._left < 0:
                raise OnnxError("more fields than are read")
            key, place = self._varint(place, end)
            kind = key & 7
            if kind == 0:
                value, place = self._varint(place, end)
                yield key >> 3, value
                continue
            if kind == 2:
                length, place = self._varint(place, end)
            else:
                length = {1: 8, 5: 4}[kind]
            if length > end - place:
                raise OnnxError("a field reaches behind its message")
            yield key >> 3, (place, place + length)
            place += length

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 64, 7):
            if place >= end:
                raise OnnxError("a number is cut off")
            byte = self._data[place]
            place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, place
        raise OnnxError("a number is too long")
