"""The devices of this machine: CPU, every CUDA device, MPS; choosing one, and falling back when it fails."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch

from explorer.engine.records import CPU, DeviceInfo
from explorer.errors import UserError
from explorer.sentences import Sentence

Result = TypeVar("Result")
Told = TypeVar("Told")

_SMALL = 100_000_000
"""Multiply-adds: those of a ResNet-44 on one CIFAR image."""
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed", "std::bad_alloc")
_CPU_BF16 = ("amx_bf16", "avx512_bf16")
_LOST = (
    "cuda error", "cudnn_status", "cudnn error", "cublas_status", "nvidia driver", "no cuda gpus",
    "cuda-capable device", "invalid device ordinal", "not compiled with cuda", "hip error",
    "cannot access accelerator device", "mps backend", "nvml", "not linked with support for mps",
)  # fmt: skip


def devices() -> tuple[DeviceInfo, ...]:
    """What this machine has, the CPU first; devices of the same name get a number."""
    found = [CPU, *_cuda()]
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", "Apple GPU (MPS)"))
    return tuple(found)


def _cuda() -> list[DeviceInfo]:
    try:
        # A driver that doesn't answer is told as a warning; here it only means that there is no such device.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    except (RuntimeError, AssertionError):
        return []
    several = Counter(names)
    return [
        DeviceInfo(f"cuda:{index}", f"{name} ({index})" if several[name] > 1 else name)
        for index, name in enumerate(names)
    ]


def choose(text: str) -> DeviceInfo:
    """A device by name: `cpu`, `cuda` (the first), `cuda:1`, `mps`, or `auto`: the first CUDA device, MPS, CPU, in
    this order.

    Raises:
        UserError: no such device here.
    """
    present = devices()
    wanted = text.strip().lower()
    if wanted == "auto":
        return present[1] if len(present) > 1 else CPU
    if wanted == "cuda":
        wanted = "cuda:0"
    for device in present:
        if device.id == wanted:
            return device
    raise UserError(
        "This machine has no device {name}; choose {present}, or auto.",
        name=text, present=", ".join(device.id for device in present),
    )  # fmt: skip


def choose_or_cpu(name: str) -> tuple[DeviceInfo, str]:
    """The device, or the CPU and a sentence where it has gone since it was chosen."""
    try:
        return choose(name), ""
    except UserError:
        return CPU, Sentence("The device {name} is not there any more, so this ran on the CPU.", name=name)


def bf16_pays(device: str) -> bool:
    """Whether a device computes faster in bfloat16 than in float32: where it has instructions of its own for it.

    Never on MPS, where autocast to it is young.

    Args:
        device: torch's name.
    """
    if device.startswith("cuda"):
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == CPU.id:
        # An older torch doesn't tell; float32 is right everywhere.
        abilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
        return any(bool(abilities.get(name)) for name in _CPU_BF16)
    return False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device, or the machine, has no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _says(error, _OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Whether a device stopped working or isn't there any more."""
    if is_out_of_memory(error):
        return False
    accelerator_error = getattr(torch, "AcceleratorError", None)
    if accelerator_error is not None and isinstance(error, accelerator_error):
        return True
    return isinstance(error, RuntimeError | AssertionError | NotImplementedError) and _says(error, _LOST)


def _says(error: BaseException, phrases: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(phrase in text for phrase in phrases)


def fallback_note(error: BaseException, device: DeviceInfo) -> str | None:
    """The sentence that goes with falling back to the CPU after `error`; None where the error is no reason to.

    On the CPU there is nothing to fall back to.

    Raises:
        UserError: the CPU itself is out of memory.
    """
    if device.id == CPU.id:
        if is_out_of_memory(error):
            raise UserError(
                "There is not enough memory for this network: choose a smaller one, or a smaller input side."
            ) from None
        return None
    if is_out_of_memory(error):
        return Sentence("{device} is out of memory, so this ran on the CPU.", device=device.title)
    if is_device_lost(error):
        return Sentence("{device} doesn't answer any more, so this ran on the CPU.", device=device.title)
    return None


def run_with_fallback(
    run: Callable[[DeviceInfo, str], Generator[Told, None, Result]],
    device: DeviceInfo,
    note: str = "",
    leave: Callable[[DeviceInfo], None] | None = None,
) -> Generator[Told, None, Result]:
    """Run a job on a device, and once more on the CPU where the device is out of memory or gone.

    Args:
        run: makes the job, given the device and the sentence to tell; it must be able to start afresh.
        device: where to run.
        note: the sentence to tell where all goes well, empty for none.
        leave: drops what is kept on a device that failed; `release` where there is nothing else to drop.

    Raises:
        UserError: the CPU is out of memory too.
    """
    try:
        return (yield from run(device, note))
    except Exception as error:
        reason = fallback_note(error, device)
        if reason is None:
            raise
    # Here, where no error holds the tensors of the frames that it came through any more.
    (leave or release)(device)
    try:
        return (yield from run(CPU, reason))
    except Exception as error:
        fallback_note(error, CPU)
        raise


@contextmanager
def threads_for(macs: int) -> Iterator[None]:
    """Few multiply-adds on one thread, more on as many as torch takes.

    A small pass gains nothing from a second thread, and waits for it in every layer where other programs keep the
    processor busy.

    Args:
        macs: of the work inside the `with`, which must not yield to other jobs.
    """
    usual = torch.get_num_threads()
    if macs > _SMALL or usual == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def release(device: DeviceInfo) -> None:
    """Give a device's unused memory back; a device that is gone has none to give."""
    try:
        if device.id.startswith("cuda"):
            torch.cuda.empty_cache()
        elif device.id == "mps":
            torch.mps.empty_cache()
    except (RuntimeError, AssertionError):
        return
