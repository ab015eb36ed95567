from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.program import Program

DEMO = Path(__file__).parents[2] / "demo" / "sample_library.py"


def demo(program: Program, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO), str(folder)],
        env=program.environment(),
        capture_output=True,
        check=False,
        text=True,
    )


def test_the_sample_library_is_made_and_shown(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "de mo"
    told = demo(program, folder)
    assert (told.returncode, told.stderr) == (0, "")
    records = program.call("--root", folder / "library", "list", "--json").json
    assert len(records) == 40
    kinds = {"main", "lora", "vae", "controlnet", "embedding", "clip_embed", "clip_vision"}
    assert {record["type"] for record in records} == kinds
    assert all(record["preview"] for record in records)
    taken = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    assert taken < 20_000_000, "the data are holes"
    script = told.stdout.partition("\n\n")[2].replace(
        "modelkeep ", f"{sys.executable} -m modelkeep "
    )
    done = subprocess.run(
        ["sh", "-ec", script],
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "paper cut" in done.stdout
    assert list(folder.iterdir()) == []


def test_it_never_mixes_with_what_is_there(program: Program, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    told = demo(program, tmp_path)
    assert told.returncode == 1
    assert "already" in told.stderr
    assert list((tmp_path / "library").iterdir()) == []
