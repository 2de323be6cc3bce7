"""Exit codes, and one line on stderr for whatever goes wrong.

0 done · 1 our bug · 2 bad input or usage · 3 finished, frames lost · 4 device or extra missing ·
5 disk or memory · 130 Ctrl-C
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from streammat import __version__
from streammat.cli.output import Invocation, print_json

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_LOST_FRAMES",
    "EXIT_USAGE",
    "drop_stdout",
    "explain",
    "guarded",
]

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_LOST_FRAMES = 3
EXIT_RESOURCE = 5
EXIT_INTERRUPTED = 130

_PATH_ERRORS = {
    *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR),
    *(errno.ENAMETOOLONG, errno.EROFS, errno.ELOOP),
}
_NO_MEMORY = "out of memory; use a smaller --size, fewer --threads, or close other programs"


def guarded(command: click.Command, arguments: Sequence[str]) -> int:
    """Run ``command`` and turn whatever it raises into a line and an exit code.

    With ``--json`` the line is an object on stdout as well, unless there is a result already.
    """
    call = Invocation(arguments)
    try:
        result = command.main(
            list(arguments), prog_name="streammat", standalone_mode=False, obj=call
        )
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (BrokenPipeError, SystemExit):  # click leaves by SystemExit when the pipe is broken
        drop_stdout()
        return 0
    except BaseException as error:
        line, code = explain(error, arguments)
        if line:
            click.echo(f"streammat: {line}", err=True)
        _tell_json(call, error, line, code)
        return code
    return result if isinstance(result, int) else 0


def _tell_json(call: Invocation, error: BaseException, line: str, code: int) -> None:
    """The error as JSON, where it was asked for and nothing else is on stdout."""
    asked = call.json_of or _asked_too_early(call, error)
    if not asked or call.stdout_taken:
        return
    with suppress(OSError):  # nobody reads
        print_json(asked, {"error": line, "exit_code": code})


def _asked_too_early(call: Invocation, error: BaseException) -> str:
    """The command whose line could not even be parsed, where it has ``--json`` on it."""
    context = getattr(error, "ctx", None)
    if context is None or "--json" not in call:
        return ""
    knows = any(parameter.name == "as_json" for parameter in context.command.params)
    return str(context.command_path).partition(" ")[2] if knows else ""


def explain(error: BaseException, arguments: Sequence[str] = ()) -> tuple[str, int]:
    """The line for a person, and the exit code, of any error.

    An error that nobody foresaw leaves its traceback in a log file; ``--debug`` prints it as well.
    """
    if "--debug" in arguments:
        traceback.print_exception(error)
    return _expected(error) or (_bug_line(error, arguments), EXIT_BUG)


def _expected(error: BaseException) -> tuple[str, int] | None:
    """Line and code of what a user, a disk or a device can cause; None for anything else."""
    from streammat.errors import StreammatError

    match error:
        case KeyboardInterrupt() | click.exceptions.Abort():
            return "interrupted", EXIT_INTERRUPTED
        case click.ClickException():
            return _usage_line(error), EXIT_USAGE
        case StreammatError():
            return _one_line(str(error)), error.exit_code
        case MemoryError():
            return _NO_MEMORY, EXIT_RESOURCE
        case OSError():
            return _system(error)
    return None


def _system(error: OSError) -> tuple[str, int] | None:
    """What the system refused: space, or access to a path; None for anything else."""
    from streammat.errors import DISK_FULL

    if error.errno in {*DISK_FULL, errno.ENOMEM}:
        where = f" while writing {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}; free some space or write elsewhere", EXIT_RESOURCE
    if error.errno in _PATH_ERRORS and error.filename:
        return f"{error.filename}: {error.strerror}", EXIT_USAGE
    return None


def _usage_line(error: click.ClickException) -> str:
    message = _one_line(error.format_message())
    context = getattr(error, "ctx", None)
    help_at = f" (see '{context.command_path} --help')" if context is not None else ""
    return message + help_at


def _bug_line(error: BaseException, arguments: Sequence[str]) -> str:
    what = _one_line(f"{type(error).__name__}: {error}")
    log = _write_log(error, arguments)
    kept = f"the traceback is in {log}" if log else "run it again with --debug for the traceback"
    return f"internal error: {what}; {kept}; please report it together with that file"


def _write_log(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Leave the traceback in the user's log folder; None where even that fails."""
    import platformdirs

    now = datetime.now().astimezone()
    try:
        folder = Path(platformdirs.user_log_dir("streammat", appauthor=False))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"error-{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
        with path.open("w", encoding="utf-8") as log:
            log.write(f"streammat {__version__}, Python {sys.version}\n")
            log.write(f"{now.isoformat()}\narguments: {list(arguments)!r}\n\n")
            traceback.print_exception(error, file=log)
    except OSError:
        return None
    return path


def _one_line(text: str) -> str:
    return " ".join(text.split())


def drop_stdout() -> None:
    """Whoever read our stdout is gone (``| head``): be quiet, and keep Python quiet at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
