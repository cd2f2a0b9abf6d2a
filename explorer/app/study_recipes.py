"""Figures of Veit et al. 2016 (arXiv:1605.06431) as studies of the bundled networks."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.engine.study_records import StudyKind


@dataclass(frozen=True)
class Recipe:
    """A figure of Veit et al. 2016 (arXiv:1605.06431).

    Attributes:
        networks: presets, one after the other; the first is opened.
        most: as in StudyRequest: Fig. 5 ends at 20 deleted blocks, and at about as many swaps.
    """

    kind: StudyKind
    networks: tuple[str, ...]
    most: int | None = None


RECIPES = {
    "fig3": Recipe("single", ("preresnet110", "vgg_narrow")),
    "fig5a": Recipe("random", ("preresnet110",), 20),
    "fig5b": Recipe("reorder", ("preresnet110",), 20),
}
"""Fig. 5(a) draws among all blocks, those that change the shape too; so it is said on screen."""
RECIPE_IMAGES = 1000
