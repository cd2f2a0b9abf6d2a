"""What a checkpoint says it holds: read without a tensor, and never believed."""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from explorer.engine import headers
from explorer.engine.checkpoints import read_checkpoint
from explorer.engine.headers import find_state, read_tensor_header
from explorer.errors import UserError
from tests.engine.sentences import assert_one_sentence

TERA = 10**12


class Claim:
    """A tensor that a pickle declares: its storage in the file, and how it looks at it."""

    def __init__(self, key: str, count: int, shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> None:
        self.storage = Declared(key, count)
        self.arguments = (self.storage, offset, shape, stride, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return torch._utils._rebuild_tensor_v2, self.arguments


class Declared:
    def __init__(self, key: str, count: int) -> None:
        self.key, self.count = key, count


class Writer(pickle.Pickler):
    """Writes what `torch.save` would, of tensors that need not exist."""

    def persistent_id(self, obj: Any) -> Any:
        return ("storage", torch.FloatStorage, obj.key, "cpu", obj.count) if isinstance(obj, Declared) else None


def pickled(content: Any) -> bytes:
    buffer = io.BytesIO()
    Writer(buffer, 2).dump(content)
    return buffer.getvalue()


def zipped(path: Path, content: Any, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("own/data.pkl", pickled(content))
        for key, data in members.items():
            archive.writestr(f"own/data/{key}", data)
    return path


def streamed(path: Path, content: Any, storages: dict[str, tuple[int, bytes]]) -> Path:
    """The form that torch wrote until version 1.5; each storage with the number of elements that is said of it."""
    parts = [pickled(value) for value in (0x1950A86A20F9469CFC6C, 1001, {}, content, list(storages))]
    parts += [struct.pack("<q", count) + data for count, data in storages.values()]
    path.write_bytes(b"".join(parts))
    return path


def tensors_file(path: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_tensor_header(path)
    assert_one_sentence(caught.value)
    return str(caught.value)


# -- what is there ---------------------------------------------------------------------------------------------------


def some_state() -> dict[str, torch.Tensor]:
    shared = torch.arange(24.0)
    return {
        "a.weight": torch.zeros(3, 2, 5, 5), "a.bias": torch.zeros(3, dtype=torch.float16), "scalar": torch.tensor(3),
        "empty": torch.zeros(0, 7), "view": shared[4:10].view(2, 3), "turned": shared.view(4, 6).t(),
        "bfloat": torch.zeros(2, dtype=torch.bfloat16), "flag": torch.tensor([True]),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["zip", "old", "safetensors"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_names_and_shapes_are_those_of_the_tensors(tmp_path: Path, form: str, wrapped: bool) -> None:
    state = some_state()
    path = tmp_path / "own"
    if form == "safetensors":
        save_file({key: value.clone().contiguous() for key, value in state.items()}, path, {"said": "this"})
    else:
        content = {"optimizer": {"weight": torch.zeros(9)}, "model": {"state_dict": state}} if wrapped else state
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    header = read_tensor_header(path)
    assert header.shapes == {key: tuple(value.shape) for key, value in state.items()}
    assert header.metadata == ({"said": "this"} if form == "safetensors" else {})


def test_parameters_and_odd_tensors(tmp_path: Path) -> None:
    torch.save({"weight": nn.Parameter(torch.zeros(2, 3))}, tmp_path / "own")
    assert read_tensor_header(tmp_path / "own").shapes == {"weight": (2, 3)}
    for odd in (torch.zeros(2).to_sparse(), torch.zeros(2, dtype=torch.complex64)):
        torch.save({"weight": odd}, tmp_path / "own")
        assert "sparse, quantised or complex" in refused(tmp_path / "own")


# -- what is claimed -------------------------------------------------------------------------------------------------


def claims(tmp_path: Path) -> dict[str, Path]:
    """Files of a few bytes that speak of terabytes."""
    few = b"\0" * 40
    path = tmp_path
    return {
        "a huge storage": zipped(path / "a", {"weight": Claim("0", TERA, (TERA,), (1,))}, {"0": few}),
        "beyond its storage": zipped(path / "b", {"weight": Claim("0", 10, (TERA,), (1,))}, {"0": few}),
        "one element for all": zipped(path / "c", {"weight": Claim("0", 10, (TERA,), (0,))}, {"0": few}),
        "from far behind": zipped(path / "d", {"weight": Claim("0", 10, (2,), (1,), TERA)}, {"0": few}),
        "before its storage": zipped(path / "e", {"weight": Claim("0", 10, (2,), (-1,))}, {"0": few}),
        "a huge storage, old": streamed(path / "f", {"weight": Claim("0", TERA, (TERA,), (1,))}, {"0": (TERA, few)}),
        "behind the end, old": streamed(path / "g", {"weight": Claim("0", 11, (11,), (1,))}, {"0": (11, few)}),
        "a huge tensor": tensors_file(
            path / "h", {"weight": {"dtype": "F32", "shape": [TERA], "data_offsets": [0, 4 * TERA]}}, few
        ),
        "far behind the end": tensors_file(
            path / "i", {"weight": {"dtype": "F32", "shape": [2], "data_offsets": [TERA, TERA + 8]}}, few
        ),
    }


def test_claims_of_terabytes_are_refused(tmp_path: Path) -> None:
    for what, path in claims(tmp_path).items():
        assert "declares more than it holds" in refused(path), what


def test_claims_allocate_nothing(tmp_path: Path) -> None:
    """In a process that may take 500 MB of addresses in all, so that a single large allocation would end it."""
    big = tensors_file(tmp_path / "z", b"{}", length=2**40)
    paths = [str(path) for path in (*claims(tmp_path).values(), big, *dangers(tmp_path))]
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))\n"
        "from pathlib import Path\n"
        "from explorer.engine.headers import read_tensor_header\n"
        "from explorer.errors import UserError\n"
        "for name in sys.argv[1:]:\n"
        "    try: read_tensor_header(Path(name)); print('read', name)\n"
        "    except UserError as error: print(error)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths)
    assert not [line for line in lines if line.startswith("read")]


def dangers(tmp_path: Path) -> list[Path]:
    """Pickles that make a reader which believes them allocate, or call, what they name."""
    bodies = {
        "memo": b"\x80\x02}r\xff\xff\xff\xff.",  # a table with four billion places
        "bytes": b"\x80\x02cbuiltins\nbytearray\n\x8a\x06" + (2**40).to_bytes(6, "little") + b"\x85R.",
        "tensor": b"\x80\x02ctorch\nFloatTensor\n\x8a\x06" + (2**40).to_bytes(6, "little") + b"\x85R.",
        "array": b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
        "text": b"\x80\x02X\xff\xff\xff\x7fabc.",
        "call": b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
        "attribute": b"\x80\x02cexplorer.engine.pickles\n_KNOWN\n}X\x01\x00\x00\x00aK\x01s\x86b.",
    }
    paths = []
    for name, body in bodies.items():
        path = tmp_path / f"danger-{name}"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("own/data.pkl", body)
        paths.append(path)
        old = tmp_path / f"danger-{name}-old"
        old.write_bytes(b"".join(map(pickled, (0x1950A86A20F9469CFC6C, 1001, {}))) + body)
        paths.append(old)
    return paths


def test_dangerous_pickles_are_refused(tmp_path: Path) -> None:
    for path in dangers(tmp_path):
        assert any(words in refused(path) for words in ("damaged", "would run code", "no weights", "a header of")), path


def test_keys_that_take_for_ever_to_hash(tmp_path: Path) -> None:
    nested: Any = ()
    for _ in range(60):
        nested = (nested, nested)
    began = time.process_time()
    path = tmp_path / "own"
    body = b"\x80\x02}" + b")" + b"2\x86" * 60 + b"K\x01s."  # an empty tuple, sixty times paired with itself
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("own/data.pkl", body)
    assert "damaged" in refused(path)
    assert time.process_time() - began < 1


def test_dictionaries_of_the_same_dictionaries_are_looked_through_once(tmp_path: Path) -> None:
    content: Any = {"epoch": 1}
    for _ in range(4):
        content = {str(number): content for number in range(2000)}
    began = time.process_time()
    assert "no weights" in refused(zipped(tmp_path / "own", content, {}))
    assert time.process_time() - began < 2


# -- what is too much ------------------------------------------------------------------------------------------------


def test_a_million_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_ENTRIES", 2_000)
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    path = tensors_file(tmp_path / "own", {f"{number}.weight": entry for number in range(2_010)})
    assert "has 2,010 entries" in refused(path)
    whole = zipped(tmp_path / "zip", {"weight": Claim("0", 1, (1,), (1,))}, {"0": b"\0" * 4}).read_bytes()
    place = whole.rfind(b"PK\x05\x06")
    many = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 0, 0)
    (tmp_path / "zip").write_bytes(whole[:place] + many + whole[place:])
    assert "has 1,000,000 entries" in refused(tmp_path / "zip")


def test_a_name_that_no_network_has(tmp_path: Path) -> None:
    path = zipped(tmp_path / "own", {"a" * 5000 + ".weight": Claim("0", 1, (1,), (1,))}, {"0": b"\0" * 4})
    assert "a name of 5,007 letters" in refused(path)


def test_long_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_HEADER", 1 << 20)
    content = {"weight": Claim("0", 1, (1,), (1,)), "log": "x" * (2 << 20)}
    assert "a header of 2 MB or more" in refused(zipped(tmp_path / "zip", content, {"0": b"\0" * 4}))
    assert "a header of 1 MB or more" in refused(streamed(tmp_path / "old", content, {"0": (1, b"\0" * 4)}))
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    long = tensors_file(tmp_path / "tensors", {f"{number}.weight": entry for number in range(30_000)})
    assert "a header of 2 MB or more" in refused(long)


def test_a_file_of_compressed_nothing(tmp_path: Path) -> None:
    """Zeros take a thousandth of their place in a zip file; torch writes none that is compressed."""
    with zipfile.ZipFile(tmp_path / "own", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own/data.pkl", pickled({"weight": Claim("0", 10**7, (10**7,), (1,))}))
        archive.writestr("own/data/0", bytes(4 * 10**7))
    assert "declares more than it holds" in refused(tmp_path / "own")


def test_a_file_larger_than_the_memory(tmp_path: Path) -> None:
    with (tmp_path / "own").open("wb") as file:  # sparse: it takes no place on the disk
        size = 2**45
        text = json.dumps({"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
        file.write(struct.pack("<Q", len(text)) + text)
        try:
            file.truncate(8 + len(text) + size)
        except OSError:  # a file system that has no files as large
            file.truncate(8 + len(text) + 4)
    assert any(words in refused(tmp_path / "own") for words in ("too large for the memory", "declares more"))


@pytest.mark.parametrize(
    "header",
    [
        b"[]", b"{", b"{}", b'{"weight": 3}', b'{"__metadata__": 3}', b'{"__metadata__": {"a": 1}}', b"{" + b"[" * 9999,
        b'{"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}',
        b'{"weight": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"weight": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}',
        b'{"weight": {"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}}',
        b'{"weight": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}',
        b'{"weight": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}',
        b'{"weight": {"dtype": "F32", "shape": [1]}}',
        b'{"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, '
        b'"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}',
    ],
)  # fmt: skip
def test_headers_that_make_no_sense(tmp_path: Path, header: bytes) -> None:
    refused(tensors_file(tmp_path / "own", header, b"\0" * 8))


@pytest.mark.parametrize("form", ["zip", "old", "safetensors"])
def test_mutated_headers_are_read_or_refused_and_nothing_else(tmp_path: Path, form: str) -> None:
    path = tmp_path / "own"
    state = {key: value.clone().contiguous() for key, value in some_state().items()}
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save({"model": state}, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    generator = np.random.default_rng(7)
    for length in np.linspace(1, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:length])
        refused(path)
    for _ in range(300):
        mutated = bytearray(whole)
        for place in generator.integers(0, len(whole), 4):
            mutated[place] = generator.integers(0, 256)
        path.write_bytes(mutated)
        try:
            held = sum(int(np.prod(shape)) for shape in read_tensor_header(path).shapes.values())
            assert held <= len(whole)
            read_checkpoint(path)
        except UserError as error:
            assert_one_sentence(error)


def test_tensors_of_which_none_is_called_a_weight_are_found_all_the_same() -> None:
    tensors = {f"encoder.{number}.w": torch.zeros(2) for number in range(3)}
    assert find_state({"epoch": torch.zeros(()), "net": tensors}, torch.Tensor) == tensors
    assert find_state({"epoch": 3}, torch.Tensor) is None
