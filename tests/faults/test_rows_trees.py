"""Folders as they should not be: odd files, links anywhere, files that change, very many files."""

from __future__ import annotations

import os
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from stat import S_IFBLK, S_IFCHR

import pytest

from integration.world import snapshot
from modelkeep import JobCancelledError, ModelManager, Settings
from modelkeep.app.outcomes import EXIT_SOME_FAILED
from modelkeep.scan.report import ScanStatus, ScanSummary
from modelkeep.scan.scanner import ScanAction
from support import tiny
from support.mounts import mounted
from support.program import Program

#: Files of the tree that stands for a large one; set it to 100000 to look at a large one.
FILES = int(os.environ.get("MODELKEEP_TEST_FILES", "2000"))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("MODELKEEP_ROOT", str(tmp_path / "library"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Program(tmp_path / "library", tmp_path)


# -- odd files


def socket_at(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def odd_tree(top: Path) -> dict[str, str]:
    """Make a tree of two models and all that is none; return what is skipped, and why."""
    tiny.embedding(top / "good.safetensors", 1)
    tiny.lora(top / "deep" / "er" / "style.safetensors", 2)
    links = {
        "circular link": ("round", "."),
        "link to nothing": ("gone.safetensors", "nowhere"),
        "a device": ("zero.safetensors", "/dev/zero"),
    }
    for name, target in links.values():
        (top / name).symlink_to(target)
    more = {reason: name for reason, (name, _) in links.items()}
    skipped = {name: reason for reason, name in more.items()}
    circles = {"self.ckpt": "self.ckpt", "deep/up": "../..", "root": "/", "a": "b", "b": "a"}
    for name, target in circles.items():
        (top / name).symlink_to(target)
        skipped[name] = "circular link"
    for name in ("/dev", "/proc", "/sys"):
        (top / name[1:]).symlink_to(name)
        skipped[name[1:]] = "system folder"
    (top / "below.pt").symlink_to("good.safetensors/x")
    skipped["below.pt"] = "link to nothing"
    (top / "again").symlink_to("deep")
    skipped["again"] = "link to a scanned folder"
    (top / "twice.safetensors").symlink_to("good.safetensors")
    skipped["twice.safetensors"] = "another name of a file"
    os.mkfifo(top / "pipe.safetensors")
    skipped["pipe.safetensors"] = "a pipe"
    socket_at(top / "s.safetensors")
    skipped["s.safetensors"] = "a socket"
    if os.geteuid() == 0:
        with suppress(PermissionError):  # some containers let nobody make devices
            os.mknod(top / "null.ckpt", S_IFCHR | 0o666, os.makedev(1, 3))
            skipped["null.ckpt"] = "a device"
            os.mknod(top / "disk.gguf", S_IFBLK | 0o666, os.makedev(7, 0))
            skipped["disk.gguf"] = "a device"
    return skipped


@pytest.mark.timeout(30)
@pytest.mark.parametrize("how", ["--register", "--install", None])
def test_what_is_no_file_is_skipped_and_told(program: Program, tmp_path: Path, how: str) -> None:
    top = tmp_path / "tree"
    skipped = odd_tree(top)
    before = snapshot(top)
    told = program.call("scan", top, "--json", *filter(None, [how]))
    lines = {str(Path(line["path"]).relative_to(top)): line for line in told.json}
    word = {"--register": "registered", "--install": "installed", None: "found"}[how]
    assert {name for name, line in lines.items() if line["status"] == word} == {
        "good.safetensors",
        "deep/er/style.safetensors",
    }
    reasons = {name: line["reason"] for name, line in lines.items() if line["status"] != word}
    assert reasons == skipped
    for line in lines.values():
        said = line["error"]["message"] if line["error"] else line["detail"]
        assert line["status"] == word or Path(line["path"]).name in said
    assert snapshot(top) == before
    assert len(program.call("list", "--json").json) == (2 if how else 0)


@pytest.mark.timeout(30)
def test_an_odd_root_is_synced_and_examined(program: Program, tmp_path: Path) -> None:
    top = tmp_path / "tree"
    odd_tree(top)
    before = snapshot(top)
    program.call("root", "add", "odd", top)
    for _ in range(2):
        program.call("sync", "--yes")
        assert len(program.call("list", "--json").json) == 2
    program.call("doctor", "--fix")
    program.call("verify", "--all")
    assert snapshot(top) == before


def test_a_folder_that_is_mounted_in_itself_is_seen_once(program: Program, tmp_path: Path) -> None:
    top = tmp_path / "tree"
    tiny.embedding(top / "good.safetensors", 1)
    (top / "again").mkdir()
    with mounted(["--bind", str(top)], top / "again"):
        lines = program.call("scan", top, "--register", "--json").json
    assert [(line["status"], line["reason"]) for line in lines] == [
        ("registered", None),
        ("skipped", "folder seen already"),
    ]


# -- files that change


def gone(path: Path) -> None:
    path.unlink()


def other_bytes(path: Path) -> None:
    tiny.embedding(path, 9)


def a_byte_inside(path: Path) -> None:
    """Change a byte and nothing that a look would see."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def touched(path: Path) -> None:
    os.utime(path)


def shortened(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 7)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


#: What is done to the file, what a look says of it, and what reading it says.
CHANGES: list[tuple[Callable[[Path], None], str, str]] = [
    (gone, "missing", "missing"),
    (link_to_nothing, "missing", "missing"),
    (other_bytes, "changed", "changed"),
    (shortened, "changed", "changed"),
    (a_folder, "changed", "changed"),
    (touched, "present", "ok"),
    (a_byte_inside, "present", "changed"),
]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        *((change, where) for change in CHANGES for where in ("file", "folder")),
        *(
            (change, "in place")
            for change in CHANGES
            if change[0] in {gone, touched, a_byte_inside}
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else one[0].__name__,
)
def test_what_became_of_a_file_is_noted_and_its_record_stays(
    program: Program, tmp_path: Path, where: str, change: tuple[Callable[[Path], None], str, str]
) -> None:
    do, seen, read = change
    source = tmp_path / "new" / ("m" if where == "folder" else "m.safetensors")
    (tiny.embedding_folder if where == "folder" else tiny.embedding)(source, 1)
    options = ["--inplace"] if where == "in place" else []
    program.call("install", source, *options)
    # A copy is hashed as it is made; one in place when it is read.
    program.call("verify", "m")
    place = source if options else program.root / "models/sd-1/embedding" / source.name
    file = place / "learned_embeds.safetensors" if where == "folder" else place
    key = program.call("show", "m", "--json").only["key"]
    do(file)
    program.call("sync", "--yes", status=0 if seen == "present" else EXIT_SOME_FAILED)
    shown = program.call("show", key, "--json").only
    assert shown["state"] == seen
    [told] = program.call("verify", key, "--json", status=read != "ok").json
    assert told["status"] == read
    if read == "changed" and file.is_file():
        [odd] = [one for one in told["files"] if one["status"] != "ok"]
        assert odd["known"]["blake3"] != odd["found"]["blake3"]
        assert odd["known"]["blake3"] in odd["detail"]
        assert odd["found"]["blake3"] in odd["detail"]
    is_odd = read != "ok"
    after = "present" if read == "ok" else read
    assert program.call("show", key, "--json").only["state"] == after
    kinds = {line["kind"] for line in program.call("doctor", "--fix", "--json", status=is_odd).json}
    assert (f"model_{read}" in kinds) is is_odd
    program.call("sync", "--yes", status=None)
    assert [line["key"] for line in program.call("list", "--json").json] == [key]


# -- very many files


def large_tree(top: Path, files: int, *, models: int) -> None:
    """Make files in folders of 100, one model among every few of them."""
    each = files // models
    model = tiny.embedding(top / "model.safetensors", 1)
    data = model.read_bytes()
    model.unlink()
    for number in range(files):
        folder = top / f"{number // 100:04}"
        if not number % 100:
            folder.mkdir(parents=True)
        if number % each:
            (folder / f"{number:06}.txt").touch()
        else:
            (folder / f"{number:06}.safetensors").write_bytes(
                data[:-4] + number.to_bytes(4, "little")
            )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("large") / "tree"
    large_tree(top, FILES, models=FILES // 100)
    crowd = top / "crowd"
    crowd.mkdir()
    for number in range(FILES):
        (crowd / f"{number}.json").touch()
    return top


def test_a_scan_looks_whether_to_stop_after_every_few_files(large: Path, tmp_path: Path) -> None:
    """However many there are, and however many of them lie in one folder."""
    seen: list[int] = []

    def watch(summary: ScanSummary) -> None:
        seen.append(summary.files + summary.headers)

    with ModelManager(Settings(root=tmp_path / "root")) as manager:
        scan = manager.installer.scanner.scan(large, watch=watch)
        found = list(scan)
    assert scan.summary.files == 2 * FILES
    assert len(found) == FILES // 100
    assert max(later - now for now, later in pairwise(seen)) <= 1000


def test_a_scan_that_was_stopped_goes_on_where_it_was(large: Path, tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "root")
    models = FILES // 100

    def stop_at(most: int) -> Callable[[ScanSummary], None]:
        def watch(summary: ScanSummary) -> None:
            if summary.headers >= most:
                raise JobCancelledError("stop")

        return watch

    read = 0
    for part in range(1, 5):
        with ModelManager(settings) as manager:
            scanner = manager.installer.scanner
            scan = scanner.scan(large, action=ScanAction.REGISTER, watch=stop_at(models // 4))
            with suppress(JobCancelledError):
                for _ in scan:
                    pass
            read += scan.summary.headers
            assert read <= part * (models // 4)
    with ModelManager(settings) as manager:
        last = manager.installer.scanner.scan(large, action=ScanAction.REGISTER)
        statuses = [finding.status for finding in last]
        assert set(statuses) <= {ScanStatus.KNOWN, ScanStatus.REGISTERED}
        assert len(statuses) == len(manager.records.all_models()) == models
        # What was found in time is remembered, registered or not.
        assert read + last.summary.headers == models


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    most: list[int] = []
    for files in (FILES // 4, FILES):
        top = tmp_path / str(files)
        large_tree(top, files, models=10)
        with ModelManager(Settings(root=tmp_path / f"root {files}")) as manager:
            scan = manager.installer.scanner.scan(top)
            next(iter(scan))
            tracemalloc.start()
            try:
                for _ in manager.installer.scanner.scan(top):
                    pass
                most.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
    folders = (FILES - FILES // 4) // 100
    # A folder that was entered is remembered, so that none is entered twice; a file is not.
    assert most[1] - most[0] < 100_000 + 1000 * folders, most
