"""A lesson opens a tab on the page, and with the setup, that its sentences are about."""

from __future__ import annotations

from typing import Any

from explorer.app.lesson_views import show_tab
from explorer.app.panels.gradients_setup import GradientSetup
from explorer.engine.explain.gradients_records import GradientsResult
from tests.end_to_end.person import Person
from tests.end_to_end.test_lesson import QUICK, Pupil
from tests.engine.test_lessons import file_of


def test_the_answer_comes_with_the_gradients_that_it_is_about(person: Person) -> None:
    pupil = Pupil(person)
    told = 'show = "maps"\nthen_show = "gradients:default,nonorm,1"'
    file_of(pupil.folder, QUICK.replace('show = "maps"', told), "drawn.toml")
    pupil.begin("drawn")
    pupil.wait_until_set_up()
    assert pupil.window.views.tabs["gradients"].desk is None, "the answer would be given away"
    pupil.guess("5")
    pupil.wait_for_answer()
    panel: Any = pupil.window.views.show("gradients").panel
    assert panel.setup() == GradientSetup("default", False, 1, "noise")
    person.bot.waitUntil(lambda: panel.result is not None and panel.result.finished, timeout=60_000)
    result = panel.result
    assert isinstance(result, GradientsResult)
    assert (result.request.scheme, result.request.norm, result.request.seeds) == ("default", False, 1)
    show_tab(pupil.window, "gradients:default,nonorm,1")
    assert panel.result is result, "what is shown already is not measured again"
    show_tab(pupil.window, "gradients:trained")
    assert panel.setup().scheme == "trained"
    assert panel.result is not result
    assert pupil.window.views.show("gradients").running


def test_pages_of_the_other_tabs(person: Person) -> None:
    window = person.window
    show_tab(window, "blocks:depth")
    blocks: Any = window.views.show("blocks").panel
    assert blocks.page == "depth"
    show_tab(window, "cam:film")
    looking: Any = window.views.show("cam").panel
    assert looking.switch.value == "film"
    show_tab(window, "paths:product")
    desk: Any = window.views.show("paths")
    assert desk.panel.page == "product"
    assert desk.running
    desk.cancel()
    show_tab(window, "paths:counts")
    assert desk.panel.page == "counts"
    show_tab(window, "paths")
    assert desk.panel.page == "counts", "without a colon it is as it was left"
