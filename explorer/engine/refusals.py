"""What is said of checkpoint files that are not read, and the limits beyond which they are not."""

from __future__ import annotations

from explorer.errors import UserError

MAX_HEADER = 32 * 2**20
"""Bytes of names and shapes; the deepest network here needs a tenth of it."""
MAX_ENTRIES = 200_000


def no_checkpoint(name: str) -> UserError:
    """Another kind of file."""
    return UserError(
        "{name} is not a checkpoint: choose a .pth, .pt, .th, .safetensors or .onnx file with a network's weights.",
        name=name,
    )


def damaged(name: str) -> UserError:
    """One that can't be read to its end."""
    return UserError(
        "{name} is damaged: it begins like a checkpoint, but can't be read to its end; get the file again.", name=name
    )


def refused(name: str) -> UserError:
    """One that carries a program."""
    return UserError(
        "{name} is refused, since opening it would run code that it carries: save the weights alone, with "
        "torch.save(network.state_dict(), file).",
        name=name,
    )


def no_weights(name: str) -> UserError:
    """One without tensors."""
    return UserError("{name} holds no weights: no state dict of tensors was found in it.", name=name)


def declares_more(name: str) -> UserError:
    """One that promises more than it has."""
    return UserError(
        "{name} declares more than it holds: its header speaks of tensors that lie behind the file's end; get the "
        "file again.",
        name=name,
    )


def long_header(name: str, length: int) -> UserError:
    """One with too long a header, of `length` bytes."""
    return UserError(
        "{name} has a header of {size:,.0f} MB or more; names and shapes of at most {most:,.0f} MB are read.",
        name=name, size=length / 2**20, most=MAX_HEADER / 2**20,
    )  # fmt: skip


def too_many(name: str, count: int) -> UserError:
    """One with too many entries."""
    return UserError(
        "{name} has {count:,} entries, more than any network of this program: at most {most:,} are read.",
        name=name, count=count, most=MAX_ENTRIES,
    )  # fmt: skip
