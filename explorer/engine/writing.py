"""Writing files so that none is ever left half written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from explorer.errors import UserError


def unfinished(path: Path) -> Path:
    """Where a file is written until it is complete."""
    return path.with_name(path.name + ".part")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is there then takes the place of the file at `path`, or nothing does.

    Raises:
        UserError: the file can't be written.
    """
    part = unfinished(path)
    try:
        yield part
        os.replace(part, path)
    except (OSError, RuntimeError, SafetensorError) as error:
        # Only the system's own errors come with a short reason; torch reports a full disk in several lines.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the disk may be full"
        raise UserError("{path} can't be written: {reason}.", path=path, reason=reason) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
