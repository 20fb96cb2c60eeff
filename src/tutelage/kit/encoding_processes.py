"""Encode chunks of texts in several processes, each with one thread.

Each process is this Python running `tutelage.kit.encoding_process`, told over a pipe which encoder to build. Nothing
is pickled and the caller's main module is not imported again, so it works from a script, a notebook or a worker.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import numpy as np

from tutelage.core.data import Floats32
from tutelage.core.errors import TutelageError
from tutelage.core.method import settings
from tutelage.core.parts import room_of
from tutelage.kit.frames import read_frame, write_frame

ROOM = "student.text.encoder"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def can_be_rebuilt(encoder: Any) -> bool:
    """Whether another process can build this encoder from its settings: it is a part of our own encoder room."""
    return dataclasses.is_dataclass(encoder) and room_of(type(encoder)) == ROOM


def encode_chunks(encoder: Any, chunks: Iterator[list[str]], processes: int) -> Iterator[tuple[int, Floats32]]:
    """(which chunk, its vectors) as they are finished; at most two chunks a process are read ahead."""
    spec = settings(encoder)
    idle: queue.SimpleQueue[EncodingProcess] = queue.SimpleQueue()

    def ask(texts: Sequence[str]) -> Floats32:
        worker = idle.get()
        try:
            return worker.encode(texts)
        finally:
            idle.put(worker)

    with ExitStack() as stack:
        for _ in range(processes):
            idle.put(stack.enter_context(EncodingProcess(spec)))
        threads = ThreadPoolExecutor(processes)
        stack.callback(threads.shutdown, cancel_futures=True)
        under_way: dict[Future[Floats32], int] = {}
        for place, texts in enumerate(chunks):
            under_way[threads.submit(ask, texts)] = place
            if len(under_way) >= 2 * processes:
                yield from _finished(under_way)
        while under_way:
            yield from _finished(under_way)


def _finished(under_way: dict[Future[Floats32], int]) -> Iterator[tuple[int, Floats32]]:
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for one in sorted(done, key=under_way.__getitem__):
        yield under_way.pop(one), one.result()


class EncodingProcess:
    """One process with one encoder in it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def __enter__(self) -> EncodingProcess:
        self.said = tempfile.TemporaryFile()
        env = {**os.environ, **ONE_THREAD, "TOKENIZERS_PARALLELISM": "false"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tutelage.kit.encoding_process"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, env=env,
        )  # fmt: skip
        write_frame(self.process.stdin, json.dumps(self.spec).encode())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                continue  # it died with something unread; whoever asked has been told
        self.process.wait()
        self.said.close()

    def encode(self, texts: Sequence[str]) -> Floats32:
        """(n, d). Raises TutelageError with what the process said when it fails or dies."""
        try:
            write_frame(self.process.stdin, json.dumps(list(texts)).encode())
            answer = json.loads(read_frame(self.process.stdout))
            if "error" not in answer:
                data = np.frombuffer(read_frame(self.process.stdout), dtype="<f4")
                return data.reshape(answer["shape"]).copy()
        except (EOFError, BrokenPipeError):
            answer = {"error": f"it ended early (exit code {self.process.wait()}): {self._last_words()}"}
        raise TutelageError(f"a process that encodes texts failed: {answer['error']}")

    def _last_words(self) -> str:
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
