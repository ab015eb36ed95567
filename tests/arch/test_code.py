"""Rules that the code keeps and that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import warnings

import pytest

from arch.tree import PROJECT, Module, modules
from modelkeep import Settings


class LongModuleWarning(UserWarning):
    """A module is so long that it may be two ideas."""


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


def test_functions_fit_a_screen() -> None:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    for module in modules():
        lines = len(module.text.splitlines())
        if lines > 600:
            warnings.warn(LongModuleWarning(f"{module.place} has {lines} lines"), stacklevel=1)
        for node in module.nodes():
            if isinstance(node, functions) and node.end_lineno:
                place = f"{module.place}:{node.lineno}: {node.name}"
                assert node.end_lineno - node.lineno < 60, f"{place} does not fit a screen"


def test_nothing_runs_what_a_file_says() -> None:
    for module in modules():
        runs = [call for call in calls(module) if is_run(call, module)]
        assert [f"{module.place}:{call.lineno}" for call in runs] == []


def is_run(call: ast.Call, module: Module) -> bool:
    called = ast.unparse(call.func)
    keywords = {k.arg: ast.unparse(k.value) for k in call.keywords}
    # --no-wait starts this very program again, and nothing else.
    is_process = called.startswith("subprocess.") and module.place != "app/install.py"
    return (
        called in {"eval", "exec", "compile", "__import__", "os.system"}
        or called.rpartition(".")[2] in {"load_module", "Unpickler"}
        or called.startswith(("pickle.", "marshal."))
        or is_process
        or keywords.get("weights_only") == "False"
        or keywords.get("trust_remote_code") == "True"
        or keywords.get("shell") == "True"
    )


def test_two_modules_change_the_disk() -> None:
    changing = {"disk/paths.py", "disk/open_files.py"}
    for module in modules():
        found = [
            f"{module.place}:{call.lineno}: {ast.unparse(call)}"
            for call in calls(module)
            if is_change(call)
        ]
        if module.place in changing:
            assert found, "the check sees what it looks for"
        else:
            assert found == []


def calls(module: Module) -> list[ast.Call]:
    return [node for node in module.nodes() if isinstance(node, ast.Call)]


def is_change(call: ast.Call) -> bool:
    holder, _, method = ast.unparse(call.func).rpartition(".")
    arguments = [ast.unparse(value) for value in (*call.args, *(k.value for k in call.keywords))]
    if (holder, method) == ("os", "open"):
        is_nowhere = arguments[:1] == ["os.devnull"]
        return any(flag in arguments[1] for flag in WRITING) and not is_nowhere
    if method == "open":
        values = [each.value for each in call.args if isinstance(each, ast.Constant)]
        values += [k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)]
        texts = [value for value in values if isinstance(value, str) and len(value) < 4]
        return any(set(text) & set("wax+") for text in texts)
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
        pytest.skip("this is not a git checkout")
    place = "/" + "work" + "/"
    for file in filter(None, listed.stdout.decode().split("\0")):
        path = PROJECT / file
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert place not in text, file
