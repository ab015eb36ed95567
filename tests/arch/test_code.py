"""Rules that the code keeps and that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelkeep
from modelkeep import Settings

SOURCE = Path(modelkeep.__file__).parent
PROJECT = Path(__file__).parents[2]


class LongModuleWarning(UserWarning):
    """A module is so long that it may be two ideas."""


MODULES = sorted(SOURCE.rglob("*.py"))

#: Calls that change the disk: functions of modules, and methods of paths and files.
CHANGES = {
    "os": {
        "chmod", "chown", "copy_file_range", "ftruncate", "link", "makedirs", "mkdir", "mkfifo",
        "mknod", "pwrite", "remove", "removedirs", "rename", "replace", "rmdir", "sendfile",
        "symlink", "truncate", "unlink", "utime", "write", "writev",
    },
    "shutil": {"copy", "copy2", "copyfile", "copyfileobj", "copytree", "move", "rmtree"},
    "tempfile": {"mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryDirectory"},
}  # fmt: skip
METHODS = {
    "chmod", "hardlink_to", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text",
}  # fmt: skip
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC")


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_sizes(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > 600:
        warnings.warn(LongModuleWarning(f"{name(path)} has {lines} lines"), stacklevel=1)
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            assert node.end_lineno - node.lineno < 60, f"{node.name} does not fit a screen"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_runs_what_a_file_says(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "compile", "__import__", "os.system"}
            assert called.rpartition(".")[2] not in {"load_module", "Unpickler"}
            assert not called.startswith(("pickle.", "marshal."))
            # --no-wait starts this very program again, and nothing else.
            assert not called.startswith("subprocess.") or name(path) == "cli/commands/fetching.py"
            keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
            assert keywords.get("weights_only") != "False"
            assert keywords.get("trust_remote_code") != "True"
            assert keywords.get("shell") != "True"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_two_modules_change_the_disk(path: Path) -> None:
    if name(path) in {"disk/paths.py", "disk/open_files.py"}:
        assert changes(path), "the check sees what it looks for"
    else:
        assert changes(path) == []


def changes(path: Path) -> list[str]:
    """Return the calls in a module that change the disk."""
    return [
        f"{call.lineno}: {ast.unparse(call)}"
        for call in nodes(path)
        if isinstance(call, ast.Call) and is_change(call)
    ]


def is_change(call: ast.Call) -> bool:
    holder, _, method = ast.unparse(call.func).rpartition(".")
    arguments = [ast.unparse(value) for value in (*call.args, *(k.value for k in call.keywords))]
    if (holder, method) == ("os", "open"):
        is_nowhere = arguments[:1] == ["os.devnull"]
        return any(flag in arguments[1] for flag in WRITING) and not is_nowhere
    if method == "open":
        return any(set(value.strip("'\"")) & set("wax+") for value in arguments if len(value) < 6)
    return method in CHANGES.get(holder, ()) or (bool(holder) and method in METHODS)


def test_every_setting_is_described() -> None:
    for setting, field in Settings.model_fields.items():
        assert field.description, setting


def test_the_changelog_has_a_place_for_what_comes() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text


def test_no_file_speaks_of_the_place_it_was_made_in() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    place = "/" + "work" + "/"
    for file in filter(None, listed.stdout.decode().split("\0")):
        path = PROJECT / file
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert place not in text, file
