"""From the document to jobs and back, with a queue that does only what it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from explorer.app import commands
from explorer.app.document import Document, State
from explorer.app.jobs import Lane
from explorer.app.runner import Runner
from explorer.engine.records import (
    UNTRAINED,
    DataRef,
    DeviceInfo,
    Offer,
    Preprocessing,
    WeightsInfo,
    WeightsKind,
    WeightsRef,
)
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import CLASSES, SMALL, TRAINED, picture, picture_result

PREPROCESSING = Preprocessing(1, 28, 28, (0.3,), (0.3,), grey=True)
INFO = WeightsInfo(TRAINED, "Fashion-MNIST", SMALL, CLASSES, PREPROCESSING)
BIG = PRESETS["resnet18"]


class Queue(QObject):
    """Jobs as the runner knows them; the test says what becomes of them."""

    started = Signal(object)
    stepped = Signal(object, object)
    finished = Signal(object, object)
    failed = Signal(object, object)
    stopped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[Lane, Any] = {}
        self.log: list[Lane] = []

    def submit(self, lane: Lane, make: Any) -> None:
        self.jobs[lane] = make
        self.log.append(lane)

    def cancel(self, lane: Lane) -> None:
        self.jobs.pop(lane, None)

    def running(self) -> tuple[Lane, ...]:
        return tuple(sorted(self.jobs))

    def finish(self, lane: Lane, value: object) -> None:
        del self.jobs[lane]
        self.finished.emit(lane, value)

    def fail(self, lane: Lane, sentence: str = "It is torn.") -> None:
        del self.jobs[lane]
        self.failed.emit(lane, UserError(sentence))


class Desk:
    """Document, queue and runner, and what was said."""

    def __init__(self, bot: QtBot, **state: Any) -> None:
        self.bot = bot
        self.document = Document(State(**{"spec": SMALL, "weights": TRAINED, **state}))
        self.queue = Queue()
        self.runner = Runner(self.document, self.queue)
        self.said: list[str] = []
        self.refused: list[tuple[Lane, str]] = []
        self.runner.said.connect(self.said.append)
        self.runner.refused.connect(lambda lane, error: self.refused.append((lane, str(error))))

    @property
    def state(self) -> State:
        return self.document.state

    def settle(self) -> None:
        self.bot.waitUntil(lambda: not self.runner.pending)


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    """With weights in and a picture open."""
    desk = Desk(qtbot, info=INFO, picture=picture())
    desk.runner.offer = Offer((), (INFO,))
    return desk


def info_of(spec: Any, ref: WeightsRef = UNTRAINED, adapted: str = "") -> WeightsInfo:
    return WeightsInfo(ref, "x", spec, tuple(map(str, range(spec.classes))), PREPROCESSING, adapted=adapted)


def test_the_start_asks_for_devices_and_loads_the_open_network(qtbot: QtBot) -> None:
    desk = Desk(qtbot, picture=picture())
    desk.runner.begin()
    desk.settle()
    assert desk.queue.log == [Lane.OFFER, Lane.WEIGHTS]
    assert (desk.queue.jobs[Lane.WEIGHTS].spec, desk.queue.jobs[Lane.WEIGHTS].ref) == (SMALL, TRAINED)
    desk.queue.finish(Lane.WEIGHTS, INFO)
    desk.settle()
    assert set(desk.queue.jobs) == {Lane.OFFER, Lane.PICTURE, Lane.ACCURACY}
    assert desk.document.undo_stack.count() == 0


def test_a_deletion_runs_both_once(desk: Desk) -> None:
    commands.toggle_deleted(desk.document, "layer1.0")
    commands.toggle_deleted(desk.document, "layer2.0")
    desk.settle()
    assert desk.queue.log == [Lane.PICTURE, Lane.ACCURACY]
    for lane in desk.queue.log:
        assert desk.queue.jobs[lane].request.deleted == {"layer1.0", "layer2.0"}


def test_cut_and_moved_blocks_travel_with_the_requests(desk: Desk) -> None:
    commands.cut_shortcut(desk.document, "layer2.1")
    commands.move_block(desk.document, "layer1.0", "layer1.1")
    desk.settle()
    for lane in (Lane.PICTURE, Lane.ACCURACY):
        assert desk.queue.jobs[lane].request.lesion == desk.state.lesion
        assert desk.queue.jobs[lane].request.cut == {"layer2.1"}
        assert desk.queue.jobs[lane].request.order[:2] == ("layer1.1", "layer1.0")


@pytest.mark.parametrize(
    ("change", "lanes"),
    [
        ({"picture": picture(name="b.png")}, [Lane.PICTURE]),
        ({"data": DataRef("fashion-mnist-full")}, [Lane.ACCURACY]),
        ({"device": DeviceInfo("cuda:0", "GPU")}, [Lane.PICTURE, Lane.ACCURACY]),
        ({"selection": "layer1.0"}, []),
    ],
)
def test_what_runs_after_which_change(desk: Desk, change: dict[str, Any], lanes: list[Lane]) -> None:
    desk.document.replace(**change)
    desk.settle()
    assert desk.queue.log == lanes


def test_untrained_to_untrained_loads_the_last(desk: Desk) -> None:
    """Only the spec changes then: neither the reference nor what it brought."""
    first, second = SMALL.with_(width=4), SMALL.with_(width=8)
    for spec in (first, second):
        desk.runner.request_network(spec)
        desk.settle()
    assert desk.queue.jobs[Lane.WEIGHTS].spec == second
    desk.queue.finish(Lane.WEIGHTS, info_of(second))
    assert desk.state.spec == second


def test_undo_while_loading_drops_the_load(desk: Desk) -> None:
    before = desk.state
    desk.runner.request_network(BIG)
    desk.settle()
    assert Lane.WEIGHTS in desk.queue.jobs
    desk.document.undo_stack.undo()
    desk.settle()
    assert Lane.WEIGHTS not in desk.queue.jobs
    assert desk.state == before
    assert desk.queue.jobs[Lane.PICTURE].request.spec == SMALL


def test_a_chosen_checkpoint_stays_out_until_it_is_there(desk: Desk) -> None:
    ref = WeightsRef(WeightsKind.FILE, "own.pth")
    before = desk.state
    desk.runner.request_weights(ref)
    assert desk.state == before
    desk.queue.finish(Lane.WEIGHTS, info_of(SMALL.with_(classes=7), ref, "The network was adapted."))
    assert (desk.state.weights, desk.state.spec.classes) == (ref, 7)
    assert desk.said == ["The network was adapted."]
    desk.document.undo_stack.undo()
    assert desk.state == before


def test_a_refused_checkpoint_gives_way_to_the_load_that_it_displaced(qtbot: QtBot) -> None:
    desk = Desk(qtbot, picture=picture())
    desk.runner.begin()
    desk.settle()
    desk.runner.request_weights(WeightsRef(WeightsKind.FILE, "own.pth"))
    desk.queue.fail(Lane.WEIGHTS)
    desk.settle()
    assert desk.refused == [(Lane.WEIGHTS, "It is torn.")]
    assert desk.queue.jobs[Lane.WEIGHTS].ref == TRAINED
    desk.queue.finish(Lane.WEIGHTS, INFO)
    assert desk.state.info == INFO


def test_an_open_network_whose_weights_are_gone_stays_untrained(qtbot: QtBot) -> None:
    desk = Desk(qtbot)
    desk.runner.begin()
    desk.settle()
    desk.queue.fail(Lane.WEIGHTS)
    desk.settle()
    assert desk.state.weights == UNTRAINED
    assert desk.queue.jobs[Lane.WEIGHTS].ref == UNTRAINED
    desk.queue.fail(Lane.WEIGHTS)
    desk.settle()
    assert Lane.WEIGHTS not in desk.queue.jobs  # and doesn't try for ever
    assert len(desk.refused) == 2


def test_bundled_weights_come_with_their_network_and_say_what_they_change(desk: Desk) -> None:
    desk.runner.request_network(BIG)
    desk.runner.request_network(PRESETS["resnet20"])
    assert (desk.state.spec, desk.state.weights) == (SMALL, TRAINED)
    assert "1×28×28" in desk.said[-1]
    said = len(desk.said)
    desk.runner.request_network(BIG)
    desk.runner.request_network(SMALL)
    assert len(desk.said) == said  # nothing had to be changed


def test_another_input_loses_the_weights_and_says_so(desk: Desk) -> None:
    desk.runner.request_network(SMALL.with_(side=40))
    assert desk.state.weights == UNTRAINED
    assert "untrained" in desk.said[-1]
    desk.runner.request_network(desk.state.spec)
    assert desk.document.undo_stack.count() == 1


def test_untrained_accuracy_only_when_asked_and_anew_for_each_network(desk: Desk) -> None:
    for spec in (SMALL.with_(width=4), SMALL.with_(width=8)):
        desk.runner.request_network(spec)
        desk.settle()
        desk.queue.finish(Lane.WEIGHTS, info_of(spec))
        desk.settle()
        assert Lane.ACCURACY not in desk.queue.jobs
        desk.runner.measure_anyway()
        desk.settle()
        assert desk.queue.jobs[Lane.ACCURACY].request.spec == spec


def test_maps_that_were_not_kept_are_asked_for(desk: Desk) -> None:
    shown = desk.state.picture
    assert shown is not None
    share = np.full(10, 0.1)
    desk.document.replace(deleted=frozenset())
    desk.runner.run_picture()
    desk.settle()
    desk.queue.finish(Lane.PICTURE, picture_result(shown, share, maps={"stem": np.zeros((1, 2, 2))}))
    desk.document.replace(selection="layer2.1")
    desk.settle()
    assert desk.queue.jobs[Lane.PICTURE].request.wanted == ("layer2.1",)
    desk.runner.run_picture("layer1.2")  # as the panel asks, whose part is not the selected one
    desk.settle()
    assert desk.queue.jobs[Lane.PICTURE].request.wanted == ("layer2.1", "layer1.2")


def test_an_image_set_is_looked_through_before_it_replaces_the_open_one(desk: Desk) -> None:
    folder = DataRef("folder", "/x")
    desk.runner.request_data(folder)
    desk.queue.fail(Lane.DATA)
    assert desk.state.data == DataRef("fashion-mnist")
    desk.runner.request_data(folder)
    desk.queue.finish(Lane.DATA, (folder, "1 picture was left out."))
    desk.settle()
    assert desk.state.data == folder
    assert desk.said == ["1 picture was left out."]
    assert desk.queue.jobs[Lane.ACCURACY].request.data == folder
    desk.document.undo_stack.undo()
    assert desk.state.data == DataRef("fashion-mnist")


def test_the_first_picture_is_no_edit_the_second_is(qtbot: QtBot) -> None:
    desk = Desk(qtbot, info=INFO)
    for name, steps in (("a.png", 0), ("b.png", 1)):
        desk.runner.open_chart()
        desk.queue.finish(Lane.OPEN, picture(name=name, note=f"{name} was reduced."))
        assert desk.document.undo_stack.count() == steps
    assert desk.said == ["a.png was reduced.", "b.png was reduced."]


def test_cancel_takes_the_most_urgent_but_never_the_offer(desk: Desk) -> None:
    desk.queue.jobs = {Lane.OFFER: 0, Lane.OPEN: 0, Lane.ACCURACY: 0}
    for left in ({Lane.OFFER, Lane.ACCURACY}, {Lane.OFFER}, {Lane.OFFER}):
        desk.runner.cancel()
        assert set(desk.queue.jobs) == left


def test_cancelling_the_load_goes_back_to_the_last_network_that_was_loaded(desk: Desk) -> None:
    before = desk.state
    for spec in (SMALL.with_(width=4), SMALL.with_(width=8), BIG):
        desk.runner.request_network(spec)
    desk.settle()
    desk.runner.cancel()
    desk.settle()
    assert desk.state == before
    assert set(desk.queue.jobs) == {Lane.PICTURE, Lane.ACCURACY}


def test_the_very_first_load_can_not_be_cancelled(qtbot: QtBot) -> None:
    desk = Desk(qtbot)
    desk.runner.begin()
    desk.settle()
    desk.runner.cancel()
    assert set(desk.queue.jobs) == {Lane.OFFER, Lane.WEIGHTS}


def test_a_result_goes_when_the_network_does(desk: Desk) -> None:
    shown = desk.state.picture
    assert shown is not None
    desk.runner.run_picture()
    desk.settle()
    desk.queue.finish(Lane.PICTURE, picture_result(shown, np.full(10, 0.1)))
    assert desk.runner.result is not None
    desk.runner.request_network(BIG)
    assert desk.runner.result is None


def test_choosing_the_open_preset_again_keeps_its_weights(desk: Desk) -> None:
    """The preset's own input is 3x32x32, that of the weights 1x28x28."""
    desk.runner.request_preset(PRESETS["resnet20"])
    desk.settle()
    assert (desk.state.spec, desk.state.weights) == (SMALL, TRAINED)
    assert desk.document.undo_stack.count() == 0


def test_a_preset_takes_its_bundled_weights_up_again(desk: Desk) -> None:
    commands.set_network(desk.document, SMALL, UNTRAINED)
    desk.runner.request_preset(PRESETS["resnet20"])
    assert (desk.state.spec, desk.state.weights) == (INFO.spec, INFO.ref)


def test_a_preset_chosen_at_once_waits_for_what_there_is(qtbot: QtBot) -> None:
    desk = Desk(qtbot, spec=BIG, weights=UNTRAINED, info=info_of(BIG), picture=picture())
    desk.runner.begin()
    desk.runner.request_preset(PRESETS["resnet20"])
    assert desk.state.spec == BIG
    desk.queue.finish(Lane.OFFER, Offer((), (INFO,)))
    assert (desk.state.spec, desk.state.weights) == (INFO.spec, INFO.ref)


@pytest.mark.parametrize("second", ["checkpoint", "preset", "file", "panel"])
def test_a_later_choice_takes_the_place_of_one_that_waits(qtbot: QtBot, second: str) -> None:
    desk = Desk(qtbot, info=INFO, picture=picture())
    desk.runner.begin()
    desk.runner.request_preset(PRESETS["resnet32"])
    other = PRESETS["resnet44"]
    if second == "checkpoint":
        desk.runner.request_weights(WeightsRef(WeightsKind.FILE, "a.pth"))
    elif second == "preset":
        desk.runner.request_preset(PRESETS["resnet20"])
    elif second == "file":
        commands.set_network(desk.document, other, UNTRAINED)
    else:
        desk.runner.request_network(SMALL.with_(classes=7))
    before = (desk.state.spec, desk.state.weights)
    desk.queue.finish(Lane.OFFER, Offer((), (INFO,)))
    assert (desk.state.spec, desk.state.weights) == before
    assert desk.state.spec != PRESETS["resnet32"]


def test_a_waiting_choice_is_opened_even_where_nobody_could_tell_what_there_is(qtbot: QtBot) -> None:
    desk = Desk(qtbot, info=INFO, picture=picture())
    desk.runner.begin()
    desk.runner.request_preset(PRESETS["resnet32"])
    assert desk.said == ["ResNet-32 opens in a moment."]
    desk.queue.fail(Lane.OFFER)
    assert (desk.state.spec, desk.state.weights) == (PRESETS["resnet32"], UNTRAINED)


def test_choosing_what_is_open_is_no_edit(desk: Desk) -> None:
    desk.document.replace(spec=BIG, weights=UNTRAINED, info=info_of(BIG))
    desk.runner.request_preset(BIG)
    commands.set_network(desk.document, BIG, UNTRAINED)
    assert desk.document.undo_stack.count() == 0
    assert desk.state.info is not None


def test_cancelling_the_very_first_load_keeps_a_persons_edits(qtbot: QtBot) -> None:
    desk = Desk(qtbot, picture=picture())
    desk.runner.begin()
    desk.settle()
    commands.toggle_deleted(desk.document, "layer2.1")
    desk.runner.cancel()
    assert desk.state.deleted == {"layer2.1"}
