"""Where the files that come with the program lie."""

from __future__ import annotations

import json
from pathlib import Path

from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec

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


def bundled_network(name: str) -> tuple[NetworkSpec, str] | None:
    """The network of a preset's bundled weights, with the input that they need, and the weights' name; None where
    there are none.

    Args:
        name: of the preset.
    """
    for path in bundled_weights():
        if path.stem.rpartition("-fashion-mnist")[0] == name:
            card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return NetworkSpec.from_json(json.dumps(card["spec"])), path.stem
    return None


def bundled_weights() -> list[Path]:
    """Every bundled weights file, by name; empty where there is none."""
    return sorted(FOLDER.joinpath("weights").glob("*.safetensors"))
