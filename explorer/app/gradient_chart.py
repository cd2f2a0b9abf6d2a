"""Measured gradients as lines of a chart, and in words; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from explorer.app.chart_export import ChartWords, render_chart
from explorer.app.text import tr, translated
from explorer.app.widgets.line_series import Band, Frame, Series
from explorer.engine.explain.gradients_records import HEAD, STEM, GradientsResult, Kind, Profile, Spot
from explorer.engine.explain.gradients_words import course, edges, figure, meaning, setting

if TYPE_CHECKING:
    from explorer.engine.explain.gradients_records import Spread

KIND_WORDS: dict[Kind, str] = {"inputs": "Inputs of blocks", "weights": "Weights"}
KINDS: tuple[Kind, ...] = get_args(Kind)


class GradientLines:
    """What a chart shows of a result, and what each of its points is.

    Args:
        result: what was measured.
        kind: which of the norms.

    Attributes:
        series, frame: for a `LineChart`.
        band: what the bands are, empty without.
    """

    def __init__(self, result: GradientsResult, kind: Kind) -> None:
        self._result, self._kind = result, kind
        self.series: list[Series] = []
        self._points: list[tuple[Profile, list[tuple[Spot, Spread]]]] = []
        many = result.seeds > 1
        for number, profile in enumerate(result.networks):
            pairs = list(zip(profile.spots(kind), profile.spreads(kind), strict=True))
            self._add(profile, [pair for pair in pairs if pair[0].counted], number, many)
        for number, profile in enumerate(result.networks):
            pairs = list(zip(profile.spots(kind), profile.spreads(kind), strict=True))
            beside = [pair for pair in pairs if not pair[0].counted]
            if beside:
                self._add(profile, beside, number, many, beside=True)
        self.band = tr("range of {count} seeds", count=result.seeds) if many else ""
        layers = tr("layers before the block") if kind == "inputs" else tr("layer")
        norm = tr("gradient's norm")
        depth = max(profile.depth for profile in result.networks) - (kind == "inputs")
        self.frame = Frame(layers, norm, log=True, bands=_bands(result, kind), x_range=(1, depth), x_whole=True)

    def _add(
        self, profile: Profile, pairs: list[tuple[Spot, Spread]], number: int, many: bool, beside: bool = False
    ) -> None:
        many = many and not beside  # there is no line for a band to lie around
        name = _name_beside(profile, pairs) if beside else profile.name
        columns = [[one.median, one.low, one.high] for _, one in pairs]
        y, low, high = (np.array(column, float) for column in zip(*columns, strict=True))
        self.series.append(
            Series(
                name, np.array([spot.depth for spot, _ in pairs], float), y, low if many else None,
                high if many else None, role="second" if number else "first", line=not beside,
                colour=None, ids=tuple(spot.block for spot, _ in pairs),
            )
        )  # fmt: skip
        self._points.append((profile, pairs))

    def words(self, series: int, point: int) -> str:
        """One line on a point."""
        profile, pairs = self._points[series]
        spot, one = pairs[point]
        name = tr("output of the last block") if spot.id == HEAD and self._kind == "inputs" else spot.id
        value = figure(one.median)
        if one.count > 1:
            value = tr(
                "{median} ({low} to {high}, {count} seeds)",
                median=value, low=figure(one.low), high=figure(one.high), count=one.count,
            )  # fmt: skip
        return f"{profile.name} · {name} · {value}"

    def block(self, series: int, point: int) -> str | None:
        """The block of the open network at a point; of a point of the twin, the one that stands there."""
        profile, pairs = self._points[series]
        spot = pairs[point][0]
        first = self._result.networks[0]
        if profile is not first and spot.block not in (STEM, HEAD):
            spot = _at(first, spot.depth - (self._kind == "weights"))
        return spot.block


def _name_beside(profile: Profile, pairs: list[tuple[Spot, Spread]]) -> str:
    """Of weights that are not of a counted layer."""
    if all("downsample" in spot.id for spot, _ in pairs):
        return tr("{network}, projections", network=profile.name)
    return tr("{network}, beside the layers", network=profile.name)


def _at(profile: Profile, before: int) -> Spot:
    """The block that comes after so many layers."""
    return max((spot for spot in profile.inputs if spot.depth <= before), key=lambda spot: spot.depth)


def _bands(result: GradientsResult, kind: Kind) -> tuple[Band, ...]:
    """The stages of the network; around their layers, where it is layers that the axis counts."""
    shift = 0.5 if kind == "weights" else 0.0
    profile, spec = result.networks[0], result.request.spec
    places = {spot.id: spot.depth for spot in profile.inputs}
    starts = [
        (stage.id, min(places[block.id] for block in stage.blocks if block.id in places)) for stage in spec.stages
    ]
    ends = [start for _, start in starts[1:]] + [places[HEAD]]
    return tuple(Band(start + shift, end + shift, stage) for (stage, start), end in zip(starts, ends, strict=True))


def chart_words(result: GradientsResult, kind: Kind, band: str) -> ChartWords:
    """What stands around the chart in a file."""
    names = " / ".join(profile.name for profile in result.networks)
    said: Sequence[str] = [
        *(course(profile, kind) for profile in result.networks), *(edges(profile, kind) for profile in result.networks),
        *meaning(result), result.alone, *result.notes,
    ]  # fmt: skip
    return ChartWords(
        tr("Gradients of {networks}", networks=names),
        f"{tr(KIND_WORDS[kind])}. {translated(setting(result))}.",
        band,
        "\n".join(translated(words) for words in said if words),
    )


def save_chart(result: GradientsResult, kind: Kind, path: Path, dark: bool = False) -> None:
    """Write the chart as .png or .svg. Needs a QApplication.

    Raises:
        UserError: another ending, or a place that can't be written.
    """
    lines = GradientLines(result, kind)
    render_chart(lines.series, lines.frame, chart_words(result, kind, lines.band), path, dark)
