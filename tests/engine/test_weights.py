"""Weights: what there is, what a name means, getting them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torchvision.models import ResNet18_Weights, get_model_weights

from explorer.engine import fashion, resources, weights
from explorer.engine.build import build
from explorer.engine.cards import half_precision, save_weights
from explorer.engine.images import default_preprocessing
from explorer.engine.records import UNTRAINED, Step, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.steps import finish
from explorer.engine.weights import bundled, parse_ref, resolve
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.files_server import Site, served
from tests.engine.sentences import assert_one_sentence

TINY = ResNetSpec("cifar", (1, 1, 1), width=4, in_channels=1, side=28, classes=10)
V1 = WeightsRef(WeightsKind.TORCHVISION, "ResNet18_Weights.IMAGENET1K_V1")
RESNET18 = PRESETS["resnet18"]


def refused(job: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        job()
    assert_one_sentence(caught.value)
    return str(caught.value)


@pytest.fixture
def own_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of resources with the weights of a tiny network; the path of the weights."""
    monkeypatch.setattr(resources, "FOLDER", tmp_path / "resources")
    path = tmp_path / "resources" / "weights" / "tiny-fashion-mnist.safetensors"
    network = build(TINY, seed=5)
    save_weights(path, half_precision(network), network, fashion.CLASSES, fashion.preprocessing(1, 28))
    card = {"test": {"accuracy": 0.9412}, "command": "python main.py train --network tiny"}
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def publish(site: Site, content: bytes, monkeypatch: pytest.MonkeyPatch, digest: str | None = None) -> Path:
    """Let torchvision's ResNet-18 weights be this content; returns where torch's cache would keep it."""
    name = f"resnet18-{digest or hashlib.sha256(content).hexdigest()[:8]}.pth"
    site.files[f"/{name}"] = content
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", f"{site.address}/{name}")
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def no_files(folder: Path) -> bool:
    return not folder.exists() or not list(folder.iterdir())


# -- what there is -----------------------------------------------------------------------------------------------


def test_every_network_can_be_untrained() -> None:
    for spec in (TINY, RESNET18, PRESETS["resnet1202"]):
        first = weights.untrained(spec)
        assert (first.ref, first.spec, first.accuracy, first.adapted) == (UNTRAINED, spec, None, "")
        assert first.preprocessing == default_preprocessing(spec)
        assert len(first.classes) == spec.classes


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_imagenet_weights_are_torchvisions(name: str) -> None:
    infos = [info for info in weights.torchvision_weights() if info.spec.same_architecture(PRESETS[name])]
    entries = list(get_model_weights(name))
    assert [info.ref.value for info in infos] == [str(entry) for entry in entries]
    for info, entry in zip(infos, entries, strict=True):
        assert info.accuracy == pytest.approx(entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100)
        assert list(info.classes) == entry.meta["categories"]
        assert (info.spec, info.adapted) == (PRESETS[name], "")
    assert infos[0].title == f"ImageNet V1 · {100 * (infos[0].accuracy or 0):.1f} %"


# As torchvision 0.29 publishes them: top-1 accuracy in per cent on ImageNet's 50,000 validation images, the shorter
# side to resize to, the side of the crop, and the interpolation.
PUBLISHED = {
    "Wide_ResNet50_2_Weights.IMAGENET1K_V2": (81.602, 232, 224, "bilinear"),
    "Wide_ResNet101_2_Weights.IMAGENET1K_V1": (78.848, 256, 224, "bilinear"),
    "ResNeXt50_32X4D_Weights.IMAGENET1K_V1": (77.618, 256, 224, "bilinear"),
    "ResNeXt101_64X4D_Weights.IMAGENET1K_V1": (83.246, 232, 224, "bilinear"),
    "VGG16_Weights.IMAGENET1K_V1": (71.592, 256, 224, "bilinear"),
    "VGG19_BN_Weights.IMAGENET1K_V1": (74.218, 256, 224, "bilinear"),
    "DenseNet121_Weights.IMAGENET1K_V1": (74.434, 256, 224, "bilinear"),
    "DenseNet201_Weights.IMAGENET1K_V1": (76.896, 256, 224, "bilinear"),
    "EfficientNet_B0_Weights.IMAGENET1K_V1": (77.692, 256, 224, "bicubic"),
    "EfficientNet_B1_Weights.IMAGENET1K_V1": (78.642, 256, 240, "bicubic"),
    "EfficientNet_B1_Weights.IMAGENET1K_V2": (79.838, 255, 240, "bilinear"),
    "EfficientNet_B2_Weights.IMAGENET1K_V1": (80.608, 288, 288, "bicubic"),
    "EfficientNet_B7_Weights.IMAGENET1K_V1": (84.122, 600, 600, "bicubic"),
}


@pytest.mark.parametrize("ref", PUBLISHED)
def test_weights_of_other_families_come_with_what_was_published(ref: str) -> None:
    accuracy, resize, crop, interpolation = PUBLISHED[ref]
    (info,) = (info for info in weights.torchvision_weights() if info.ref.value == ref)
    assert info.accuracy == pytest.approx(accuracy / 100)
    made = info.preprocessing
    assert (made.resize, made.crop, made.interpolation) == (resize, crop, interpolation)
    assert (info.spec.side, info.spec.classes, len(info.classes)) == (crop, 1000, 1000)
    assert info.spec.same_architecture(PRESETS[ref.partition("_Weights")[0].lower()])
    assert ref in str(info.source)


def test_every_network_of_torchvision_has_its_weights_and_all_have_a_classifier() -> None:
    infos = weights.torchvision_weights()
    families = ("resnet", "wide_resnet", "resnext", "vgg", "densenet", "efficientnet_b")
    names = [name for name in torchvision.models.list_models(torchvision.models) if name.startswith(families)]
    for name in names:
        refs = [info.ref.value for info in infos if info.spec.same_architecture(PRESETS[name])]
        # One entry of VGG-16's has the convolutions only.
        assert refs == [str(entry) for entry in get_model_weights(name) if entry.name != "IMAGENET1K_FEATURES"]
        assert parse_ref("imagenet", PRESETS[name]).value == refs[-1]
    assert all(info.accuracy and 0.6 < info.accuracy < 0.9 for info in infos)
    assert "VGG16_Weights.IMAGENET1K_FEATURES" not in {info.ref.value for info in infos}


def test_networks_without_weights_name_those_of_their_family() -> None:
    words = refused(lambda: parse_ref("imagenet", PRESETS["densenet40_12"]))
    assert "there are for DenseNet-121" in words
    assert "VGG" not in words


@pytest.mark.parametrize("changes", [{"in_channels": 1, "side": 64, "classes": 7}, {"stride_place": "1x1"}])
def test_imagenet_weights_are_for_any_input_and_classes(changes: dict[str, Any]) -> None:
    ref = WeightsRef(WeightsKind.TORCHVISION, str(ResNet18_Weights.DEFAULT))
    assert parse_ref("imagenet", RESNET18.with_(**changes)) == ref


@pytest.mark.parametrize(
    "spec",
    [
        PRESETS["resnet50"].with_(stride_place="1x1"),
        RESNET18.with_(shortcut="C"),
        RESNET18.with_(width=32),
        PRESETS["resnet20"],
    ],
    ids=["stride", "shortcut", "width", "family"],
)
def test_imagenet_weights_are_for_their_architecture_only(spec: NetworkSpec) -> None:
    assert "weights for" in refused(lambda: parse_ref("imagenet", spec))


def test_weights_adapt_input_and_classes_and_say_so(own_bundle: Path) -> None:
    info, _ = finish(resolve(bundled()[0].ref, TINY.with_(in_channels=3, side=64, classes=7)))
    assert info.spec == TINY
    assert info.adapted == (
        "The network was adapted to the weights: its input is now 1x28x28 instead of 3x64x64 and "
        "it has 10 classes instead of 7."
    )


def test_bundled_weights_bring_their_card(own_bundle: Path) -> None:
    (info,) = bundled()
    assert info.title == "Fashion-MNIST · 94.1 %"
    assert (info.accuracy, info.classes, info.spec) == (0.9412, fashion.CLASSES, TINY)
    assert info.preprocessing == fashion.preprocessing(1, 28)
    assert "python main.py train --network tiny" in info.source


def test_without_a_card_and_with_a_damaged_file(own_bundle: Path) -> None:
    own_bundle.with_suffix(".json").write_text("{}")
    assert bundled()[0].title == "Fashion-MNIST"
    own_bundle.with_name("broken.safetensors").write_bytes(b"broken")
    assert len(bundled()) == 1


# -- names -------------------------------------------------------------------------------------------------------


def test_what_names_mean(own_bundle: Path, tmp_path: Path) -> None:
    own = WeightsRef(WeightsKind.BUNDLED, "tiny-fashion-mnist")
    v2 = WeightsRef(WeightsKind.TORCHVISION, "ResNet50_Weights.IMAGENET1K_V2")
    assert parse_ref("untrained", TINY) == UNTRAINED
    assert parse_ref("fashion-mnist", TINY) == parse_ref("tiny-fashion-mnist", RESNET18) == own
    assert parse_ref("imagenet", RESNET18) == parse_ref("IMAGENET1K_V1", RESNET18) == V1
    assert parse_ref("ResNet50_Weights.IMAGENET1K_V2", RESNET18) == v2
    assert parse_ref("imagenet", PRESETS["resnet50"]) == parse_ref("imagenet1k_v2", PRESETS["resnet50"]) == v2
    file = WeightsRef(WeightsKind.FILE, str(own_bundle))
    assert parse_ref(str(own_bundle), TINY) == file


@pytest.mark.parametrize(
    ("text", "spec", "words"),
    [
        ("nothing", TINY, "There are no weights named “nothing”: give untrained"),
        ("none.pth", TINY, "named “none.pth”"),
        ("", TINY, "There are no weights"),
        ("~nobody-at-all/x.pth", TINY, "There are no weights"),
        ("x" * 300, TINY, "There are no weights"),
        ("imagenet", TINY, "There are no ImageNet weights for ResNet-8: there are for ResNet-18, ResNet-34"),
        ("IMAGENET1K_V2", RESNET18, "There are no IMAGENET1K_V2 weights for ResNet-18: there are for ResNet-50"),
        ("IMAGENET1K_V9", RESNET18, "There are no IMAGENET1K_V9 weights; give"),
        ("fashion-mnist", RESNET18, "There are no Fashion-MNIST weights for ResNet-18: there are for ResNet-8"),
        (
            "imagenet",
            RESNET18.with_(shortcut="C"),
            "weights for ResNet-18 (option C): there are for ResNet-18, ResNet-34",
        ),
    ],
)
def test_names_that_mean_nothing(own_bundle: Path, text: str, spec: NetworkSpec, words: str) -> None:
    assert words in refused(lambda: parse_ref(text, spec))


# -- getting them ------------------------------------------------------------------------------------------------


def test_untrained_weights_are_left_to_build() -> None:
    assert finish(resolve(UNTRAINED, TINY)) == (weights.untrained(TINY), {})


def test_bundled_weights_load_and_adapt(own_bundle: Path) -> None:
    asked = TINY.with_(in_channels=3, side=32, classes=4)
    info, state = finish(resolve(parse_ref("fashion-mnist", asked), asked))
    assert info.spec == TINY
    assert "1x28x28 instead of 3x32x32" in info.adapted
    for key, value in build(TINY, seed=5).state_dict().items():
        assert state[key].equal(value.half().float() if value.is_floating_point() else value)


def test_bundled_weights_of_another_network_or_none(own_bundle: Path) -> None:
    ref = WeightsRef(WeightsKind.BUNDLED, "tiny-fashion-mnist")
    assert "are weights of ResNet-8" in refused(lambda: finish(resolve(ref, RESNET18)))
    gone = WeightsRef(WeightsKind.BUNDLED, "gone")
    assert "No weights gone" in refused(lambda: finish(resolve(gone, TINY)))
    own_bundle.write_bytes(own_bundle.read_bytes()[:5000])
    assert "is damaged" in refused(lambda: finish(resolve(ref, TINY)))


def test_torchvisions_weights_are_downloaded_once_and_give_its_logits(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(6)
    theirs = torchvision.models.resnet18().eval()
    buffer = io.BytesIO()
    torch.save(theirs.state_dict(), buffer)
    cached = publish(site, buffer.getvalue(), monkeypatch)
    steps: list[Step] = []
    info, state = finish(resolve(V1, RESNET18.with_(classes=5)), steps.append)
    assert cached.is_file()
    assert any(step.waiting and "Downloading ResNet18 IMAGENET1K_V1" in step.text for step in steps)
    network = build(info.spec, seed=None)
    network.load_state_dict(state)
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert (network(x) - theirs(x)).abs().max() < 1e-4
    finish(resolve(V1, RESNET18))
    assert len(site.asked) == 1
    by_name, _ = finish(resolve(WeightsRef(WeightsKind.FILE, str(cached)), RESNET18))
    assert by_name.classes == info.classes
    assert by_name.preprocessing == info.preprocessing
    assert by_name.ref.value == str(cached)


def test_a_file_in_the_cache_that_is_not_what_it_is_named_is_fetched_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = publish(site, b"not even a checkpoint", monkeypatch)
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half a file")
    assert "is not a checkpoint" in refused(lambda: finish(resolve(V1, RESNET18)))
    assert site.asked
    assert cached.read_bytes() == b"not even a checkpoint"


def test_downloads_that_fail_leave_nothing_in_the_cache(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"x" * 500_000
    cached = publish(site, content, monkeypatch, digest="00000000")
    assert "checksum differs" in refused(lambda: finish(resolve(V1, RESNET18)))
    assert no_files(cached.parent)
    cached = publish(site, content, monkeypatch)
    site.broken_off.add(f"/{cached.name}")
    assert "broke off" in refused(lambda: finish(resolve(V1, RESNET18)))
    assert no_files(cached.parent)
    site.files.clear()
    assert "404" in refused(lambda: finish(resolve(V1, RESNET18)))
    assert no_files(cached.parent)


def test_cancelling_in_the_middle_leaves_nothing_in_the_cache(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = publish(site, b"x" * 500_000, monkeypatch)
    site.held.add(f"/{cached.name}")
    job = resolve(V1, RESNET18)
    while not next(job).fraction:
        pass
    assert list(cached.parent.iterdir())
    job.close()
    assert no_files(cached.parent)


def test_without_a_connection_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", "http://127.0.0.1:9/resnet18-00000000.pth")
    assert "can't be reached" in refused(lambda: finish(resolve(V1, RESNET18)))


def test_torchvisions_weights_for_another_network() -> None:
    assert "are weights of ResNet-18" in refused(lambda: finish(resolve(V1, PRESETS["resnet50"])))
    nothing = WeightsRef(WeightsKind.TORCHVISION, "ResNet18_Weights.IMAGENET1K_V9")
    assert "torchvision has no weights" in refused(lambda: finish(resolve(nothing, RESNET18)))


def test_a_thousand_outputs_on_colour_are_called_imagenets(tmp_path: Path) -> None:
    spec = ResNetSpec("imagenet", (1, 1, 1, 1), width=2, side=32)
    torch.save(build(spec).state_dict(), tmp_path / "own.pth")
    info: WeightsInfo = finish(resolve(parse_ref(str(tmp_path / "own.pth"), spec), spec))[0]
    assert info.classes == tuple(ResNet18_Weights.IMAGENET1K_V1.meta["categories"])
    assert "suggest" in info.source


def test_the_bundled_weights_load() -> None:
    """Whatever weights come with the program: each fits its network and brings ten classes."""
    for info in bundled():
        resolved, state = finish(resolve(info.ref, info.spec))
        build(resolved.spec, seed=None).load_state_dict(state)
        assert resolved.classes == fashion.CLASSES
        assert resolved.adapted == ""
