"""Devices: what there is, choosing, falling back."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest
import torch

from explorer.engine import devices
from explorer.engine.records import CPU, DeviceInfo
from explorer.engine.steps import finish
from explorer.errors import UserError
from tests.engine.sentences import assert_one_sentence

CARD = DeviceInfo("cuda:0", "Card")
LOST = (
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("No CUDA GPUs are available"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"),
    AssertionError("Torch not compiled with CUDA enabled"),
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
)
FULL = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    MemoryError(),
)


@pytest.fixture
def two_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two equal cards."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "NVIDIA H200")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_the_cpu_comes_first_and_torch_knows_every_device() -> None:
    present = devices.devices()
    assert present[0] == CPU
    assert len({device.id for device in present}) == len({device.title for device in present}) == len(present)
    for device in present:
        assert torch.zeros(1, device=device.id).item() == 0


@pytest.mark.usefixtures("two_cards")
def test_equal_cards_are_told_apart() -> None:
    assert [device.title for device in devices.devices()] == ["CPU", "NVIDIA H200 (0)", "NVIDIA H200 (1)"]
    assert devices.choose("cuda").id == devices.choose("auto").id == "cuda:0"
    assert devices.choose(" CUDA:1 ").id == "cuda:1"


def test_apples_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.choose("mps") == devices.choose("auto") == DeviceInfo("mps", "Apple GPU (MPS)")


def test_a_broken_driver_means_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise RuntimeError("CUDA driver initialization failed")

    monkeypatch.setattr(torch.cuda, "device_count", broken)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.devices() == (CPU,)
    assert devices.choose("auto") == devices.choose("cpu") == CPU


@pytest.mark.usefixtures("two_cards")
@pytest.mark.parametrize("text", ["cuda:7", "mps", "", "gpu", "cuda:x"])
def test_a_device_that_is_not_there(text: str) -> None:
    with pytest.raises(UserError, match="cpu, cuda:0, cuda:1, or auto") as caught:
        devices.choose(text)
    assert_one_sentence(caught.value)


@pytest.mark.parametrize("error", LOST, ids=str)
def test_lost_devices_are_recognised(error: Exception) -> None:
    assert devices.is_device_lost(error)
    assert not devices.is_out_of_memory(error)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_full_memory_is_recognised(error: Exception) -> None:
    assert devices.is_out_of_memory(error)
    assert not devices.is_device_lost(error)


@pytest.mark.parametrize(
    ("abilities", "pays"),
    [({"avx2": True}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"amx_bf16": False}, False)],
    ids=str,
)
def test_bfloat16_pays_where_the_processor_has_instructions_for_it(
    abilities: dict[str, bool], pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities, raising=False)
    assert devices.bf16_pays("cpu") == pays
    assert not devices.bf16_pays("mps")


@pytest.mark.gpu
def test_bfloat16_on_a_real_card_pays_from_ampere_on() -> None:
    assert devices.bf16_pays("cuda:0") == (torch.cuda.get_device_capability(0) >= (8, 0))


def test_real_errors_of_torch() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert devices.is_out_of_memory(caught.value)
    if not torch.cuda.is_available():
        with pytest.raises((RuntimeError, AssertionError)) as lost:
            torch.zeros(1, device="cuda")
        assert devices.is_device_lost(lost.value)


def test_other_errors_are_not_taken_for_either() -> None:
    for error in (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("CUDA error"), KeyError("x")):
        assert not devices.is_device_lost(error)
        assert not devices.is_out_of_memory(error)


@pytest.mark.parametrize("error", [*LOST, *FULL], ids=str)
def test_a_run_falls_back_to_the_cpu_and_says_so(error: Exception) -> None:
    tried: list[str] = []

    def run(device: DeviceInfo, note: str) -> Generator[str, None, str]:
        tried.append(device.id)
        yield f"on {device.id}"
        if device != CPU:
            raise error
        return note

    told: list[str] = []
    note = finish(devices.run_with_fallback(run, CARD), told.append)
    assert (tried, told) == (["cuda:0", "cpu"], ["on cuda:0", "on cpu"])
    assert note.startswith("Card ")
    assert note.endswith("so this ran on the CPU.")


def job(work: Callable[[str], str]) -> Callable[[DeviceInfo, str], Generator[None, None, str]]:
    """A job without steps."""

    def run(device: DeviceInfo, note: str) -> Generator[None, None, str]:
        yield from ()
        return work(device.id) + note

    return run


def test_where_all_is_well_nothing_is_said() -> None:
    assert finish(devices.run_with_fallback(job(str), CARD)) == "cuda:0"


def test_mistakes_are_not_covered_up() -> None:
    def work(device: str) -> str:
        raise RuntimeError(f"a mistake on {device}")

    with pytest.raises(RuntimeError, match="a mistake on cuda:0"):
        finish(devices.run_with_fallback(job(work), CARD))


def test_when_the_cpu_is_full_too_it_is_one_sentence() -> None:
    def work(device: str) -> str:
        raise RuntimeError("out of memory")

    for device in (CARD, CPU):
        with pytest.raises(UserError, match="not enough memory") as caught:
            finish(devices.run_with_fallback(job(work), device))
        assert_one_sentence(caught.value)


@pytest.mark.gpu
def test_a_real_card_out_of_memory_falls_back() -> None:
    def work(device: str) -> str:
        free = 1 << 30 if device == "cpu" else torch.cuda.mem_get_info()[1] * 2
        return torch.empty(free, dtype=torch.uint8, device=device).device.type

    said = finish(devices.run_with_fallback(job(work), devices.choose("cuda")))
    assert said.startswith("cpu")
    assert "is out of memory, so this ran on the CPU." in said


def test_small_work_takes_one_thread_and_gives_the_others_back() -> None:
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with devices.threads_for(31_000_000):
            assert torch.get_num_threads() == 1
        with devices.threads_for(1_800_000_000):
            assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), devices.threads_for(1):
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)
