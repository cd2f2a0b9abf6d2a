"""ONNX files, written by torch.onnx in a process of its own: it takes seconds to minutes in one go, and can be stopped
in the middle only so."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.engine.build import build
from explorer.engine.cards import save_state
from explorer.engine.checkpoints import read_header
from explorer.engine.modules import Network
from explorer.engine.records import Step, WeightsInfo
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

INPUT, OUTPUT = "images", "logits"
_NAP = 0.02
"""Seconds between two looks at whether the process is done."""
_ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, spec: NetworkSpec, state: dict[str, Tensor], info: WeightsInfo) -> Generator[Step, None, None]:
    """Write a network with its weights as ONNX; the number of images in a batch is left open.

    The file's metadata tell the spec, the classes and the preprocessing, as JSON. Its parameters keep their names, so
    that the file can be opened as a checkpoint again.

    Raises:
        UserError: it can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="resnet-explorer-") as folder:
        weights, made = Path(folder, "weights.safetensors"), Path(folder, "network.onnx")
        save_state(weights, state, spec, info.classes, info.preprocessing)
        with Path(folder, "told").open("w+", encoding="utf-8", errors="replace") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(weights), str(made)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=told,
            )  # fmt: skip
            try:
                yield from _wait(process, path.name)
            finally:
                process.kill()
                process.wait()
            told.seek(0)
            lines = [line.strip() for line in told if line.strip()]
        if process.returncode or not made.is_file():
            reason = lines[-1].rstrip(".") if lines else "it ended early"
            raise UserError("torch.onnx can't write {network}: {reason}.", network=spec.name, reason=reason)
        with whole_file(path) as unfinished:
            unfinished.write_bytes(made.read_bytes())


def _wait(process: subprocess.Popen[bytes], name: str) -> Generator[Step, None, None]:
    while True:
        try:
            process.wait(_NAP)
            return
        except subprocess.TimeoutExpired:
            yield Step(None, Sentence("Writing {name} with torch.onnx", name=name), waiting=True)


# -- in the other process ----------------------------------------------------------------------------------------


class _Intact(nn.Module):
    """A network without the argument of its lesion."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits


def convert(weights: Path, made: Path) -> None:
    """An ONNX file of a weights file of this program."""
    header = read_header(weights)
    spec = NetworkSpec.from_json(header["spec"])
    network = build(spec, None)
    network.load_state_dict(load_file(weights))
    images = torch.zeros(2, *spec.input_shape)
    batch = torch.export.Dim("batch", min=1)
    program: Any = torch.onnx.export(
        _Intact(network).eval(), (images,), dynamo=True, input_names=[INPUT], output_names=[OUTPUT],
        dynamic_shapes={"images": {0: batch}}, verbose=False,
        optimize=False,  # which would fold the batch norms; runtimes do so when they load the file
    )  # fmt: skip
    program.model.metadata_props.update(header | {"name": spec.name})
    program.save(str(made), external_data=False)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
