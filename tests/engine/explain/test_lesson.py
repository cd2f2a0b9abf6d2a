"""The figures of the lessons: each is what its file says, measured; what is quoted is what the paper says."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.cli.lessons import figures_of
from explorer.engine.build import build
from explorer.engine.cards import save_weights
from explorer.engine.explain.lesson_records import LessonRequest, LessonResult, Missing, Prepared, SettingRequest
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.images import default_preprocessing
from explorer.engine.lesson_known import known_figures
from explorer.engine.lesson_records import Lesson, LessonStep, Measured
from explorer.engine.lesson_words import loose_numbers
from explorer.engine.lessons import BUNDLED, find_lessons, read_lesson
from explorer.engine.records import UNTRAINED, AccuracyRequest, DataRef, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.paths import PathCounts, forks
from tests.engine.test_lessons import GOOD, file_of

LESSONS = find_lessons([BUNDLED]).lessons
STEPS = [(lesson, number) for lesson in LESSONS for number in range(1, len(lesson.steps) + 1)]
IDS = [f"{lesson.name}:{number}" for lesson, number in STEPS]

HE, VEIT = "He et al. 2015", "Veit et al. 2016"
PAPERS: dict[tuple[str, float], str] = {
    (f"{HE}, Table 2", 28.54): "top-1 error of plain-34, ImageNet validation, 10 crops",
    (f"{HE}, Table 2", 27.94): "of plain-18",
    (f"{HE}, Table 2", 25.03): "of ResNet-34 with option A",
    (f"{HE}, Table 2", 27.88): "of ResNet-18 with option A",
    (f"{HE}, Table 6", 8.75): "CIFAR-10 test error of ResNet-20",
    (f"{HE}, Table 6", 6.43): "CIFAR-10 test error of ResNet-110, the best of five runs",
    (f"{HE}, Table 6", 7.93): "of ResNet-1202",
    (f"{HE}, section 4.2", 0.1): "training error of ResNet-1202 is below this",
    (f"{VEIT}, section 4", 54): "blocks of the 110-layer network, whose paths are counted and whose blocks are deleted",
    (f"{VEIT}, section 4.2", 10): "blocks deleted, 2^44 paths left",
    (
        f"{VEIT}, section 4.2",
        20,
    ): "blocks deleted, a severe drop; and the error in per cent around which it stays with 10",
    (f"{VEIT}, section 5", 95): "more than so many per cent of the paths go through 19 to 35 blocks",
    (f"{VEIT}, section 5", 5): "shortest of the effective paths",
    (f"{VEIT}, section 5", 17): "longest of the effective paths",
    (f"{VEIT}, section 5", 0.45): "per cent of all paths have these lengths",
}
"""What the papers print: arXiv:1512.03385 and arXiv:1605.06431."""


def convolutions(network: str, block: str) -> int:
    spec = PRESETS[network]
    found = next(one for one in spec.all_blocks if one.id == block)
    shape = (found.in_channels, 14, 14)
    return sum(operation.kind == "conv" for operation in found.operations(shape).branch)


SPOKEN: dict[tuple[str, int, str], Callable[[], bool]] = {
    ("1-shortcuts", 1, "two"): lambda: all(
        convolutions("resnet20", block) == 2 for block in PRESETS["resnet20"].block_ids
    ),
    ("1-shortcuts", 2, "0"): lambda: LESSONS[0].steps[1].figure("same").expected == 100,
    ("2-degradation", 5, "ten"): lambda: PRESETS["resnet1202"].depth / PRESETS["resnet110"].depth > 10,
    ("4-paths", 1, "two"): lambda: forks(PRESETS["resnet56"]) == PRESETS["resnet56"].block_ids,
    ("4-paths", 1, "doubles"): lambda: PathCounts(("a", "b")).total == 2 * PathCounts(("a",)).total,
    ("4-paths", 3, "half"): lambda: 2 * PathCounts(forks(PRESETS["preresnet110"]), 1).total_left == 2**54,
}
"""Numbers that are spelt out in a sentence: what holds them to the truth."""


class Measuring(Session):
    """A session that measures nothing twice that several lessons ask for."""

    def __init__(self) -> None:
        super().__init__()
        self._measured: dict[ExplainRequest, Any] = {}

    def explain(self, request: ExplainRequest) -> Generator[Any, None, Any]:
        if isinstance(request, (LessonRequest, SettingRequest)):
            return (yield from super().explain(request))
        if request not in self._measured:
            self._measured[request] = yield from super().explain(request)
        return self._measured[request]


@pytest.fixture(scope="module")
def session() -> Session:
    return Measuring()


@pytest.mark.parametrize(("lesson", "number"), STEPS, ids=IDS)
def test_every_figure_is_what_the_file_expects(lesson: Lesson, number: int, session: Session) -> None:
    step = lesson.steps[number - 1]
    found = figures_of(session, lesson, step)
    for figure in step.figures:
        value = found[figure.name].value
        if figure.measure == "paper":
            assert (str(figure.arguments["source"]), value) in PAPERS, figure.name
            continue
        assert figure.expected is not None, f"{figure.name} is held to nothing"
        assert abs(value - figure.expected) <= figure.tolerance, (figure.name, value)
        # An expectation so wide that it would hold for anything is none.
        assert figure.tolerance <= max(0.75 * abs(figure.expected), 1.5), figure.name
    scale = step.question
    if not scale.choices:
        assert scale.low <= found[scale.figure].value <= scale.high, "the figure lies on the scale"


def test_no_sentence_carries_a_number_that_nothing_holds_to_the_truth() -> None:
    spoken = set()
    for lesson, number in STEPS:
        step = lesson.steps[number - 1]
        texts = [step.title, step.text, step.question.text, step.answer, *(one.text for one in step.question.choices)]
        spoken |= {(lesson.name, number, word.lower()) for text in texts for word in loose_numbers(text)}
    assert spoken == set(SPOKEN)
    assert all(check() for check in SPOKEN.values())


def test_every_quoted_figure_is_used() -> None:
    quoted = {
        (str(figure.arguments["source"]), float(figure.arguments["value"]))
        for lesson in LESSONS
        for step in lesson.steps
        for figure in step.figures
        if figure.measure == "paper"
    }
    assert quoted == set(PAPERS)


# -- measures against what they should be ----------------------------------------------------------------------------


def step_of(folder: Path, text: str) -> LessonStep:
    return read_lesson(file_of(folder, text)).steps[0]


def measured(session: Session, step: LessonStep, folder: Path, **options: Any) -> LessonResult:
    request = LessonRequest(PRESETS["resnet20"], UNTRAINED, step=step, folder=folder, **options)
    return finish(session.explain(request))


def test_points_lost_are_the_accuracys_change(session: Session, tmp_path: Path) -> None:
    step = step_of(tmp_path, GOOD.replace("images = 500", "images = 40"))
    found = measured(session, step, tmp_path).figures
    spec, name = bundled_network("resnet20") or (None, "")
    assert spec is not None
    ref = WeightsRef(WeightsKind.BUNDLED, name)
    result = finish(session.accuracy(AccuracyRequest(spec, ref, DataRef("fashion-mnist"), frozenset({"layer2.1"}), 40)))
    assert result.intact.correct is not None
    assert result.counts.correct is not None
    lost = found["lost"]
    assert lost.value == pytest.approx(100 * (result.intact.correct - result.counts.correct) / 40)
    assert lost.images == 40
    assert lost.low is not None
    assert lost.low < lost.value < (lost.high or 0)
    assert found["blocks"] == Measured("blocks", 9)


def test_random_deletion_is_the_median_of_its_draws(session: Session, tmp_path: Path) -> None:
    text = GOOD.replace('"points_lost"\nimages = 500', '"random_deletion"\ncount = 2\nseeds = 3\nimages = 30')
    found = measured(session, step_of(tmp_path, text), tmp_path).figures["lost"]
    one = GOOD.replace('"points_lost"\nimages = 500', '"random_deletion"\ncount = 0\nseeds = 1\nimages = 30')
    intact = measured(session, step_of(tmp_path, one), tmp_path).figures["lost"]
    assert (found.seeds, found.images) == (3, 30)
    assert found.low is not None
    assert found.low <= found.value <= (found.high or 0) < intact.value
    assert intact.value == statistics.fmean([intact.low or 0, intact.high or 0]), "nothing deleted: nothing is drawn"


def test_the_draw_that_is_shown_is_one_of_those_measured(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {lesson.name: lesson for lesson in LESSONS}
    lesson, step = by_name["3-deleting"], by_name["3-deleting"].steps[3]
    drawn = []
    whole = session.accuracy

    def seen(request: AccuracyRequest) -> Generator[Any, None, Any]:
        drawn.append(request.deleted)
        return whole(request)

    monkeypatch.setattr(session, "accuracy", seen)
    few = step.figure("few")
    quick = replace(few, arguments={**few.arguments, "images": 10})
    measured(session, replace(step, figures=(quick,)), lesson.path.parent)
    assert len(drawn) == few.arguments["seeds"]
    assert step.setting.lesion.deleted == drawn[0], "the text says that it is the first"
    assert by_name["4-paths"].steps[2].setting.lesion == step.setting.lesion


def test_a_deleted_block_passes_everything_on(session: Session, tmp_path: Path) -> None:
    text = GOOD.replace('"points_lost"\nimages = 500', '"same_numbers"\nblock = "layer2.1"\npicture = 3')
    assert measured(session, step_of(tmp_path, text), tmp_path).figures["lost"].value == 100
    whole = text.replace('"same_numbers"', '"same_numbers"\ndelete = []')
    assert 0 < measured(session, step_of(tmp_path, whole), tmp_path).figures["lost"].value < 90
    changing = text.replace('block = "layer2.1"', 'block = "layer2.0"')
    with pytest.raises(UserError, match=r"layer2\.0 changes the shape"):
        measured(session, step_of(tmp_path, changing), tmp_path)


def test_probability_is_that_of_the_true_class(session: Session, tmp_path: Path) -> None:
    text = GOOD.replace('"points_lost"\nimages = 500', '"probability"\npicture = 3\ndelete = []')
    found = measured(session, step_of(tmp_path, text), tmp_path).figures["lost"].value
    picture = finish(session.open_picture("sample", 3))
    assert picture.label is not None
    assert 50 < found <= 100
    every = GOOD.replace('"points_lost"\nimages = 500', '"probability"\npicture = 3\ndelete = ["layer1.0", "layer3.0"]')
    assert measured(session, step_of(tmp_path, every), tmp_path).figures["lost"].value < found


def test_figures_worked_out_of_measured_ones(session: Session, tmp_path: Path) -> None:
    more = """
[[steps.figures]]
name = "twice"
measure = "ratio"
of = "lost"
over = "blocks"

[[steps.figures]]
name = "told"
measure = "given"
of = "lost"
argument = "images"
"""
    text = GOOD.replace("images = 500", "images = 40").replace("It loses {lost}", "{lost} {twice} {told}") + more
    figures = measured(session, step_of(tmp_path, text), tmp_path).figures
    assert figures["twice"].value == pytest.approx(figures["lost"].value / 9)
    assert figures["told"].value == 40
    zero = text.replace('measure = "blocks"', 'measure = "paper"\nvalue = 0\nsource = "none"')
    assert np.isnan(measured(session, step_of(tmp_path, zero), tmp_path).figures["twice"].value)


def test_what_is_known_at_once_needs_no_engine() -> None:
    known = known_figures(LESSONS[1].steps[0])
    assert set(known) == {figure.name for figure in LESSONS[1].steps[0].figures}
    assert set(known_figures(LESSONS[2].steps[0])) == {"blocks", "paper"}


# -- setting up, and weights that are not there ----------------------------------------------------------------------


def prepared(session: Session, step: LessonStep, folder: Path, **options: Any) -> Prepared:
    return finish(session.explain(SettingRequest(PRESETS["resnet20"], UNTRAINED, step=step, folder=folder, **options)))


def test_a_step_brings_its_network_and_its_picture(session: Session, tmp_path: Path) -> None:
    found = prepared(session, step_of(tmp_path, GOOD), tmp_path)
    assert found.missing == ()
    assert found.info is not None
    assert found.info.ref.value == "resnet20-fashion-mnist"
    assert found.picture is not None
    assert found.picture.name == finish(session.open_picture("sample", 3)).name
    chart = step_of(tmp_path, GOOD.replace("picture = 3", 'picture = "chart"'))
    assert prepared(session, chart, tmp_path).picture is not None


WEIGHTS = 'network = "resnet20"\nweights = "{}"'


@pytest.mark.parametrize(
    ("network", "weights", "kind"),
    [
        ("resnet20", "mine.safetensors", "file"),
        ("resnet18", "imagenet", "download"),
        ("resnet18", "ResNet18_Weights.IMAGENET1K_V1", "download"),
        ("resnet18", "ResNet18_Weights.NONE", "none"),
        ("resnet32", "bundled", "none"),
        ("resnet20", "imagenet", "none"),
    ],
)
def test_weights_that_are_not_there_are_told_and_can_be_done_without(
    network: str, weights: str, kind: str, session: Session, tmp_path: Path
) -> None:
    text = GOOD.replace('network = "resnet20"', WEIGHTS.format(weights).replace("resnet20", network))
    step = step_of(tmp_path, text.replace("images = 500", "images = 10"))
    (missing,) = prepared(session, step, tmp_path).missing
    assert (missing.kind, missing.spec) == (kind, PRESETS[network])
    assert (missing.ref is not None) == (kind == "download")
    if network == "resnet20":
        found = prepared(session, step, tmp_path, untrained=True)
        assert found.info is not None
        assert found.info.ref == UNTRAINED
        (note,) = measured(session, step, tmp_path, untrained=True).notes
        assert "ResNet-20 is untrained here" in note


def test_weights_that_only_a_figure_needs_are_looked_for_too(session: Session, tmp_path: Path) -> None:
    step = step_of(tmp_path, GOOD.replace("images = 500", 'network = "resnet32"\nimages = 10'))
    (missing,) = prepared(session, step, tmp_path).missing
    assert missing == Missing("none", PRESETS["resnet32"], "bundled")


def test_a_file_elsewhere_can_stand_in(session: Session, tmp_path: Path) -> None:
    spec = PRESETS["resnet20"].with_(in_channels=1, side=28)
    torch.manual_seed(0)
    network = build(spec, 0)
    elsewhere = tmp_path / "elsewhere.safetensors"
    save_weights(elsewhere, network.state_dict(), network, tuple("abcdefghij"), default_preprocessing(spec))
    step = step_of(tmp_path, GOOD.replace('network = "resnet20"', WEIGHTS.format("mine.safetensors")))
    found = prepared(session, step, tmp_path, files=(("mine.safetensors", str(elsewhere)),))
    assert found.missing == ()
    assert found.info is not None
    assert found.info.ref == WeightsRef(WeightsKind.FILE, str(elsewhere))


def test_measuring_tells_how_far_it_is_and_can_be_dropped(session: Session, tmp_path: Path) -> None:
    step = step_of(tmp_path, GOOD.replace("images = 500", "images = 300"))
    job = session.explain(LessonRequest(PRESETS["resnet20"], UNTRAINED, step=step, folder=tmp_path))
    told = [next(job) for _ in range(3)]
    assert all(isinstance(step, Step) for step in told)
    assert any(step.fraction for step in told)
    job.close()


def test_images_of_other_classes(session: Session, tmp_path: Path) -> None:
    spec = PRESETS["resnet20"].with_(in_channels=1, side=28, classes=3)
    network = build(spec, 0)
    save_weights(
        tmp_path / "mine.safetensors", network.state_dict(), network, ("a", "b", "c"), default_preprocessing(spec)
    )
    text = GOOD.replace('network = "resnet20"', WEIGHTS.format("mine.safetensors"))
    step = step_of(tmp_path, text.replace("images = 500", "images = 10"))
    with pytest.raises(UserError, match="other classes"):
        measured(session, step, tmp_path)
