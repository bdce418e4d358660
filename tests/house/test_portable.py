"""The code runs on Windows as far as that can be read from it: what only POSIX has stands behind a condition.

`mypy --platform win32` (test_checks.py) finds names that Windows' Python lacks. This finds what is there and fails, or
means something else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.test_checks import code
from tests.processes import ROOT

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_NAMES = {
    "os.chown", "os.fchmod", "os.fork", "os.forkpty", "os.getegid", "os.geteuid", "os.getgid", "os.getloadavg", "os.getpgid",
    "os.getuid", "os.killpg", "os.mkfifo", "os.nice", "os.sched_getaffinity", "os.setgid", "os.setsid", "os.setuid",
    "os.statvfs", "os.sync", "os.umask", "os.uname", "os.wait", "os.waitpid",
    "os.kill",  # there, but ends the other process at once, whatever the signal
    "signal.SIGALRM", "signal.SIGCHLD", "signal.SIGCONT", "signal.SIGHUP", "signal.SIGKILL", "signal.SIGPIPE", "signal.SIGQUIT",
    "signal.SIGSTOP", "signal.SIGUSR1", "signal.SIGUSR2", "signal.alarm", "signal.pause", "signal.setitimer",
    "socket.AF_UNIX", "socket.SO_REUSEADDR",  # the latter lets two programs listen on one port
    "time.tzset",
}  # fmt: skip
POSIX_METHODS = {"add_signal_handler", "chmod", "add_reader", "add_writer"}
POSIX_PATHS = ("/dev/", "/proc/", "/tmp/", "/etc/", "/usr/")
# A branch, a `with` or a `try` that names one of these is a way round.
GUARDS = ("sys.platform", "os.name", "IS_POSIX", "hasattr", "NotImplementedError", "AttributeError", "ImportError")
TEXT_CALLS = {"open", "read_text", "write_text", "fdopen", "run", "Popen", "TextIOWrapper"}


def findings(source: str) -> list[tuple[int, str]]:
    """Return the lines, with what is in them, that only POSIX runs."""
    return sorted(set(_found(ast.parse(source), guarded=False)))


def _found(node: ast.AST, *, guarded: bool) -> Iterator[tuple[int, str]]:
    if not guarded and (name := _posix_only(node)):
        yield getattr(node, "lineno", 0), name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        guarded = guarded or any(_returns_elsewhere(step) for step in node.body)
    for child in ast.iter_child_nodes(node):
        yield from _found(child, guarded=guarded or _is_guard(node))


def _is_guard(node: ast.AST) -> bool:
    asked: list[ast.AST | None] = []
    if isinstance(node, ast.If | ast.IfExp):
        asked = [node.test]
    elif isinstance(node, ast.With):
        asked = [item.context_expr for item in node.items]
    elif isinstance(node, ast.Try):
        asked = [handler.type for handler in node.handlers]
    return any(guard in ast.unparse(part) for part in asked if part is not None for guard in GUARDS)


def _returns_elsewhere(step: ast.stmt) -> bool:
    return isinstance(step, ast.If) and _is_guard(step) and isinstance(step.body[-1], ast.Return)


def _posix_only(node: ast.AST) -> str:
    match node:
        case ast.Import(names=names):
            return next((name.name for name in names if name.name in POSIX_MODULES), "")
        case ast.ImportFrom(module=module, names=names):
            imported = {f"{module}.{name.name}" for name in names} & POSIX_NAMES
            return str(module) if module in POSIX_MODULES else next(iter(imported), "")
        case ast.Attribute(attr=name) if ast.unparse(node) in POSIX_NAMES or name in POSIX_METHODS:
            return ast.unparse(node)
        case ast.Constant(value=str(text)) if text.startswith(POSIX_PATHS):
            return text
        case ast.Call() if _has_no_encoding(node):
            return f"{ast.unparse(node.func)} without an encoding"
    return ""


def _has_no_encoding(call: ast.Call) -> bool:
    """Return whether text is read or written in the system's encoding, which is not UTF-8 on Windows."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name not in TEXT_CALLS or "encoding" in given or None in given:
        return False
    if name in ("run", "Popen"):
        return given.keys() & {"text", "universal_newlines"} != set()
    if name in ("open", "fdopen"):
        modes = [ast.unparse(argument) for argument in call.args if isinstance(argument, ast.Constant)]
        return any(mode.strip("'") in ("r", "w", "a", "x", "r+", "w+") for mode in [*modes, given.get("mode", "")])
    return True


def test_what_only_posix_has_stands_behind_a_condition() -> None:
    found = {str(path.relative_to(ROOT)): findings(path.read_text(encoding="utf-8")) for path in code()}
    assert found  # of any file
    assert [(name, what) for name, lines in found.items() for _, what in lines] == [
        ("pixelbot_site/private_files.py", "path.chmod"),  # the one who calls asks whether this is POSIX
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("from resource import getrlimit", ["resource"]),
        ("from os import fork, path", ["os.fork"]),
        ("import os\nos.fork()", ["os.fork"]),
        ("import signal\nsignal.signal(signal.SIGHUP, print)", ["signal.SIGHUP"]),
        ("loop.add_signal_handler(2, stop)", ["loop.add_signal_handler"]),
        ("path.chmod(0o600)", ["path.chmod"]),
        ("open('/proc/self/stat')", ["/proc/self/stat"]),
        ("path.read_text()", ["path.read_text without an encoding"]),
        ("path.open('w')", ["path.open without an encoding"]),
        ("subprocess.run(command, text=True)", ["subprocess.run without an encoding"]),
        ("path.open('wb')", []),
        ("path.write_text('x', encoding='utf-8')", []),
        ("if os.name == 'posix':\n    os.umask(7)", []),
        ("def close():\n    if not IS_POSIX:\n        return\n    path.chmod(0)", []),
        ("with suppress(NotImplementedError):\n    loop.add_signal_handler(2, stop)", []),
        ("try:\n    import resource\nexcept ImportError:\n    pass", []),
        ("if ready:\n    os.fork()", ["os.fork"]),
    ],
)  # fmt: skip
def test_what_is_found(source: str, found: list[str]) -> None:
    assert [name for _, name in findings(source)] == found
