"""The kinds of `explain`, and what their command lines have in common."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.values import ids
from explorer.engine.records import UNTRAINED, Picture, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session

_PICTURES = (".png", ".svg")
KINDS = {
    "blocks": "what each block adds: |F(x)| / |x|, cosine, response, and the prediction after each block",
    "gradients": "the loss's gradient at every block and convolution, beside the plain twin",
    "paths": "how many paths there are, how long, and which carry the gradient (Veit et al. 2016, section 5)",
    "cam": "Grad-CAM: which parts of the picture speak for a class",
}


def add_kinds(explain: argparse.ArgumentParser, network_help: str, weights_help: str, data_help: str) -> None:
    """The sub-commands; the modules are light: none of them imports torch or Qt at once."""
    kinds = explain.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, text in KINDS.items():
        parser = kinds.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="a picture (a bundled sample)")
        parser.add_argument("--network", default="resnet20", metavar="N", help=network_help)
        parser.add_argument("--weights", metavar="W", help=f"{weights_help} (bundled ones, or untrained)")
        parser.add_argument("--delete", default="", metavar="IDS", help="blocks to delete, ids with commas")
        parser.add_argument("--device", default="cpu", metavar="DEV", help="cpu, cuda, cuda:1, mps or auto")
        parser.add_argument("--data", default="fashion-mnist", metavar="D", help=data_help)
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=".csv, .png or .svg")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        import_module(f"{__package__}.{name}").add_arguments(parser)


def explain(arguments: argparse.Namespace) -> None:
    """Run the kind that was asked for."""
    import_module(f"{__package__}.{arguments.kind}").run(arguments)


def check_output(output: Path | None, suffixes: Sequence[str] = (".csv", *_PICTURES)) -> None:
    """Whether a file can be written, asked before the work; the folder must be there.

    Args:
        output: the file; None where none is asked for.
        suffixes: endings that it may have.

    Raises:
        UserError: another ending, a folder in the way or none around it, or a place that can't be written; for a
            picture, what Qt needs is missing.
    """
    if output is None:
        return
    suffix = output.suffix.lower()
    if suffix not in suffixes:
        known = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise UserError("{path} must end in {suffixes}.", path=output, suffixes=known)
    try:
        if output.is_dir():
            raise UserError(
                "{path} is a folder, and a file of that name is to be written; choose another name.", path=output
            )
        if not output.parent.is_dir():
            raise UserError(
                "{path} can't be written: there is no folder {folder}; make it, or choose another place.",
                path=output, folder=output.parent,
            )  # fmt: skip
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise UserError("{path} can't be written: {reason}.", path=output, reason=error.strerror or error) from None
    if suffix in _PICTURES:
        from explorer.cli.window import qt_application

        qt_application(headless=True)


def finished(job: Generator[Any, None, Any]) -> Any:
    """The job's result, with how far it is where somebody looks at a terminal."""
    from explorer.engine.records import Step
    from explorer.engine.steps import finish

    drawn = False

    def tell(told: object) -> None:
        nonlocal drawn
        if sys.stderr.isatty() and isinstance(told, Step) and told.fraction is not None:
            print(f"\r\x1b[K{told.text}  {100 * told.fraction:3.0f} %", end="", file=sys.stderr, flush=True)
            drawn = True

    try:
        return finish(job, tell)
    finally:
        if drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Prepared:
    """What the common arguments name.

    Attributes:
        session: to run on.
        spec, weights: the network, with the input and classes that its weights need.
        deleted: ids of deleted blocks.
        device: torch's name.
        picture: the one given, or the first bundled sample.
        notes: sentences to tell the person.
    """

    session: Session
    spec: NetworkSpec
    weights: WeightsRef
    deleted: frozenset[str]
    device: str
    picture: Picture
    notes: tuple[str, ...]


def prepared(arguments: argparse.Namespace) -> Prepared:
    """What the common arguments name, checked.

    Without `--weights` the bundled ones of the network are taken, or its initialisation, which a note says.

    Raises:
        UserError: one of them can't be.
    """
    spec = catalog.find(arguments.network)
    from explorer.engine import devices, weights
    from explorer.engine.pictures import open_picture
    from explorer.engine.session import Session
    from explorer.engine.steps import finish

    session, notes = Session(), []
    if arguments.weights is not None:
        ref = weights.parse_ref(arguments.weights, spec)
    elif (bundled := bundled_network(catalog.preset_name(spec) or "")) is not None:
        spec, ref = bundled[0], WeightsRef(WeightsKind.BUNDLED, bundled[1])
    else:
        ref = UNTRAINED
    info = finish(session.load(spec, ref)).info
    if ref == UNTRAINED:
        notes.append(f"{spec.name} is untrained: it is measured as it was initialised.")
    deleted = info.spec.check_ids(ids(arguments.delete))
    picture = open_picture(arguments.image) if arguments.image else finish(session.open_picture("sample", 0))
    notes += [note for note in (info.adapted, picture.note) if note]
    device = devices.choose(arguments.device).id
    return Prepared(session, info.spec, ref, deleted, device, picture, tuple(notes))
