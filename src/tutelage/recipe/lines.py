"""YAML with line numbers: plain values, and for every key path the line that it stands on."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from tutelage.core.errors import Fault, Refused

Path = tuple[str, ...]


class Source(NamedTuple):
    """Where a recipe's keys stand, so that every complaint can name a line."""

    name: str
    lines: dict[Path, int]

    def place(self, path: str, arm: str = "", first: str = "") -> str:
        """Such as `mine.yaml, line 7, choose.use`: the arm's own line if it has one, else that of the first arm."""
        keys = tuple(path.split(".")) if path else ()
        starts: list[Path] = [("arms", arm), ("arms", first), ()] if arm else [()]
        for start in starts:
            for length in range(len(keys), 0, -1):
                line = self.lines.get(start + keys[:length])
                if line is not None:
                    return f"{self.name}, line {line}, {path}"
        return f"{self.name}, {path}" if path else self.name


def parse(text: str, name: str) -> tuple[dict[str, Any], Source]:
    """The mapping that `text` holds. Refused for broken YAML, a key given twice, or anything but a mapping."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise Refused(Fault(f"{name}{line}", f"this is not YAML: {error.problem or error.context}")) from None
    if not isinstance(node, yaml.MappingNode):
        raise Refused(Fault(name, "a recipe is a mapping of keys, such as `data: {use: banking77}`"))
    lines: dict[Path, int] = {}
    faults: list[Fault] = []
    value = _value(node, (), lines, faults, name)
    if faults:
        raise Refused(faults)
    return value, Source(name, lines)


def written(text: str) -> Any:
    """One value as a recipe writes it; keys stay words, also `on` and `no`. What is no YAML is the text itself."""
    faults: list[Fault] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return text
    made = None if node is None else _value(node, (), {}, faults, "")
    if faults:
        raise Refused(faults)
    return made


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], faults: list[Fault], name: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*path, key)
            if key in made:
                where = f"{name}, line {key_node.start_mark.line + 1}, {'.'.join(here)}"
                faults.append(Fault(where, f"{key!r} is given twice"))
            lines[here] = key_node.start_mark.line + 1
            made[key] = _value(value_node, here, lines, faults, name)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, str(i)), lines, faults, name) for i, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except yaml.YAMLError as error:
        faults.append(Fault(f"{name}, line {node.start_mark.line + 1}, {'.'.join(path)}", str(error).splitlines()[0]))
        return None
