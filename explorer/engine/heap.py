"""The C library's heap: what torch frees on the CPU is kept for its next tensors."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt(3) in glibc's malloc.h."""
_LARGEST_FROM_HEAP = 32 * 2**20
"""Bytes; glibc takes no more. By default every tensor of 128 KiB and more may get pages of its own from the system."""
_KEPT = 256 * 2**20
"""Bytes of free heap that are not given back to the system."""


@cache
def keep_freed_memory() -> bool:
    """Have glibc reuse freed memory instead of asking the system for new pages, whose first touch costs up to a tenth
    of a forward pass that keeps its maps. Done once a process.

    Returns:
        Whether it took effect: on Linux with glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False  # another C library, which has no such setting
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_FROM_HEAP) and mallopt(_M_TRIM_THRESHOLD, _KEPT))
