"""Fail when pytest skipped or xfailed a test that tests/skips.yaml does not excuse: `python tests/skips.py LOG`."""

import re
import sys
from datetime import date
from pathlib import Path

import yaml


def unexcused(log: str, excused: list[dict[str, str]], today: date) -> list[str]:
    """The lines of pytest's short summary about skips and xfails that no living entry excuses."""
    for entry in excused:
        missing = {"test", "reason", "until"} - set(entry)
        if missing:
            raise SystemExit(f"tests/skips.yaml: an entry lacks {', '.join(sorted(missing))}: {entry}")
    found = [line for line in log.splitlines() if re.match(r"^(SKIPPED|XFAIL|XPASS)\b", line.strip())]
    alive = [entry for entry in excused if date.fromisoformat(str(entry["until"])) >= today]
    return [line for line in found if not any(entry["test"] in line for entry in alive)]


def main() -> int:
    log = Path(sys.argv[1]).read_text(encoding="utf-8")
    if not re.search(r"^\d+ passed|\b\d+ passed\b", log, re.MULTILINE):
        print("no closing line of pytest in the log: no test ran")
        return 1
    excused = yaml.safe_load((Path(__file__).parent / "skips.yaml").read_text(encoding="utf-8")) or []
    left = unexcused(log, excused, date.today())
    for line in left:
        print(f"skipped without an entry in tests/skips.yaml: {line}")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
