"""The heap: freed memory is used again."""

from __future__ import annotations

import platform

import pytest
import torch

from explorer.engine.heap import keep_freed_memory


@pytest.mark.parametrize("megabytes", [1, 8, 24])
def test_freed_tensors_leave_their_pages_to_the_next(megabytes: int) -> None:
    """A page that is touched for the first time counts as a minor fault; a page used again does not."""
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
    if not keep_freed_memory():
        return
    import resource  # which Windows has not

    count = megabytes * 2**18
    for _ in range(20):
        torch.ones(count)  # torch's own code comes in, and the heap grows to what is needed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(count)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < 10 * megabytes * 256 / 4, "not a quarter of all pages; without the setting, all of them"
