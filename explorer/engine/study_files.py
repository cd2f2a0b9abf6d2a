"""Files of studies that were not finished: what they are called and what their header says; without torch.

Such a file is NumPy's `.npz`, without pickles, whatever its name. Its member `header` is a JSON object; the answers lie
beside it (`explorer.engine.studies.storage`).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from explorer.engine.records import DataRef, WeightsKind, WeightsRef
from explorer.engine.study_records import StudyKind, StudyRequest
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec

FORMAT, VERSION = "resnet-explorer study", 1
SUFFIX = ".study"
"""Of the window's own files; on the command line it is `.partial`."""
_DAMAGE = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file raises that is none of ours, or is cut short."""


@dataclass(frozen=True)
class Unfinished:
    """A study that can be taken up again.

    Attributes:
        path: of its file.
        request: what was asked.
        fraction: of all work done.
        saved: when, in seconds since 1970.
    """

    path: Path
    request: StudyRequest
    fraction: float
    saved: float


def path_for(folder: Path, request: StudyRequest) -> Path:
    """Where a study is kept until it is finished: one file for each request, whatever its device."""
    text = json.dumps(request_to_json(replace(request, device="")), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return folder / f"{request.kind}-{request.spec.name}-{digest}{SUFFIX}"


def unfinished(folder: Path) -> list[Unfinished]:
    """The studies that lie in a folder, the last saved first; files that can't be read are passed over."""
    found = []
    try:
        paths = sorted(folder.glob(f"*{SUFFIX}"))
    except OSError:
        return []
    for path in paths:
        try:
            header = read_header(path)
            saved = path.stat().st_mtime
            found.append(Unfinished(path, request_from_json(header["request"]), float(header["fraction"]), saved))
        except (UserError, OSError, KeyError, TypeError, ValueError):
            continue
    return sorted(found, key=lambda study: -study.saved)


def read_header(path: Path) -> dict[str, Any]:
    """The header of an unfinished study.

    Raises:
        UserError: the file is no such file, is damaged, or was written by a newer program.
    """
    return read(path)[0]


def read(path: Path, *names: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and some of the arrays of an unfinished study.

    Raises:
        UserError: the file is no such file, is damaged, or was written by a newer program.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            arrays = [np.asarray(file[name]) for name in names]
        if not isinstance(header, dict) or header["format"] != FORMAT:
            raise ValueError
        version = header["version"]
    except OSError as error:
        if error.strerror is None:
            raise _foreign(path) from None  # NumPy's own: the file is of no kind that it knows
        raise UserError("{path} can't be read: {reason}.", path=path, reason=error.strerror) from None
    except _DAMAGE:
        raise _foreign(path) from None
    if version != VERSION:
        raise UserError(
            "{path} is a study of another version of this program: choose another file, or remove it to begin anew.",
            path=path,
        )  # fmt: skip
    return header, arrays


def _foreign(path: Path) -> UserError:
    return UserError(
        "{path} is not an unfinished study, or it is damaged: choose another file, or remove it to begin anew.",
        path=path,
    )


# -- requests ----------------------------------------------------------------------------------------------------


def request_to_json(request: StudyRequest) -> dict[str, Any]:
    """A request as what JSON can hold."""
    return {**asdict(request), "spec": json.loads(request.spec.to_json())}


def request_from_json(values: dict[str, Any]) -> StudyRequest:
    """What `request_to_json` made.

    Raises:
        UserError, KeyError, TypeError, ValueError: it made something else.
    """
    known = {field.name for field in fields(StudyRequest)}
    if set(values) != known or values["kind"] not in get_args(StudyKind):
        raise ValueError("not a study's request")
    weights = values["weights"]
    return StudyRequest(
        **{
            **values,
            "spec": NetworkSpec.from_json(json.dumps(values["spec"])),
            "weights": WeightsRef(WeightsKind(weights["kind"]), str(weights["value"])),
            "data": DataRef(**values["data"]),
        }
    )
