"""Processes that were launched together; with one of them, everything is done here and nothing is asked of torch."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from tutelage.kit import processes


def test_one_process_is_the_main_one(monkeypatch) -> None:
    """A machine that happens to set WORLD_SIZE alone has launched nothing."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.delenv("RANK", raising=False)
    assert processes.count() == 1 and processes.main()
    assert processes.told("word") == "word" and processes.once(lambda: 7) == 7
    processes.agreed("anything", "lessons")
    with pytest.raises(ZeroDivisionError):
        processes.once(lambda: 1 // 0)


def test_launched_processes_are_counted(monkeypatch) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    assert processes.count() == 2 and not processes.main()


def test_nothing_is_imported_for_it() -> None:
    code = "import sys; from tutelage.kit.processes import once; once(int); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


def test_no_group_outlives_the_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that is still held when the interpreter ends aborts it, so no cache may keep one."""
    distributed = pytest.importorskip("torch.distributed")
    monkeypatch.setattr(processes, "begun", lambda: None)  # one process is no launch
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    held = weakref.ref(processes._words())
    assert held() is not None
    processes.ended()
    gc.collect()
    assert held() is None and not distributed.is_initialized()
    processes.ended()  # once more is nothing
