"""The fill of a block by a quantity: a sequential scale that survives colour blindness and a greyscale print.

One hue that no stage has, from nearly the ground to a deep (on dark: bright) violet; lightness only ever goes one way.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor

from explorer.app.theme import Palette, mixed

_LIGHT = ("#f6f3fb", "#d3c5ec", "#a98dd6", "#7a4fb5", "#43127a")
_DARK = ("#2a2738", "#4a3a75", "#7656b4", "#a584e3", "#dccdfb")
_GREY = ("#ffffff", "#d2d2d2", "#9f9f9f", "#676767", "#222222")
_STEPS = 96
"""Colours are shared among so many steps of the scale, finer than an eye can tell."""
_LEGIBLE = 4.5
"""Least contrast of text on its ground (WCAG 2.2, 1.4.3)."""


def heat(share: float, palette: Palette, grey: bool = False) -> QColor:
    """The colour at a place of the scale, 0 … 1."""
    return _colour(round(share * _STEPS), palette.dark, grey)


@lru_cache(maxsize=4 * (_STEPS + 1))
def _colour(step: int, dark: bool, grey: bool) -> QColor:
    stops = _GREY if grey else _DARK if dark else _LIGHT
    at = step / _STEPS * (len(stops) - 1)
    index = min(int(at), len(stops) - 2)
    return mixed(QColor(stops[index + 1]), at - index, stops[index])


def text_on(ground: QColor, grey: bool = False) -> QColor:
    """Words that can be read on a ground: of ink, white and black the first with enough contrast."""
    for name in ("#000000" if grey else "#1d232b", "#ffffff"):
        if contrast(QColor(name), ground) >= _LEGIBLE:
            return QColor(name)
    return QColor("#000000")


def contrast(one: QColor, other: QColor) -> float:
    """Of two colours, 1 … 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 … 1 (WCAG 2.2; the sRGB transfer function)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
