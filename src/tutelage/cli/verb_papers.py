"""`tutelage papers`: which papers there are, what each claims, and how the claim fared when it was last run."""

from __future__ import annotations

from typing import Annotated

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json
from tutelage.cli.say import as_json, result, table

EXAMPLES = """Examples:

\b
  tutelage papers
  tutelage papers schroeder2024_hast"""


def papers(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One paper's card.", autocompletion=complete.papers)
    ] = None,
    json: Json = False,
) -> int:
    """List the papers with the verdict last measured here, or print one paper's card."""
    from tutelage.papers.read import paper
    from tutelage.papers.read import papers as keys

    found = []
    for one in keys() if key is None else (key,):
        card, read = paper(one)
        told = card.model_dump(include={"key", "title", "year", "link", "headline", "here", "not_shown"})
        found.append({**told, "arms": list(read.recipes), "seeds": len(read.study.seed_list), "verdict": _verdict(one)})
    if json:
        as_json(found if key is None else found[0])
    elif key is None:
        rows = [
            [str(one["key"]), str(one["year"]), str(one["verdict"] or "not run"), str(one["title"])] for one in found
        ]
        result(table(["key", "year", "verdict", "title"], rows) if rows else "no papers yet")
    else:
        for name, value in found[0].items():
            result(f"{name}: {', '.join(value) if isinstance(value, list) else value or 'not run'}")
        result(f"\nrun it: tutelage claim {key}")
    return 0


def _verdict(key: str) -> str | None:
    from tutelage.papers.claim import verdict

    found = verdict(key)
    return None if found is None else str(found.get("verdict") or found.get("outcome"))
