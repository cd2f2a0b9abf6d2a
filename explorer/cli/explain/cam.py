"""To be written."""

from __future__ import annotations

import argparse

from explorer.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this kind takes."""


def run(arguments: argparse.Namespace) -> None:
    raise UserError("Not there yet.")
