"""Cards and records of training runs, as anyone may have changed them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.engine.build import build
from explorer.engine.cards import half_precision, save_weights
from explorer.engine.images import default_preprocessing
from explorer.engine.records import UNTRAINED, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.training_files import own_title, trained, trained_info, unfinished, write_run
from explorer.engine.training_records import TrainingRequest
from tests.engine.networks import TINY
from tests.engine.training_support import QUICK, leave, odd_cards


def test_odd_cards_are_passed_over_and_the_others_stay(tmp_path: Path) -> None:
    good = leave(tmp_path, "good-1", TINY, 852)
    card = good.with_suffix(".json").read_text(encoding="utf-8")
    odd = leave(tmp_path, "odd-2", TINY, 852)
    assert {info.ref.value for info in trained(tmp_path)} == {str(good), str(odd)}
    for what, text in odd_cards(card).items():
        odd.with_suffix(".json").write_text(text, encoding="utf-8")
        assert trained_info(odd) is None, what
        assert [info.ref.value for info in trained(tmp_path)] == [str(good)], what
    for correct, share in ((0, 0.0), (1000, 1.0)):
        info = trained_info(leave(tmp_path, "odd-2", TINY, correct))
        assert info is not None
        assert info.accuracy == share


def test_a_link_to_nowhere_hides_no_others(tmp_path: Path) -> None:
    good = leave(tmp_path, "good-1", TINY, 852)
    gone = leave(tmp_path, "gone-2", TINY, 852)
    gone.unlink()
    gone.symlink_to(tmp_path / "nowhere")
    assert [info.ref.value for info in trained(tmp_path)] == [str(good)]


def test_odd_records_of_runs_are_passed_over(tmp_path: Path) -> None:
    request = TrainingRequest(TINY, UNTRAINED, recipe=QUICK, folder=tmp_path, name="one")
    (tmp_path / "one.state").touch()
    write_run(request, 0.5, 2)
    assert [run.request for run in unfinished(tmp_path)] == [replace(request, resume=True)]
    record = tmp_path / "one.run"
    text = record.read_text(encoding="utf-8")
    odd = {
        "deep": text[:-1] + f', "more": {100_000 * "["}{100_000 * "]"}}}',
        "large": text + (1 << 20) * " ",
        "endless": text.replace('"epoch": 2', '"epoch": 1e999'),
        "before the first": text.replace('"epoch": 2', '"epoch": 0'),
        "no share": text.replace('"fraction": 0.5', '"fraction": NaN'),
        "more than all": text.replace('"fraction": 0.5', '"fraction": 1.5'),
    }
    for what, changed in odd.items():
        assert changed != text
        record.write_text(changed, encoding="utf-8")
        assert unfinished(tmp_path) == (), what


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights with a card, in a folder of trained networks."""
    path = leave(tmp_path / "trained", "tiny-2", TINY, 852)
    network = build(TINY, seed=0)
    preprocessing = default_preprocessing(TINY)
    save_weights(path, half_precision(network), network, [str(index) for index in range(5)], preprocessing)
    return path


def test_only_what_lies_in_the_own_folder_is_my_training(weights: Path, tmp_path: Path) -> None:
    ref = WeightsRef(WeightsKind.FILE, str(weights))
    own = Session(weights.parent)
    assert finish(own.load(TINY, ref)).info.title == "My training 2 · 85.2 %"
    assert own_title(ref, weights.parent / ".." / "trained") == "My training 2 · 85.2 %"
    for session in (Session(), Session(tmp_path)):
        info = finish(session.load(TINY, ref)).info
        assert info.title == "tiny-2"
        assert info.accuracy == 0.852
        assert "852 of 1,000 test images right" in info.source


def test_weights_open_beside_an_odd_card(weights: Path) -> None:
    ref = WeightsRef(WeightsKind.FILE, str(weights))
    card = weights.with_suffix(".json")
    for text in odd_cards(json.dumps(json.loads(card.read_text(encoding="utf-8")))).values():
        card.write_text(text, encoding="utf-8")
        info = finish(Session(weights.parent).load(TINY, ref)).info
        assert (info.title, info.accuracy) == ("tiny-2", None)
