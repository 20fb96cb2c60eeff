"""Several processes that teach one student together: who is the main one, and what it tells the others.

A launcher (`accelerate launch`, torchrun) starts the same command several times and says in the environment who is
who. Without one there is one process, which is the main one, and nothing here costs anything.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from tutelage.core.errors import TutelageError

LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR")
PATIENCE = timedelta(days=30)  # for what the main process does alone, such as asking an endpoint
T = TypeVar("T")


def on_cpu() -> bool:
    """Whether the environment asks for the CPU, as accelerate reads it."""
    return os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes", "y", "on", "t"}


def count() -> int:
    """Processes that were launched together."""
    return int(os.environ["WORLD_SIZE"]) if all(name in os.environ for name in LAUNCHED) else 1


def main() -> bool:
    """Whether this is the process that owns record, till and files."""
    return count() == 1 or int(os.environ["RANK"]) == 0


def told(word: T | None) -> T:
    """What the main process says; the others hand over None. They wait for it."""
    if count() == 1:
        return word  # type: ignore[return-value]
    from torch.distributed import broadcast_object_list

    held = [word]
    broadcast_object_list(held, src=0, group=_words())
    return held[0]  # type: ignore[return-value]


def once(call: Callable[[], T]) -> T:
    """Done by the main process alone; the others get what came of it. Its error is an error in all of them."""
    if count() == 1:
        return call()
    failed: BaseException | None = None
    value: T | None = None
    if main():
        try:
            value = call()
        except BaseException as error:  # the others must not wait for a value that will never come
            failed = error
    done, value = told((failed is None, value) if main() else None)
    if failed is not None:
        raise failed
    if not done:
        raise TutelageError("the main process could not do its part; its own message says why")
    return value  # type: ignore[return-value]


def agreed(mark: str, what: str) -> None:
    """TutelageError in every process unless all hold the same `mark`: no sums over different things."""
    if count() == 1:
        return
    from torch.distributed import all_gather_object

    marks: list[Any] = [None] * count()
    all_gather_object(marks, mark, group=_words())
    if len(set(marks)) > 1:
        raise TutelageError(
            f"the {count()} processes that were launched together do not hold the same {what}; the same software and "
            "files have to be seen by all of them"
        )


@functools.cache
def _words() -> Any:
    """A group for words alone, on the CPU: it cannot be mixed up with the sums of gradients, and has more patience."""
    from torch.distributed import new_group

    begun()
    return new_group(backend="gloo", timeout=PATIENCE)


HELD: list[Callable[[], None]] = [_words.cache_clear]  # caches of groups, or of what holds one


def begun() -> None:
    """Have accelerate join the processes, where there are several. It has to be told that there is no CUDA device.

    A launcher for FSDP asks transformers to read a model in the first process alone; here each has all of its weights.
    """
    if count() > 1:
        os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"
        import torch
        from accelerate import PartialState

        PartialState(cpu=not torch.cuda.is_available() or on_cpu())


def ended() -> None:
    """Take leave of the others, once, at the end.

    A group that somebody still holds when the interpreter ends takes the process with it: its threads are not joined.
    """
    from torch.distributed import destroy_process_group, is_initialized

    if is_initialized():
        for let_go in HELD:
            let_go()
        destroy_process_group()
