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
  tutelage papers schroeder2024_hast
  tutelage papers --check                 does the table in README.md and docs/papers.md say what the files say?
  tutelage papers --write                 make it so

With --check it ends with 1 when a table is out of date."""


def papers(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One paper's card.", autocompletion=complete.papers)
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the table of papers into the documents.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Say whether it is up to date there.")] = False,
    json: Json = False,
) -> int:
    """List the papers with the verdict last measured here, or print one paper's card."""
    if write or check:
        return _documents(key, write, check)
    from tutelage.papers.read import paper
    from tutelage.papers.read import papers as keys

    found = []
    for one in keys() if key is None else (key,):
        card, read = paper(one)
        told = card.model_dump(include={"key", "title", "year", "link", "headline", "here", "not_shown", "found"})
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


def _documents(key: str | None, write: bool, check: bool) -> int:
    from tutelage.core.errors import Fault, Refused
    from tutelage.papers import table as pages

    if key is not None or (write and check):
        raise Refused(Fault("--write, --check", "one of them, and no KEY: the table is that of all papers"))
    if write:
        for page in pages.write_pages():
            result(f"written: {page}")
        return 0
    old = pages.out_of_date()
    for page in old:
        result(f"out of date: {page}; tutelage papers --write")
    return 1 if old else 0


def _verdict(key: str) -> str | None:
    from tutelage.papers.claim import verdict

    found = verdict(key)
    return None if found is None else str(found.get("verdict") or found.get("outcome"))
