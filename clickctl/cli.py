"""Root options, registration, and the one place where errors become text and exit codes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

import clickctl
from clickctl.commands import backfill, demo, init, run_partition, status
from clickctl.commands.context import Root
from clickctl.domain.errors import EXIT_INTERRUPTED, EXIT_SERVICE, ClickctlError, UsageError
from clickctl.render.console import Talk

_VALUED = ("--config", "--profile", "--region", "--output", "--log-format")
_FLAGS = ("--quiet", "--verbose", "--detailed-exitcode")

# Plain help: rich markup would double the start-up time of --help.
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[str, typer.Option(help="Configuration file.", metavar="FILE")] = "",
    profile: Annotated[str, typer.Option(help="AWS profile.")] = "",
    region: Annotated[str, typer.Option(help="AWS region.")] = "",
    output: Annotated[str, typer.Option(help="table or json.")] = "table",
    log_format: Annotated[str, typer.Option(help="text or json: what is said on stderr.")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more; show traces of unexpected errors.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="0: nothing to do, 10: something was changed.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Run a clickstream lake: hours in, a star schema out, rerun safely.

    These options may stand anywhere on the line. Times are UTC. Exit codes: 0 done or nothing to
    do, 1 some units failed, 2 usage, 3 configuration or credentials, 4 conflict with another run,
    5 a service failed, 130 interrupted.
    """
    for name, value, permitted in (("--output", output, ("table", "json")), ("--log-format", log_format, ("text", "json"))):
        if value not in permitted:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(permitted)}.", param_hint=name)
    for name, value in (("AWS_PROFILE", profile), ("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)):
        if value:
            os.environ[name] = value
    context.obj = Root(config or None, output == "json", quiet, verbose, log_format == "json", detailed_exitcode)


def _register(name: str, command: Callable[..., None]) -> None:
    # -3h is an hour, not an option.
    settings = {"ignore_unknown_options": True}
    app.command(name, context_settings=settings)(_bounded(command))


def _bounded(command: Callable[..., None]) -> Callable[..., None]:
    """The error boundary: every ClickctlError shown once, with its exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        context = kwargs.get("context") or args[0]
        options = context.find_object(Root) or Root()
        try:
            command(*args, **kwargs)
        except ClickctlError as error:
            options.talk.error(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            options.talk.say("interrupted", "Interrupted. Run the same command again to carry on.")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # the reader has gone; so does the rest
            raise typer.Exit(EXIT_SERVICE) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            _unexpected(error, options.talk, options.verbose)
            raise typer.Exit(EXIT_SERVICE) from None

    return run


def _unexpected(error: Exception, talk: Talk, verbose: bool) -> None:
    if verbose:
        import traceback

        traceback.print_exception(error)
    hint = "This is a defect: report it with what the same command prints under --verbose."
    talk.error(ClickctlError(f"unexpected {type(error).__name__}: {error}", hint=hint, changed=""))


for _name, _module in {
    "run-partition": run_partition,
    "backfill": backfill,
    "status": status,
    "init": init,
    "demo": demo,
}.items():
    _register(_name, _module.command)


def hoisted(arguments: list[str]) -> list[str]:
    """The root options moved to the front, so that they may stand anywhere on the line."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--":
            rest += [word, *waiting]
        elif word in _VALUED:
            front += [word, *([value] if (value := next(waiting, None)) is not None else [])]
        elif word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUED)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def main() -> None:
    arguments = hoisted(sys.argv[1:])
    if "--version" in arguments[:1]:
        print(f"clickctl {clickctl.__version__}")
        return
    app(args=arguments, prog_name="clickctl")
