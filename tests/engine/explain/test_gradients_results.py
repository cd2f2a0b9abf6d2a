"""Gradients as a session measures them: twins, images, what is said, and what is written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.engine.explain.gradients_records import (
    GradientsRequest,
    GradientsResult,
    Profile,
    Spot,
    middle,
    spread,
)
from explorer.engine.explain.gradients_tables import csv_text, header, json_data
from explorer.engine.explain.gradients_words import course, edges, figure, meaning, setting
from explorer.engine.records import UNTRAINED, DataRef, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.lesion import INTACT
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import TINY

SMALL = TINY.with_(side=16, classes=10)
UNLIKELY = "unlikely cause of degradation"


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def measure(session: Session, spec: NetworkSpec = SMALL, **fields: Any) -> GradientsResult:
    weights = fields.pop("weights", UNTRAINED)
    result: GradientsResult = finish(session.explain(GradientsRequest(spec, weights, **fields)))
    return result


def trained(name: str) -> tuple[NetworkSpec, WeightsRef]:
    found = bundled_network(name)
    assert found is not None
    return found[0], WeightsRef(WeightsKind.BUNDLED, found[1])


def made(
    first: list[list[float]], last: float = 1.0, name: str = "ResNet-8", plain: bool = False, **request: Any
) -> GradientsResult:
    """A result of two spots: seeds of the first block's norm, over `last`."""
    inputs = (Spot("layer1.0", "layer1.0", 1), Spot("head", "head", 3))
    profiles = tuple(
        Profile(own, 4, inputs, inputs, np.array([[value, last] for value in values]),
                np.array([[value, last] for value in values]), np.full(len(values), 2.3))
        for own, values in zip([name, "Plain-8"], first, strict=False)
    )  # fmt: skip
    spec = SMALL.twin() if plain else SMALL
    asked = GradientsRequest(spec, UNTRAINED, **{"scheme": "he", "on": "noise", **request})
    return GradientsResult(asked, asked.scheme, profiles, "", 16, False, len(first[0]))


# -- what is measured ----------------------------------------------------------------------------------------------


def test_a_trained_network_stands_beside_its_trained_twin(session: Session) -> None:
    spec, weights = trained("resnet20")
    result = measure(session, spec, weights=weights, images=8)

    assert [profile.name for profile in result.networks] == ["ResNet-20", "Plain-20"]
    assert (result.scheme, result.alone, result.images, result.seeds) == ("trained", "", 8, 1)
    assert result.finished
    assert "In neither of the two trained networks" in meaning(result)[0]
    assert meaning(result)[-1].count(UNLIKELY) == 1
    for profile in result.networks:
        assert 0 < profile.losses[0] < 2, "they were trained on such images"
        assert profile.ratios("inputs")[0] > 1


def test_a_network_whose_twin_is_not_there_is_shown_alone_with_the_reason(session: Session) -> None:
    spec, weights = trained("densenet40_12")
    dense = measure(session, spec, weights=weights, images=2)
    assert len(dense.networks) == 1
    assert dense.alone == "DenseNet-40-12 has no plain twin: its layers need their shortcuts."

    spec, weights = trained("resnet110")
    deep = measure(session, spec, weights=weights, images=1)
    assert deep.alone.startswith("No plain twin of ResNet-110 that is trained alike")

    plain = measure(session, SMALL.twin(), on="noise", scheme="he", seeds=1)
    assert "no shortcuts itself" in plain.alone
    assert len(plain.networks) == 1


def test_a_twin_that_was_trained_on_other_pictures_is_none(session: Session, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from explorer.engine.build import build

    spec = catalog.find("resnet20").with_(side=16)  # three colours, as the bundled Plain-20 hasn't seen them
    path = tmp_path / "colours.safetensors"
    save_file(build(spec, 0).state_dict(), path)
    result = measure(session, spec, weights=WeightsRef(WeightsKind.FILE, str(path)), images=2)

    assert len(result.networks) == 1
    assert "that is trained alike" in result.alone


def test_without_weights_initialisation_is_used_and_said(session: Session) -> None:
    result = measure(session, on="noise", seeds=1)
    assert result.scheme == "he"
    assert "has no weights, so they are drawn as He et al. 2015 draw them." in result.notes[0]


def test_the_result_so_far_comes_after_every_seed(session: Session) -> None:
    told = list(session.explain(GradientsRequest(SMALL, UNTRAINED, scheme="he", on="noise", seeds=3)))
    partial = [one for one in told if isinstance(one, GradientsResult)]
    steps = [one.fraction for one in told if isinstance(one, Step)]

    assert [one.seeds for one in partial] == [1, 2, 3]
    assert [one.finished for one in partial] == [False, False, True]
    assert steps == sorted(steps)
    first, last = partial[0].networks[0], partial[-1].networks[0]
    assert np.array_equal(first.input_norms[0], last.input_norms[0])


def test_a_picture_of_known_class_and_one_of_unknown(session: Session) -> None:
    spec, weights = trained("resnet20")
    known = finish(session.open_picture("sample", 0))
    result = measure(session, spec, weights=weights, on="picture", picture=known)
    assert result.images == 1
    assert not result.notes
    unknown = measure(session, spec, weights=weights, on="picture", picture=replace(known, label=None))
    assert "class is not known" in unknown.notes[0]
    wrong = measure(session, spec, weights=weights, on="picture", picture=replace(known, label="Bag"))
    assert wrong.networks[0].losses[0] > 3 > result.networks[0].losses[0]


def test_a_deleted_block_is_measured_as_deleted_and_the_twin_stays_whole(session: Session) -> None:
    spec, weights = trained("resnet20")
    intact = measure(session, spec, weights=weights, images=2)
    request = GradientsRequest(spec, weights, deleted=frozenset({"layer2.1"}), images=2)
    lesioned: GradientsResult = finish(session.explain(request))

    ids = {spot.block for spot in lesioned.networks[0].weights}
    assert "layer2.1" not in ids
    assert len(lesioned.networks[0].inputs) == len(intact.networks[0].inputs)
    assert np.array_equal(lesioned.networks[1].input_norms, intact.networks[1].input_norms)
    assert not np.allclose(lesioned.networks[0].input_norms, intact.networks[0].input_norms)


def test_moved_blocks_are_named_and_the_intact_network_has_no_such_words(session: Session) -> None:
    order = INTACT.swapped(SMALL, "layer1.0", "layer1.1").order
    moved = measure(session, on="noise", scheme="he", seeds=1, images=2, order=order)
    assert moved.networks[0].name == f"{SMALL.name} (blocks moved)"
    assert any(note.startswith("Blocks are moved") for note in moved.notes)
    intact = measure(session, on="noise", scheme="he", seeds=1, images=2)
    assert intact.networks[0].name == SMALL.name
    assert intact.notes == ()


def test_what_is_done_to_the_network_stands_in_its_name_and_in_the_notes(session: Session) -> None:
    for fields, name, notes in (
        ({"deleted": frozenset({"layer2.1"})}, "(1 deleted)", ["Deleted: layer2.1."]),
        (
            {"deleted": frozenset({"layer2.1"}), "cut": frozenset({"layer1.0"})},
            "(1 deleted, 1 cut)",
            ["Deleted: layer2.1.", "Shortcuts cut: layer1.0."],
        ),
    ):
        lesioned = measure(session, on="noise", scheme="he", seeds=1, images=2, **fields)
        assert [one.name for one in lesioned.networks] == [f"{SMALL.name} {name}", SMALL.twin().name]
        assert list(lesioned.notes[: len(notes)]) == notes
        assert f"The twin is {SMALL.twin().name}, intact." in lesioned.notes
        assert set(lesioned.notes) <= set(header(lesioned))
        assert csv_text(lesioned).count(f"{SMALL.name} {name}") > 2
        data = json_data(lesioned)
        assert data["networks"][0]["name"] == f"{SMALL.name} {name}"
        assert (data["deleted"], data["cut"]) == (["layer2.1"], sorted(fields.get("cut", ())))
        assert set(notes) <= set(data["notes"])


# -- images that are not as usual ----------------------------------------------------------------------------------


def one_class(folder: Path, count: int = 6) -> DataRef:
    place = folder / "images" / "Bag"
    place.mkdir(parents=True)
    (folder / "images" / "Coat").mkdir()
    generator = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(generator.integers(0, 256, (20, 20), dtype=np.uint8)).save(place / f"{number}.png")
    return DataRef("folder", str(folder / "images"))


def test_images_of_one_class_are_measured_and_it_is_said(session: Session, tmp_path: Path) -> None:
    spec, weights = trained("resnet20")
    result = measure(session, spec, weights=weights, data=one_class(tmp_path))
    assert result.images == 6
    assert any("All images are of one class, Bag" in note for note in result.notes)
    assert result.labelled
    assert setting(result).endswith("mean cross entropy of 6 labelled images")


def test_images_without_labels_get_labels_at_random_before_training(session: Session) -> None:
    foreign = SMALL.with_(classes=7)
    drawn = measure(session, foreign, on="images", scheme="he", seeds=1)
    assert any("got labels at random" in note for note in drawn.notes)
    assert not drawn.labelled
    assert "16 images with random labels" in setting(drawn)


def test_a_folder_without_labels_is_not_called_labelled(session: Session, tmp_path: Path) -> None:
    folder = Path(one_class(tmp_path).path)
    (folder / "Coat").rmdir()
    for file in list((folder / "Bag").iterdir()):
        file.rename(folder / file.name)
    spec, weights = trained("resnet20")
    result = measure(session, spec, weights=weights, data=DataRef("folder", str(folder)))
    assert (result.images, result.labelled) == (6, False)
    assert setting(result).endswith("mean cross entropy of 6 images without labels")
    assert [note for note in result.notes if "label" in note] == [
        "The images have no labels that the network knows, so the loss is that of its own answers."
    ]
    assert not any("agreement" in line for line in header(result)), "nobody measures how often it agrees with itself"
    assert json_data(result)["labelled"] is False


def test_one_image_is_too_few_for_batch_norm_in_training(session: Session, tmp_path: Path) -> None:
    data = one_class(tmp_path, 1)
    with pytest.raises(UserError, match="needs at least two images"):
        measure(session, on="images", scheme="he", data=data, seeds=1)
    alone = measure(session, on="images", scheme="he", data=data, seeds=1, norm=False)
    assert alone.images == 1


@pytest.mark.parametrize("seeds", [0, 11])
def test_too_many_seeds_are_refused(session: Session, seeds: int) -> None:
    with pytest.raises(UserError, match="from 1 to 10"):
        measure(session, on="noise", scheme="he", seeds=seeds)


def test_no_picture_is_refused(session: Session) -> None:
    spec, weights = trained("resnet20")
    with pytest.raises(UserError, match="no picture"):
        measure(session, spec, weights=weights, on="picture")


def test_large_networks_are_measured_on_fewer_images() -> None:
    from explorer.engine.explain.gradients import _usual

    assert [_usual(catalog.find(name)) for name in ("resnet20", "resnet110", "resnet18", "resnet152")] == [
        32,
        32,
        11,
        4,
    ]


def test_a_large_network_gets_a_smaller_batch_and_says_so(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.gradients._BATCH_BYTES", 1.0)
    result = measure(session, on="noise", scheme="he", seeds=1)
    assert result.images == 2
    assert "The batch has 2 images" in result.notes[0]


# -- medians and ranges --------------------------------------------------------------------------------------------


def test_median_and_range_keep_what_is_no_number() -> None:
    one = spread(np.array([2.0, 8.0, 4.0]))
    assert (one.median, one.low, one.high, one.zeros, one.broken, one.count) == (4, 2, 8, 0, 0, 3)
    assert middle(np.array([1.0, 100.0])) == pytest.approx(10), "on a log axis"
    assert middle(np.array([0.0, 100.0])) == 0
    assert middle(np.array([1e-300, 1e300])) == pytest.approx(1)
    broken = spread(np.array([1.0, np.nan, np.inf]))
    assert (broken.median, broken.low, broken.broken) == (np.inf, 1, 2)
    assert np.isnan(broken.high)
    assert np.isnan(middle(np.array([1.0, np.nan])))
    assert spread(np.array([0.0, 0.0, 1.0])).zeros == 2


# -- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"), (1, "1.0"), (34.83, "35"), (1397, "1,400"), (13829, "1.4·10⁴"), (5.6e-8, "5.6·10⁻⁸"),
        (0.0031, "0.0031"), (0.5, "0.50"), (9.99, "10"), (9996, "1.0·10⁴"), (1e-45, "1.0·10⁻⁴⁵"),
        (float("inf"), "∞"), (float("nan"), "NaN"),
    ],
)  # fmt: skip
def test_figures_of_any_size_are_short(value: float, words: str) -> None:
    assert figure(value) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (13829.0, "ResNet-8: the gradient grows 1.4·10⁴‑fold toward the input."),
        (1.2, "ResNet-8: the gradient keeps its size, 1.2 times as large at the first block."),
        (0.25, "ResNet-8: the gradient shrinks 4.0‑fold toward the input."),
        (5.6e-8, "ResNet-8: the gradient vanishes toward the input, 1.8·10⁷‑fold."),
        (0.0, "ResNet-8: nothing of the gradient is left at the first block."),
        (float("nan"), "ResNet-8: the gradient is no finite number."),
        (float("inf"), "ResNet-8: the gradient is no finite number."),
    ],
)
def test_what_is_said_follows_the_figures(ratio: float, words: str) -> None:
    assert course(made([[ratio]]).networks[0], "inputs") == words


def test_growth_and_vanishing_are_only_claimed_where_they_were_measured() -> None:
    grows = meaning(made([[35.0], [13829.0]]))
    assert "does not vanish at initialisation: it grows toward the input" in grows[0]
    assert "1902.08129" in grows[0]
    still = meaning(made([[1.0], [1.0]]))
    vanishes = meaning(made([[0.4], [5.6e-8]], scheme="default", norm=False))
    assert vanishes[0].startswith(
        "Without batch norm, and with PyTorch's default initialisation, the gradient of a plain"
    )
    kept = meaning(made([[8.0], [0.3]], scheme="he", norm=False))
    assert "made to keep the size" in kept[0]
    alone = meaning(made([[5.6e-8]], name="Plain-8", plain=True, scheme="default", norm=False))
    assert "vanishes" in alone[0]
    for said in (grows, still, vanishes, kept, alone):
        assert UNLIKELY in said[-1]
        assert not any("cause" in sentence for sentence in said[:-1])
    assert len(still) == 1
    for ratio in (float("inf"), float("nan")):
        assert meaning(made([[1.0], [ratio]])) == still, "what is no number does not grow"


def test_of_a_trained_gradient_that_shrinks_it_is_said_by_how_much() -> None:
    for ratios in ([35.0, 0.6], [0.6, 400.0]):
        neither = meaning(made([[ratio] for ratio in ratios], scheme="trained"))
        assert neither[0] == "In neither of the two trained networks does the gradient vanish on its way to the input."
    pair = meaning(made([[35.0], [0.00125]], scheme="trained"))
    assert pair[:-1] == [
        "In ResNet-8 as trained the gradient does not vanish on its way to the input.",
        "In Plain-8 as trained the gradient arrives at the first block, 800‑fold smaller.",
    ]
    assert course(made([[1.0], [0.00125]]).networks[1], "inputs").startswith("Plain-8: the gradient shrinks 800‑fold")
    alone = meaning(made([[0.25]], scheme="trained"))
    assert alone[0] == "In ResNet-8 as trained the gradient arrives at the first block, 4.0‑fold smaller."
    for ratio in (1e-4, 0.0, float("inf")):
        assert len(meaning(made([[35.0], [ratio]], scheme="trained"))) == 1, "the figures say it"


def test_a_loss_out_of_bounds_is_told() -> None:
    result = made([[9000.0], [0.3]], scheme="he", norm=False)
    for profile in result.networks[:1]:
        profile.losses[:] = 3035.1
    assert "its mean loss is 3,000." in " ".join(meaning(result))
    for profile in result.networks[:1]:
        profile.losses[:] = np.nan
    assert "ResNet-8: the loss is no finite number." in meaning(result)


def test_norms_at_the_edge_are_counted() -> None:
    result = made([[0.0, np.nan, 1.0]])
    words = edges(result.networks[0], "inputs")
    assert "1 of 6 norms are exactly 0" in words
    assert "1 of 6 norms are no finite numbers." in words
    assert edges(made([[1.0]]).networks[0], "inputs") == ""


def test_the_setting_is_told() -> None:
    assert setting(made([[1.0, 1.0]])) == (
        "He's initialisation, batch norm over the batch, 16 images of noise with random labels a seed, 2 of 2 seeds"
    )
    assert "without batch norm" in setting(made([[1.0]], norm=False))
    assert setting(made([[1.0]], scheme="trained", on="picture")).endswith("mean cross entropy of one picture")


# -- tables --------------------------------------------------------------------------------------------------------


def test_the_csv_holds_every_norm_as_it_was_measured() -> None:
    result = made([[0.0, float("inf"), float("nan")], [1.0, 2.0, 4.0]])
    text = csv_text(result)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("".join(f"{line}\n" for line in text.splitlines() if line[0] != "#"))))

    assert comments[0].startswith("# He's initialisation")
    assert len(rows) == 8
    first = rows[0]
    assert (first["network"], first["of"], first["id"], first["layer"]) == ("ResNet-8", "input", "layer1.0", "1")
    assert [first[f"seed_{seed}"] for seed in range(3)] == ["0.0", "inf", "nan"]
    assert (first["zeros"], first["not_finite"], first["seeds"]) == ("1", "2", "3")
    assert (rows[4]["median"], rows[4]["low"], rows[4]["high"]) == ("2.0", "1.0", "4.0")


def test_the_json_is_json() -> None:
    data = json.loads(json.dumps(json_data(made([[0.0, float("inf"), float("nan")]])), allow_nan=False))
    assert data["networks"][0]["inputs"][0]["norms"] == [0.0, "inf", "nan"]
    assert data["networks"][0]["ratio_inputs"] == [0.0, "inf", "nan"]
