from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from modelkeep.records.dialects import mounts
from modelkeep.records.dialects.sqlite import SqliteDatabase

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:40 / /mnt/team rw - nfs4 server:/x rw
24 23 0:41 / /mnt/team/local rw shared:1 master:2 - xfs /dev/b rw
25 22 0:42 / /mnt/with\\040space rw - cifs //s/x rw
26 22 0:43 / /mnt/ssh rw - fuse.sshfs me@x rw
27 22 0:44 / /mnt/ntfs rw - fuseblk /dev/c rw
28 22 0:45 / /mnt/over rw - nfs a rw
29 28 0:46 / /mnt/over rw - ext4 b rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/home/me/m.db", "ext4", False),
        ("/mnt/team/m.db", "nfs4", True),
        ("/mnt/team", "nfs4", True),
        ("/mnt/teamwork/m.db", "ext4", False),
        ("/mnt/team/local/a/m.db", "xfs", False),
        ("/mnt/with space/m.db", "cifs", True),
        ("/mnt/ssh/m.db", "fuse.sshfs", True),
        ("/mnt/ntfs/m.db", "fuseblk", False),
        ("/mnt/over/m.db", "ext4", False),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str, network: bool) -> None:
    assert mounts.file_system_of(Path(path), TABLE) == kind
    assert mounts.is_network(kind) is network


def test_an_unknown_table_means_a_local_disk() -> None:
    assert mounts.file_system_of(Path("/x"), "") == ""
    assert mounts.is_network("") is False


def test_a_network_disk_gets_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "m.db"
    SqliteDatabase(path).close()
    table = f"30 22 0:47 / {tmp_path} rw - nfs4 server:/x rw\n"
    monkeypatch.setattr(mounts, "mount_table", lambda: table)
    with caplog.at_level(logging.WARNING), closing(SqliteDatabase(path)) as db:
        assert db.conn.execute("PRAGMA journal_mode").fetchone()[0] == "truncate"
        assert db.conn.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert "network" in caplog.text
    assert path.read_bytes()[18:20] == b"\x01\x01"  # the header says: no write-ahead log
