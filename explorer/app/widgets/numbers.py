"""Numbers as a person reads them: grouped digits, three significant figures with a unit, per cent, signed points."""

from __future__ import annotations

import math

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

UNKNOWN = "–"
"""Stands for a number that there is not, or that is no number."""
_PREFIXES = ("", "k", "M", "G", "T", "P")


def whole(number: int) -> str:
    """1234567 -> `1,234,567`."""
    return f"{number:,}"


def scaled(number: float) -> tuple[str, str]:
    """Three significant figures and the prefix of the unit: 40551040 -> (`40.6`, `M`); whole numbers below 1,000."""
    if not math.isfinite(number):
        return UNKNOWN, ""
    if abs(number) < 1000:
        return f"{number:.0f}", ""
    step = 0
    # 999.5 is where three figures round up to the next prefix.
    while abs(number) >= 999.5 and step < len(_PREFIXES) - 1:
        number /= 1000
        step += 1
    decimals = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0
    return f"{number:.{decimals}f}", _PREFIXES[step]


def percent(share: float | None) -> str:
    """0.9168 -> `91.7`, without the sign; an en dash where there is no number."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{100 * share:.1f}"


def signed(points: float) -> str:
    """-2.41 -> `−2.4`, 0.3 -> `+0.3`; what rounds to nothing has no sign."""
    text = f"{abs(points):.1f}"
    return text if float(text) == 0 else f"{'−' if points < 0 else '+'}{text}"


def measured(value: float) -> str:
    """A value of a map, short: `0.0`, `4.7`, `−0.031`, `1.2e+06`."""
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size == 0:
        return "0.0"
    # From 0.995 on two figures would round to a bare 1.
    text = f"{size:.1f}" if 0.995 <= size < 1000 else f"{size:.2g}" if size < 1 else f"{size:.1e}"
    return f"−{text}" if value < 0 else text


def tabular(widget: QWidget) -> None:
    """Give every digit the same width, so that figures below each other align."""
    font = widget.font()
    font.setFeature(QFont.Tag("tnum"), 1)
    widget.setFont(font)
