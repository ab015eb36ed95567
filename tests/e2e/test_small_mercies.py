"""What a person is spared: a password on the screen, a riddle for a message, a wrong "missing"."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep import ModelManager, Settings
from support import tiny
from support.program import Program


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_the_password_of_a_proxy_is_not_shown(
    program: Program, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_PROXY", "http://me:hunter2@proxy.example:3128")
    told = program.call("config", "show", *form)
    assert "proxy.example:3128" in told.out
    assert "hunter2" not in told.out + told.err


def test_a_prefix_of_several_keys_in_the_trash_names_them(program: Program, sources: Path) -> None:
    with ModelManager(Settings(root=program.root)) as manager:
        for number in (1, 2):
            path = tiny.embedding(sources / f"n{number}.safetensors", number + 40)
            manager.installer.delete(manager.installer.install_path(path, {"key": f"abcd{number}"}))
    nothing = program.call("trash", "restore", "sofa", status=1)
    assert "Nothing in the trash is called 'sofa'" in nothing.err
    several = program.call("trash", "restore", "abcd", status=1)
    assert "abcd1 (n1), abcd2 (n2)" in several.err
    assert program.call("trash", "restore", "abcd2", "-q").out == "abcd2\n"


def test_a_missing_file_is_told_and_listed(filled: Program) -> None:
    [blue] = filled.call("list", "--search", "blue", "--json").json
    (filled.root / "models" / blue["path"]).unlink()
    assert "(missing)" in filled.call("show", "blue").out
    assert [m["name"] for m in filled.call("list", "--missing", "--json").json] == ["blue"]
