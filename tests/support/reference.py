"""The parts of ``docs/reference.md`` that follow from the code.

Run it to write them anew::

    python tests/support/reference.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelkeep.cli.tree import ENTRIES, Group
from modelkeep.settings import PREFIX, Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
_COMMON = {"root", "json_lines", "quiet", "verbose"}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that is shown, with its whole name."""
    for entry in ENTRIES:
        if isinstance(entry, Group):
            for command in entry.commands:
                yield f"modelkeep {entry.name} {command.name}", command.load(command.name)
        else:
            yield f"modelkeep {entry.name}", entry.load(entry.name)


def commands_text() -> str:
    """Return each command with what it does, its arguments and its own options."""
    parts: list[str] = []
    for name, command in commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join([name, *(_placeholder(p) for p in arguments)])
        options = [p for p in command.params if p not in arguments and p.name not in _COMMON]
        text = " ".join((command.help or "").split())
        parts += [f"### `{usage}`", "", text, ""]
        rows = [f"| `{_spelling(p)}` | {p.help} |" for p in options]
        if rows:
            parts += ["| option | does |", "|---|---|", *rows, ""]
    return "\n".join(parts).strip()


def _placeholder(argument: Any) -> str:
    return f"{argument.metavar}{'...' if argument.nargs == -1 else ''}"


def _spelling(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(sorted(option.opts, key=len, reverse=True)) + value


def settings_text() -> str:
    """Return the table of settings."""
    rows = ["| setting | environment | without it | what it is |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variables = f"`{PREFIX}{name.upper()}`"
        if name == "hf_endpoint":
            variables += ", `HF_ENDPOINT`"
        default = "the platform's data folder" if name == "root" else _default(field)
        rows.append(f"| `{name}` | {variables} | {default} | {field.description} |")
    return "\n".join(rows)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", [], {}):
        return "-"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


PARTS = {"commands": commands_text, "settings": settings_text}


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: generated -->\n).*?(\n<!-- end -->)", re.DOTALL)


def written(name: str) -> str:
    """Return a part as the page has it."""
    [found] = _block(name).finditer(PAGE.read_text(encoding="utf-8"))
    return found[0].split("-->\n", 1)[1].removesuffix("\n<!-- end -->")


def write() -> None:
    """Write every part anew."""
    text = PAGE.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        made = make()
        text = _block(name).sub(lambda m, made=made: m[1] + made + m[2], text)  # type: ignore[misc]
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
