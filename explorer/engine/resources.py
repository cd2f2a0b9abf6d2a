"""Where the files that come with the program lie."""

from __future__ import annotations

from pathlib import Path

from explorer.errors import UserError

FOLDER = Path(__file__).resolve().parents[2] / "resources"
"""`resources` beside the package, in the checkout that the program runs from."""


def resource(*parts: str) -> Path:
    """A bundled file or folder: `resource("datasets", "fashion-mnist-2000.npz")`.

    Raises:
        UserError: it isn't there.
    """
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        raise UserError(
            "{path}, which comes with the program, is missing: get the whole program again, with its folder resources.",
            path=path,
        )
    return path


def bundled_weights() -> list[Path]:
    """Every bundled weights file, by name; empty where there is none."""
    return sorted(FOLDER.joinpath("weights").glob("*.safetensors"))
