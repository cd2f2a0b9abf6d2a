"""What other programs call the parameters of the same networks -> what this program calls them.

Each module knows one family: a function from a file's names and shapes to names of that family. It gives a name of
the family to what it knows and leaves everything else as it is; whether the result is a network is judged elsewhere.
The names are those of the repositories' own code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]
"""Name of an entry -> its shape."""

BOOKKEEPING = ("total_ops", "total_params")
"""What counting tools leave in a state dict."""
COUNTER = "num_batches_tracked"
_PREFIX = re.compile(
    r"^(?:(?:module|_orig_mod|model|backbone|network|net|encoder|resnet|base_model|model_ema|ema_model|trunk|student"
    r"|feature_extractor|cnn|_model)\.)+"
)


def unwrapped(keys: Mapping[str, object]) -> dict[str, str]:
    """Key in the file -> the same without the prefixes that wrappers leave; counting tools' entries left out."""
    return {key: _PREFIX.sub("", key) for key in keys if not key.endswith(BOOKKEEPING)}


def without_common_prefix(keys: Mapping[str, str]) -> dict[str, str] | None:
    """The same keys without the first part of their names, where all share it; None where they don't."""
    firsts = {plain.partition(".")[0] for plain in keys.values()}
    if len(firsts) != 1 or not all("." in plain for plain in keys.values()):
        return None
    return {key: plain.partition(".")[2] for key, plain in keys.items()}
