"""The initialisers of ONNX files, written here byte by byte as the format's description has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.engine.build import build
from explorer.engine.checkpoints import read_checkpoint
from explorer.engine.headers import read_tensor_header
from explorer.engine.recognising import recognise_file
from explorer.engine.records import WeightsKind, WeightsRef
from explorer.engine.steps import finish
from explorer.engine.weights import resolve
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from tests.engine.sentences import assert_one_sentence

TINY = PRESETS["resnet20"].with_(width=4, side=16)


def number(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(key: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return number(key << 3) + number(content)
    return number(key << 3 | 2) + number(len(content)) + content


def tensor(name: str, value: Tensor, *, packed: bool) -> bytes:
    sizes = b"".join(map(number, value.shape))
    dims = field(1, sizes) if packed else b"".join(field(1, side) for side in value.shape)
    kind = {torch.float32: 1, torch.float16: 10, torch.int64: 7}[value.dtype]
    return dims + field(2, kind) + field(8, name.encode()) + field(9, value.contiguous().numpy().tobytes())


def model(state: dict[str, Tensor], packed: bool = True) -> bytes:
    """IR version 8, a producer, a graph with a node, its name and the initialisers, an operator set."""
    graph = field(1, field(4, b"Conv")) + field(2, b"main")
    graph += b"".join(field(5, tensor(name, value, packed=packed)) for name, value in state.items())
    return field(1, 8) + field(2, b"pytorch") + field(7, graph) + field(8, field(2, 18))


def parameters() -> dict[str, Tensor]:
    """What an exporter writes: all but the counters of batches."""
    state = build(TINY, seed=3).state_dict()
    return {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}


@pytest.mark.parametrize("packed", [True, False])
def test_initialisers_are_a_checkpoint(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "own.onnx"
    path.write_bytes(model(parameters(), packed))
    assert read_tensor_header(path).shapes == {key: tuple(value.shape) for key, value in parameters().items()}
    assert recognise_file(path).candidates[0].spec.same_architecture(TINY)
    _, state = finish(resolve(WeightsRef(WeightsKind.FILE, str(path)), TINY))
    for key, value in parameters().items():
        assert state[key].equal(value), key


def test_other_types_and_files_without_weights(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    path.write_bytes(model({"weight": torch.arange(6.0).half().reshape(2, 3), "steps": torch.tensor([3])}))
    state = read_checkpoint(path).state
    assert state["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert state["steps"].dtype == torch.int64
    path.write_bytes(model({}))
    with pytest.raises(UserError, match="holds no weights"):
        read_tensor_header(path)


def test_claims_and_damage_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    huge = field(1, 10**12) + field(2, 1) + field(8, b"weight") + field(9, b"\0" * 8)
    elsewhere = field(1, 2) + field(2, 1) + field(8, b"weight") + field(14, 1)
    for wrong in (huge, elsewhere):
        path.write_bytes(field(1, 8) + field(7, field(5, wrong)))
        with pytest.raises(UserError, match="damaged"):
            read_tensor_header(path)
    whole = model({"a.weight": torch.zeros(3, 4), "b.bias": torch.zeros(5)})
    generator = np.random.default_rng(3)
    for count in range(300):
        mutated = bytearray(whole[: generator.integers(1, len(whole))] if count % 2 else whole)
        for place in generator.integers(0, len(mutated), 3):
            mutated[place] = generator.integers(0, 256)
        path.write_bytes(mutated)
        try:
            read_checkpoint(path)
        except UserError as error:
            assert_one_sentence(error)
