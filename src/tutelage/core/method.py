"""@method: a class whose fields are its settings; frozen, keyword-only, validated, unknown settings refused."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from tutelage.core.pupil import Pupil

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def method(cls: type[T]) -> type[T]:
    """Make `cls` a method: its annotated fields become settings that are checked when the recipe is read."""
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, validate_default=True)
    return cast("type[T]", dataclass(frozen=True, kw_only=True, config=config)(cls))


def settings(part: Any) -> dict[str, Any]:
    """The spec that builds `part` again: {"use": name, field: value, ...}; nested parts are nested specs.

    Settings that are grouped in a class of ours outside the rooms (learn.privacy) are a group without `use`.
    """
    from tutelage.core.parts import name_of, room_of

    def plain(value: Any) -> Any:
        if isinstance(value, Pupil):
            return value.spec()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            spec = settings(value)
            if type(value).__module__.startswith("tutelage.kit.") and not room_of(type(value)):
                del spec["use"]
            return spec
        if isinstance(value, (tuple, list)):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return value

    fields = {f.name: plain(getattr(part, f.name)) for f in dataclasses.fields(part)}
    return {"use": name_of(type(part)), **fields}
