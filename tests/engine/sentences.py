"""What every error that a person reads must be like."""

from __future__ import annotations

import re

from explorer.errors import UserError


def assert_one_sentence(error: UserError) -> None:
    """One line, one full stop at its end, no value left unfilled, no Python in it."""
    text = str(error)
    assert text.endswith("."), text
    assert "\n" not in text, text
    assert not re.search(r"\{[a-z_]+\}", text), text
    assert not re.search(r"[.!?] [A-Z]", text), text
    assert not re.search(r"Traceback|Error\b|Errno|<class|object at|None\b(?! of)", text), text
    assert 20 < len(text) < 500, text
