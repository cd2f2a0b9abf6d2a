"""Brings the tab that a lesson names to the front, on the page or with the setup that the lesson is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from explorer.app.window import Window
    from explorer.engine.explain.gradients_records import Scheme, Source

_SEEDS = 3


def show_tab(window: Window, shown: str) -> None:
    """A tab, and what stands behind its colon.

    Args:
        window: whose tab it is.
        shown: as `lesson_setting.read_tab` lets it through: `maps`, `blocks:depth`, `gradients:default,nonorm`; empty
            for what is open already.
    """
    name, _, page = shown.partition(":")
    if name:
        window.actions_by_name[f"show_{name}"].trigger()
    if page:
        _SETUPS[name](window.views.show(name), page)


def _show_blocks(desk: Any, page: str) -> None:
    desk.panel.show_page(page)


def _show_part(desk: Any, part: str) -> None:
    desk.view.show_part(part)


def _show_paths(desk: Any, page: str) -> None:
    """Gradients by length are measured at once where the page is about them."""
    desk.panel.show_page(page)
    if page in ("gradient", "product") and desk.panel.result is None and not desk.running:
        desk.measure()


def _show_gradients(desk: Any, words: str) -> None:
    """As the lesson draws the weights; what is shown already is not measured again."""
    from explorer.app.panels.gradients_setup import GradientSetup  # with the tab, when that is needed

    scheme, *rest = words.split(",")
    seeds = next((int(word) for word in rest if word.isdecimal()), _SEEDS)
    on: Source = "images" if scheme == "trained" else "noise"
    desk.panel.setup_row.set_setup(GradientSetup(cast("Scheme", scheme), "nonorm" not in rest, seeds, on))
    desk.changed()
    if desk.panel.result is None and not desk.running:
        desk.run()


_SETUPS = {"blocks": _show_blocks, "cam": _show_part, "paths": _show_paths, "gradients": _show_gradients}
