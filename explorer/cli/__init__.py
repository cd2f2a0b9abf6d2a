"""The command line: the window (default) and every headless command. Bad input ends with exit status 2."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from explorer.cli.arguments import COMMANDS, parse
from explorer.errors import UserError


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name.

    Returns:
        The exit status: 0, 2 for bad input (its one sentence on stderr), 130 after Ctrl-C.
    """
    try:
        arguments = parse(argv)
        if arguments.command in COMMANDS:
            return _headless(arguments)
        from explorer.cli.window import open_window

        return open_window(arguments)
    except UserError as error:
        print(f"main.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"main.py: {stop.args[0] if stop.args else 'stopped'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output stopped early (`| head`): no error, and nothing more may be written.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _headless(arguments: argparse.Namespace) -> int:
    from explorer.cli import headless

    return headless.run(arguments)
