"""Reading a pickle of tensors for what it says, calling nothing that it names and making no tensor.

`torch.load` allocates each storage as the file declares it before it sees whether the file holds as much, and what it
allows to be called may allocate, too. This reader knows the few callables that state dicts are made of; all others
become an inert stand-in, and those that would allocate by a number alone are refused.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, ClassVar, Protocol

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""With these two pickles begin torch's older files."""
_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "UntypedStorage": 1,
    "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4,
}  # fmt: skip


class UnreadableError(Exception):
    """No pickle, or one that ends before its end."""


class DangerousError(Exception):
    """It calls what a file of weights has no need of."""


class TooLongError(Exception):
    """The pickles are longer than is read."""


class Stream(Protocol):
    """A file, as far as a pickle needs it."""

    def read(self, count: int, /) -> bytes: ...
    def readline(self) -> bytes: ...


class Bounded:
    """A file of which only so many bytes are read, and never more at once than it has.

    Args:
        file: open for reading.
        most: bytes from its beginning.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most

    def read(self, count: int, /) -> bytes:
        self._check(count)
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline(self._most)
        self._check(0)
        return line

    def tell(self) -> int:
        return self._file.tell()

    def _check(self, count: int) -> None:
        if self._file.tell() + count > self._most:
            raise TooLongError


@dataclass(frozen=True)
class Storage:
    """A run of elements in the file: its key, how many, and how many bytes they take."""

    key: str
    kind: str
    count: int

    @property
    def nbytes(self) -> int:
        return self.count * _BYTES[self.kind]


@dataclass(frozen=True)
class TensorEntry:
    """What a file says of a tensor: its shape, its type in the file's own words, and where it lies."""

    shape: tuple[int, ...]
    dtype: str
    offset: int = 0
    stride: tuple[int, ...] = ()
    storage: Storage | None = None


@dataclass(frozen=True)
class Loaded:
    """A pickle's content, the storages it speaks of by their keys, and whether the content itself is an object of a
    class that is unknown here, such as a whole network."""

    content: Any
    storages: dict[str, Storage]
    is_object: bool = False


def load(stream: Stream) -> Loaded:
    """Read one pickle.

    Raises:
        UnreadableError, DangerousError, TooLongError: it can't be read, or should not be.
    """
    reader = _Reader(stream)
    try:
        content = reader.load()
        return Loaded(content, reader.storages, isinstance(content, _Inert))
    except (DangerousError, TooLongError):
        raise
    except Exception as error:  # Reading a damaged pickle raises whatever it stumbles over.
        raise UnreadableError(str(error)) from None


class _Inert:
    """Stands for what a pickle names and this program has no use for; takes whatever is done with it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ignore(self, *_: object) -> None:
        """Nothing."""

    append = extend = add = update = __setitem__ = ignore


class _Known(_Inert):
    """A callable of the pickles of state dicts, by what it makes here."""

    def __init__(self, name: str, make: Callable[..., Any]) -> None:
        super().__init__(name)
        self.make = make


def _tensor(storage: Storage, offset: int, shape: Any, stride: Any, *_: object) -> TensorEntry:
    if not isinstance(storage, Storage):
        raise UnreadableError("a tensor without a storage")
    return TensorEntry(tuple(shape), storage.kind.removesuffix("Storage"), offset, tuple(stride), storage)


def _same(value: Any, *_: object) -> Any:
    return value


def _from_type(make: Any, _type: object, arguments: Any, *_: object) -> Any:
    return _called(make, tuple(arguments))


def _odd(_first: object, *_: object) -> TensorEntry:
    """A sparse or quantised tensor, whose shape no network has use for."""
    return TensorEntry((), "other")


_KNOWN: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": OrderedDict,
    "torch.Size": tuple,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor,
    "torch._utils._rebuild_parameter": _same,
    "torch._utils._rebuild_parameter_with_state": _same,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch._utils._rebuild_sparse_tensor": _odd,
    "torch._utils._rebuild_qtensor": _odd,
}


def _called(function: Any, arguments: Any) -> Any:
    """What calling a thing of the pickle gives."""
    if isinstance(function, _Known):
        return function.make(*arguments)
    if not isinstance(function, _Inert):
        raise UnreadableError("what is called can't be")
    allocates = function.name.endswith(("Tensor", "Storage", ".bytearray", ".bytes", ".range"))
    if allocates and any(isinstance(value, int | tuple | list) for value in arguments):
        raise DangerousError
    return _Inert(f"{function.name}()")


class _Reader(pickle._Unpickler):
    """Python's own reader in Python: unlike the one in C, it keeps no table as large as the file asks for."""

    stack: list[Any]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, encoding="utf-8", errors="replace")
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        return _Known(full, _KNOWN[full]) if full in _KNOWN else _Inert(full)

    def persistent_load(self, pid: Any) -> Storage:
        kind, key, _place, count = pid[1:5]
        kind = kind.name.rpartition(".")[2]
        if pid[0] != "storage" or kind not in _BYTES or type(count) is not int or count < 0:
            raise UnreadableError("no storage")
        if len(pid) > 5 and pid[5] is not None:
            raise UnreadableError("a view of a storage")
        storage = Storage(str(key), kind, count)
        if self.storages.setdefault(storage.key, storage).nbytes < storage.nbytes:
            raise UnreadableError("two sizes of one storage")
        return storage

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = _called(self.stack[-1], arguments)

    def load_build(self) -> None:
        """What an object keeps besides is of no interest."""
        self.stack.pop()

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set(key, value)

    def load_setitems(self) -> None:
        items = self.pop_mark()  # type: ignore[attr-defined]  # undocumented, like all of the reader in Python
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._set(key, value)

    def _set(self, key: Any, value: Any) -> None:
        """Set an item. Keys are plain: hashing tuples of tuples that share their parts can take for ever."""
        if isinstance(self.stack[-1], dict):
            parts = key if isinstance(key, tuple) else (key,)
            if any(isinstance(part, tuple) for part in parts):
                raise UnreadableError("a key of keys")
            self.stack[-1][key] = value

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_reduce  # the same on the stack: what is called and its arguments
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    for _opcode in (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.BYTEARRAY8, pickle.EXT1, pickle.EXT2):
        del dispatch[_opcode[0]]
