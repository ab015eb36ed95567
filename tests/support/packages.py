"""Installed packages that bring plug-ins, made up in a folder."""

from __future__ import annotations

from pathlib import Path


def write_package(folder: Path, group: str, name: str, text: str, value: str = "") -> Path:
    """Write a module with the metadata of an installed package beside it.

    Args:
        folder: Where to; whoever has it on ``sys.path`` has the package installed.
        group: Group of the entry point.
        name: Name of the package, its module and its entry point.
        text: Source of the module.
        value: What the entry point names; the module when empty.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {value or name}\n")
    return folder
