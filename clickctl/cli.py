"""Root options, registration, and the one place where errors become text and exit codes."""

from __future__ import annotations

import errno
import functools
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import clickctl
from clickctl.commands.context import Root
from clickctl.domain.errors import EXIT_INTERRUPTED, EXIT_SERVICE, ClickctlError
from clickctl.domain.secrets import one_line

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_VALUED = ("--config", "--profile", "--region", "--output", "--log-format")
_FLAGS = ("--quiet", "--verbose", "--detailed-exitcode", "--version")

COMMANDS = {
    "run-partition": "Run one hour or one day; its rows are replaced.",
    "backfill": "Bring a range of hours up to date.",
    "register-partitions": "Tell query engines what the lake holds.",
    "load-hot": "Keep the last days in the warehouse as in the lake.",
    "alerts-replay": "Send the alerts that were not sent.",
    "quarantine": "Look at the records that were set aside.",
    "dq-report": "Tell whether the data is good.",
    "status": "Show the state of every hour of a range.",
    "doctor": "Look at everything the configuration names.",
    "package": "Write the zips of the Lambda and the Glue job.",
    "init": "Write a configuration.",
    "demo": "Make a sample lake, run it, and show it.",
}
"""Every command with the first line of its help."""

# Plain help: rich markup would double the start-up time of --help.
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"clickctl {clickctl.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[str, typer.Option(help="Configuration file.", metavar="FILE")] = "",
    profile: Annotated[str, typer.Option(help="AWS profile.", metavar="NAME")] = "",
    region: Annotated[str, typer.Option(help="AWS region.", metavar="NAME")] = "",
    output: Annotated[str, typer.Option(help="table or json; dq-report: also md.", metavar="FORMAT")] = "table",
    log_format: Annotated[str, typer.Option(help="text or json: what is said on stderr.", metavar="FORMAT")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more; show traces of unexpected errors.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="0: nothing to do, 10: something was changed.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Run a clickstream lake: hours in, a star schema out, rerun safely.

    These options may stand anywhere on the line. Times are UTC. Exit codes: 0 done or nothing to
    do, 1 some units failed, 2 usage, 3 configuration or credentials, 4 conflict with another run,
    5 a service failed, 130 interrupted.
    """
    outputs = ("table", "json", "md") if context.invoked_subcommand == "dq-report" else ("table", "json")
    for name, value, known in (("--output", output, outputs), ("--log-format", log_format, ("text", "json"))):
        if value not in known:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(known)}.", param_hint=name)
    profile = profile or os.environ.get("CLICKCTL_PROFILE", "")
    region = region or os.environ.get("CLICKCTL_REGION", "")
    for name, value in (("CLICKCTL_AWS_PROFILE", profile), ("CLICKCTL_AWS_REGION", region)):
        if value:  # above all else that names one
            os.environ[name] = value
    context.obj = Root(
        config or None, output == "json", quiet, verbose, log_format == "json", detailed_exitcode, output == "md"
    )


class _NoSuchOption(typer.BadParameter):
    def format_message(self) -> str:
        return self.message


class _Command(TyperCommand):
    """A command for which -3h is an hour, not an option, while any other unknown option is refused."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        import difflib

        from clickctl.domain.hours import AGO

        ctx.ignore_unknown_options = True
        given, left, _ = self.make_parser(ctx).parse_args(args=list(args))
        words = [given.get(param.name or "") for param in self.params if param.param_type_name == "argument"]
        for word in [*words, *left]:
            if isinstance(word, str) and word.startswith("-") and not AGO.fullmatch(word):
                known = [name for param in self.params for name in param.opts if name.startswith("-")]
                close = difflib.get_close_matches(word, [*known, *_VALUED, *_FLAGS], n=1)
                hint = f" Did you mean {close[0]}?" if close else ""
                raise _NoSuchOption(f"There is no option {word}.{hint}", ctx)
        return super().parse_args(ctx, args)


def _bounded(command: Callable[..., None]) -> Callable[..., None]:
    """The error boundary: every ClickctlError shown once, with its exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        context = kwargs.get("context") or args[0]
        options = context.find_object(Root) or Root()
        try:
            try:
                command(*args, **kwargs)
            finally:
                sys.stdout.flush()  # a reader that has gone, or a full disk, is an error of the command
        except typer.Exit:
            raise
        except (KeyboardInterrupt, typer.Abort) as stop:
            notes = getattr(stop, "__notes__", [])  # what could not be stopped with it
            text = " ".join(["Interrupted.", *notes, "Run the same command again to carry on."])
            options.talk.say("interrupted", text, notes=notes)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            _mute()
            raise typer.Exit(EXIT_SERVICE) from None
        except Exception as error:
            raise typer.Exit(_told(error, options)) from None

    return run


def _told(error: Exception, options: Root) -> int:
    """Tell an error to people, and its exit code to the shell."""
    if isinstance(error, OSError) and error.filename is None and error.errno in _FULL:
        _mute()
        error = ClickctlError(f"Cannot write the output: {error.strerror}.", changed="")
        error.exit_code = EXIT_SERVICE
    if isinstance(error, ClickctlError):
        options.talk.error(error)
        return error.exit_code
    if options.verbose:
        import traceback

        traceback.print_exception(error)
    hint = "This is a defect: report it with what the same command prints under --verbose."
    text = f"unexpected {type(error).__name__}: {one_line(str(error))}"
    options.talk.error(ClickctlError(text, hint=hint, changed=""))
    return EXIT_SERVICE


def _mute() -> None:
    """Nothing more can be written to stdout; Python must not try again at its end."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def load(names: Iterable[str]) -> typer.Typer:
    """The program with these commands; of the others only the summary that --help shows.

    A command's module is imported only when its name is on the line: that is half of the start-up
    time of --help.
    """
    app.registered_commands.clear()
    app.registered_groups.clear()
    for name, summary in COMMANDS.items():
        if name not in names:
            app.command(name, help=summary)(lambda: None)
            continue
        module = importlib.import_module(f"clickctl.commands.{name.replace('-', '_')}")
        if hasattr(module, "COMMANDS"):
            app.add_typer(_group(module.COMMANDS), name=name, help=module.HELP)
        else:
            app.command(name, cls=_Command)(_bounded(module.command))
    return app


def _group(commands: dict[str, Callable[..., None]]) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True)
    for name, command in commands.items():
        group.command(name, cls=_Command)(_bounded(command))
    return group


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
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started us
        sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show must not end a command
    arguments = hoisted(sys.argv[1:])
    completing = "_CLICKCTL_COMPLETE" in os.environ
    try:
        load(COMMANDS if completing else arguments)(args=arguments, prog_name="clickctl")
    except OSError:  # a wrong word that could not be told, because stderr cannot be written
        _mute()
        sys.stderr = sys.stdout
        sys.exit(EXIT_SERVICE)
