"""The command `tutelage`: which verbs there are, and the one place where an error becomes a message and an exit code.

Importing this module must stay cheap, because `tutelage --help` and every completion of the shell pay for it:
the files of the verbs import what they need inside their functions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tutelage.cli import (
    failure,
    verb_claim,
    verb_compare,
    verb_doctor,
    verb_export,
    verb_fetch,
    verb_label,
    verb_list,
    verb_new,
    verb_papers,
    verb_plan,
    verb_predict,
    verb_report,
    verb_resume,
    verb_run,
    verb_selftest,
    verb_show,
)
from tutelage.core.errors import TutelageError
from tutelage.kit.processes import count

INTRODUCTION = """Teach models with as little supervision as possible, and say honestly what it cost.

\b
  tutelage run few-labels             compare four ways of spending 308 labels on real data
  tutelage run few-labels --data tickets.csv --text body --label queue --labels 200
  tutelage label last                 answer what a run asks you
  tutelage predict last new.csv       use what it taught
  tutelage list                       what there is to choose from"""
EPILOG = (
    "Exit codes: 0 done or held, 1 failed, 2 the request cannot work, 3 refuted, 4 unclear, 5 waiting for a person, "
    "6 an asset or extra is missing, 130 interrupted and resumable."
)

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EPILOG,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"tutelage {version('tutelage')}")
        raise typer.Exit(0)


@app.callback(help=INTRODUCTION)
def tutelage(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error (anywhere in the line).")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Everything that tutelage does, by verb."""


VERBS = (  # name, function, examples, one line for the list of verbs
    ("run", verb_run.run, verb_run.EXAMPLES, "Run a recipe, on its own data or on your file."),
    ("plan", verb_plan.plan, verb_plan.EXAMPLES, "Say what a recipe will cost, and run nothing."),
    ("compare", verb_compare.compare, verb_compare.EXAMPLES, "Compare recipes under one budget, or files of scores."),
    ("resume", verb_resume.resume, verb_resume.EXAMPLES, "Go on with a run."),
    ("report", verb_report.report, verb_report.EXAMPLES, "Build a run's page and print its path."),
    ("label", verb_label.label, verb_label.EXAMPLES, "Answer what a run asks, here or in a spreadsheet."),
    ("predict", verb_predict.predict, verb_predict.EXAMPLES, "Label new rows with what a run taught."),
    ("export", verb_export.export, verb_export.EXAMPLES, "Write a taught student to a folder."),
    ("list", verb_list.list_, verb_list.EXAMPLES, "List methods, recipes, runs, papers or assets."),
    ("show", verb_show.show, verb_show.EXAMPLES, "Show a recipe, a method, a paper or a run."),
    ("papers", verb_papers.papers, verb_papers.EXAMPLES, "List papers with the verdicts measured here."),
    ("claim", verb_claim.claim, verb_claim.EXAMPLES, "Run a paper's claim and judge it."),
    ("new", verb_new.new, verb_new.EXAMPLES, "Begin a method: its file, its tests, its paper."),
    ("fetch", verb_fetch.fetch, verb_fetch.EXAMPLES, "Fetch models and data."),
    ("doctor", verb_doctor.doctor, verb_doctor.EXAMPLES, "Say what is installed and what that allows."),
    ("selftest", verb_selftest.selftest, verb_selftest.EXAMPLES, "Test the code and the intervals on this machine."),
)
for _name, _function, _examples, _line in VERBS:
    app.command(_name, epilog=_examples, short_help=_line)(_function)

USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]  # ClickException, wherever this version of typer keeps it


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code. `--debug` may stand anywhere in it."""
    given = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in given
    given = [item for item in given if item != "--debug"]
    if count() > 1:
        from tutelage.cli.launched import launched

        return launched(lambda: _main(given, debug))
    return _main(given, debug)


def _main(given: Sequence[str], debug: bool) -> int:
    try:
        code = app(args=list(given) or ["--help"], prog_name="tutelage", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except TutelageError as error:
        if debug:
            failure.traceback(error)
        failure.refused(error)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output had enough
        failure.hush()
        return 1
    except USAGE_ERROR as error:
        return failure.usage(error)
    except Exception as error:
        if debug:
            failure.traceback(error)
        failure.unexpected(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
