"""Every kind of exported file is opened again, and answers as the network did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.engine import export_records, onnx_files
from explorer.engine.cards import save_state
from explorer.engine.checkpoints import read_header
from explorer.engine.export_records import Exported, ExportRequest, Precision, check_target
from explorer.engine.exporting import in_precision
from explorer.engine.images import default_preprocessing
from explorer.engine.modules import Network
from explorer.engine.pruning import pruned_state
from explorer.engine.recognising import recognise_file
from explorer.engine.records import UNTRAINED, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.weights import generic_classes, resolve
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import PrunedSpec, pruned
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import TINY, network_of, pictures
from tests.engine.test_code import SMALL, built

BUNDLED = WeightsRef(WeightsKind.BUNDLED, "resnet20-fashion-mnist")
GONE = Lesion(frozenset(["layer1.1", "layer2.0"]))


def own_file(spec: NetworkSpec, folder: Path) -> tuple[Network, WeightsRef]:
    """A network with lively weights, and a file of them."""
    network = network_of(spec, 2)
    path = folder / "own.safetensors"
    save_state(path, dict(network.state_dict()), spec, generic_classes(spec.classes), default_preprocessing(spec))
    return network, WeightsRef(WeightsKind.FILE, str(path))


def export(
    spec: NetworkSpec, weights: WeightsRef, path: Path, lesion: Lesion = INTACT, precision: Precision = "same"
) -> Exported:
    result = finish(Session().export(ExportRequest(spec, weights, path, lesion, precision)))
    cost = network_cost(result.spec)
    assert (result.path, result.parameters, result.macs) == (path, cost.parameters, cost.macs)
    assert not path.with_name(path.name + ".part").exists()
    return result


def loaded(path: Path) -> Network:
    """What this program makes of a weights file, of which it knows nothing."""
    spec = recognise_file(path).candidates[0].spec
    return finish(Session().load(spec, WeightsRef(WeightsKind.FILE, str(path)))).network


def close(a: Tensor, b: Tensor, within: float = 1e-5) -> bool:
    return float((a - b).abs().max()) <= within * float(b.abs().max())


@pytest.mark.parametrize("name", sorted(SMALL))
@torch.no_grad()
def test_json_code_and_weights_come_back(name: str, tmp_path: Path) -> None:
    spec = SMALL[name]
    network, ref = own_file(spec, tmp_path)
    x = pictures(spec, 2)
    for suffix in (".json", ".py", ".safetensors"):
        assert export(spec, ref, tmp_path / f"out{suffix}").spec == spec
    assert NetworkSpec.load(tmp_path / "out.json") == spec
    assert torch.equal(loaded(tmp_path / "out.safetensors")(x), network(x))
    theirs = built((tmp_path / "out.py").read_text(encoding="utf-8"), spec)
    theirs.load_state_dict(load_file(tmp_path / "out.safetensors"), strict=True)
    assert close(theirs(x), network(x))


@torch.no_grad()
def test_without_the_deleted_blocks_for_good(tmp_path: Path) -> None:
    network, ref = own_file(TINY, tmp_path)
    x = pictures(TINY, 3)
    expected = network(x, GONE)
    for suffix in (".json", ".py", ".safetensors"):
        result = export(TINY, ref, tmp_path / f"out{suffix}", GONE)
        assert result.spec == pruned(TINY, GONE)
        assert result.parameters < network_cost(TINY).parameters
        assert result.macs < network_cost(TINY).macs
    small = NetworkSpec.load(tmp_path / "out.json")
    assert isinstance(small, PrunedSpec)
    assert close(loaded(tmp_path / "out.safetensors")(x), expected)
    theirs = built((tmp_path / "out.py").read_text(encoding="utf-8"), small)
    theirs.load_state_dict(load_file(tmp_path / "out.safetensors"), strict=True)
    assert close(theirs(x), expected)


@torch.no_grad()
def test_bundled_weights_keep_their_classes_and_their_numbers(tmp_path: Path) -> None:
    spec = PRESETS["resnet20"]
    path = tmp_path / "out.safetensors"
    result = export(spec, BUNDLED, path, Lesion(frozenset(["layer3.2"])))
    assert "1x28x28" in result.note
    header = read_header(path)
    assert json.loads(header["classes"])[9] == "Ankle boot"
    assert json.loads(header["preprocessing"])["grey"] is True
    assert {value.dtype for value in load_file(path).values()} == {torch.float16, torch.int64}, "as the bundled file"
    small = finish(Session().load(result.spec, WeightsRef(WeightsKind.FILE, str(path))))
    assert small.info.classes[9] == "Ankle boot"
    whole = finish(Session().load(spec, BUNDLED)).network
    x = pictures(result.spec, 4)
    assert close(small.network(x), whole(x, Lesion(frozenset(["layer3.2"]))))


def test_precisions(tmp_path: Path) -> None:
    network, ref = own_file(TINY, tmp_path)
    sizes = {}
    for precision in export_records.PRECISIONS:
        export(TINY, ref, tmp_path / "out.safetensors", precision=precision)
        sizes[precision] = {value.dtype for value in load_file(tmp_path / "out.safetensors").values()} - {torch.int64}
    assert sizes == {"same": {torch.float32}, "fp16": {torch.float16}, "fp32": {torch.float32}}
    halved = in_precision(dict(network.state_dict()), "fp16")
    again = in_precision({key: value.float() for key, value in halved.items()}, "same")
    assert all(torch.equal(again[key].float(), halved[key].float()) for key in halved)
    assert again["conv1.weight"].dtype == torch.float16, "nothing is lost, so nothing is doubled"


def test_an_untrained_network(tmp_path: Path) -> None:
    export(TINY, UNTRAINED, tmp_path / "out.safetensors")
    with torch.no_grad():
        assert loaded(tmp_path / "out.safetensors")(pictures(TINY, 1)).isfinite().all()
    export(PRESETS["resnet1202"], UNTRAINED, tmp_path / "deep.py")  # at once, as nothing is built
    assert (tmp_path / "deep.py").read_text(encoding="utf-8").count("\n") < 120


ONNX = ("pre-activation B", "exclusive-gate A", "MLP")


@pytest.mark.parametrize("name", ONNX)
@torch.no_grad()
def test_onnx_answers_alike_for_any_number_of_images(name: str, tmp_path: Path) -> None:
    network = network_of(SMALL[name], 2)
    gone = Lesion(frozenset() if "gate" in name else frozenset(network.spec.block_ids[1:2]))
    spec, state = pruned_state(network, gone)
    weights, made = tmp_path / "weights.safetensors", tmp_path / "out.onnx"
    save_state(weights, state, spec, generic_classes(spec.classes), default_preprocessing(spec))
    onnx_files.convert(weights, made)
    runtime = onnxruntime.InferenceSession(str(made))
    for count in (1, 3):
        x = pictures(spec, count)
        (logits,) = runtime.run([onnx_files.OUTPUT], {onnx_files.INPUT: x.numpy()})
        assert close(torch.from_numpy(np.asarray(logits)), network(x, gone), 1e-4)
    told = runtime.get_modelmeta().custom_metadata_map
    assert NetworkSpec.from_json(told["spec"]) == spec
    assert len(json.loads(told["classes"])) == spec.classes
    # Opened again, it is the same network with the same weights.
    assert recognise_file(made).candidates[0].spec == spec
    again = finish(resolve(WeightsRef(WeightsKind.FILE, str(made)), spec))[1]
    assert all(torch.equal(again[key], value.float()) for key, value in state.items() if value.is_floating_point())


def test_onnx_in_its_own_process_and_what_is_left_of_a_cancelled_one(tmp_path: Path) -> None:
    network, ref = own_file(TINY, tmp_path)
    path = tmp_path / "out.onnx"
    job = Session().export(ExportRequest(TINY, ref, path, GONE))
    while not next(job).waiting:
        pass
    job.close()
    assert not path.exists()
    assert export(TINY, ref, path, GONE).spec == pruned(TINY, GONE)
    x = pictures(TINY, 2)
    (logits,) = onnxruntime.InferenceSession(str(path)).run(None, {onnx_files.INPUT: x.numpy()})
    with torch.no_grad():
        assert close(torch.from_numpy(np.asarray(logits)), network(x, GONE), 1e-4)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.onnx", "own.safetensors"]


def test_what_torch_can_not_convert_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_files, "__name__", "explorer.engine.no_such_module")
    with pytest.raises(UserError, match=r"torch\.onnx can't write ResNet-16: .*no_such_module"):
        export(TINY, UNTRAINED, tmp_path / "out.onnx")


def test_missing_packages_are_told_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_records, "ONNX_PACKAGES", ("onnx", "no_package_of_this_name"))
    with pytest.raises(UserError, match=r'run pip install "resnet-explorer\[onnx\]", and try again'):
        export(PRESETS["resnet1202"], UNTRAINED, tmp_path / "out.onnx")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    for name, words in (
        ("out.txt", "must end in"), ("out", "must end in"), ("folder.py", "is a folder"),
        ("missing/out.py", "There is no folder"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            check_target(tmp_path / name)
    before = tmp_path / "out.py"
    before.write_text("of before", encoding="utf-8")
    with pytest.raises(UserError, match="no block"):
        export(TINY, UNTRAINED, before, Lesion(frozenset(["layer9.9"])))
    with pytest.raises(UserError, match="are weights of"):
        export(PRESETS["resnet18"], BUNDLED, before)
    assert before.read_text(encoding="utf-8") == "of before"
