"""`study` on the command line."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TextIO

from explorer.cli.explain.command import check_output
from explorer.cli.headless import data_ref, prepared, show
from explorer.cli.study_text import lines
from explorer.engine.records import Step
from explorer.engine.study_files import read_header, request_to_json
from explorer.engine.study_records import StudyRequest, StudyResult
from explorer.engine.study_tables import csv_text, json_data, json_text
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.spec import NetworkSpec

_TEXT: dict[str, Callable[[StudyResult], str]] = {".csv": csv_text, ".json": lambda result: json_text(result) + "\n"}
_PICTURES = (".png", ".svg")
_BAR = 30
_REDRAW_S = 0.1
_LINE_S = 5.0
"""Between two lines where there is no terminal; a study that is done before says nothing."""


def study(arguments: argparse.Namespace) -> None:
    """Do a study; what is done when it is stopped lies in a file beside the output, for --resume."""
    check_output(arguments.output, (*_TEXT, *_PICTURES))
    session, spec, ref, device = prepared(arguments)
    request = StudyRequest(
        kind=arguments.kind, spec=spec, weights=ref, data=data_ref(arguments.data), images=arguments.images,
        seeds=arguments.seeds, most=arguments.most, downsampling=arguments.downsampling, fast=arguments.fast,
        reestimate=arguments.reestimate, device=device,
    )  # fmt: skip
    file = partial_file(arguments.kind, spec, arguments.output)
    if not arguments.resume:
        _check_partial(file, request)
    result: StudyResult | None = None
    with _Progress(sys.stderr if arguments.json else sys.stdout) as progress:
        try:
            with closing(session.study(request, file, arguments.resume)) as job:
                for told in job:
                    progress.tell(told)
                    if isinstance(told, StudyResult):
                        result = told
                        if told.finished and arguments.output is not None:
                            # Before the job goes on and removes the file: what can't be written is not lost.
                            _write(told, arguments.output)
        except KeyboardInterrupt:
            raise _stopped(file, result) from None
    assert result is not None
    show(json_data(result), arguments.json, lines(result, arguments.output))


def partial_file(kind: str, spec: NetworkSpec, output: Path | None) -> Path:
    """Where an unfinished study is kept: beside the output, or in the current folder."""
    if output is not None:
        return output.with_name(output.name + ".partial")
    return Path(f"study-{kind}-{catalog.preset_name(spec) or spec.name}.partial")


def _check_partial(file: Path, request: StudyRequest) -> None:
    """Whether a study that begins anew may take the file's place: where it is the same study's, or nothing is there.

    Raises:
        UserError: the file is none of ours, or holds what is done of another study.
    """
    if not file.exists():
        return
    kept = read_header(file).get("request")
    asked = json.loads(json.dumps(request_to_json(request)))  # as a file gives it back
    if not isinstance(kept, dict) or {**kept, "device": request.device} != asked:
        raise UserError(
            "{path} holds what is done of another study: finish that with --resume, remove the file, or choose another "
            "output with -o.",
            path=file,
        )  # fmt: skip


def _stopped(file: Path, result: StudyResult | None) -> KeyboardInterrupt:
    if result is None or not file.is_file():
        return KeyboardInterrupt("stopped")
    return KeyboardInterrupt(
        f"stopped; {file} holds what is done: give the same command with --resume to go on from there."
    )


def _write(result: StudyResult, output: Path) -> None:
    text = _TEXT.get(output.suffix.lower())
    if text is not None:
        with whole_file(output) as unfinished:
            unfinished.write_text(text(result), encoding="utf-8", newline="")
        return
    from explorer.app.study_export import render_study

    render_study([result], output)


class _Progress:
    """A bar with the time left on a terminal, a line every few seconds elsewhere.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._told = time.monotonic()
        self._left: float | None = None
        self._text = ""
        self._drawn = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def tell(self, told: Step | StudyResult) -> None:
        """What the job yields."""
        if isinstance(told, StudyResult):
            self._left = told.left
        else:
            self._text = told.text
        now = time.monotonic()
        if now - self._told < (_REDRAW_S if self._terminal else _LINE_S):
            return
        self._told = now
        share = told.fraction
        done = "" if share is None else f"{100 * share:3.0f} %"
        left = "" if self._left is None or share is None else f"  {duration(self._left)} left"
        if self._terminal:
            filled = 0 if share is None else round(_BAR * share)
            bar = "" if share is None else f"[{'#' * filled}{'-' * (_BAR - filled)}] "
            print(f"\r\x1b[K{self._text}  {bar}{done}{left}", end="", file=self._stream, flush=True)
            self._drawn = True
        else:
            print(f"{self._text}  {done}{left}", file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """`12 s`, `14 min` or `3.5 h`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"
