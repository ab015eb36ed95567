"""Which disks are built into the computer, as the system tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelkeep.disk.filesystems import is_on_local_disk

MOUNTS = Path("/proc/self/mountinfo")

pytestmark = pytest.mark.skipif(not MOUNTS.exists(), reason="the system lists no mounts")


def told(tmp_path: Path, kind: str, number: str = "8:1", source: str = "/dev/sda1") -> Path:
    """Write the system's list anew, with everything on one kind of file system."""
    lines = []
    for line in MOUNTS.read_text().splitlines():
        before, _, behind = line.partition(" - ")
        words = before.split()
        words[2] = number
        options = behind.split()[2:]
        lines.append(" ".join([*words, "-", kind, source, *options]))
    path = tmp_path / "mountinfo"
    path.write_text("\n".join(lines))
    return path


def disk(tmp_path: Path, place: str, number: str, *, removable: str = "0") -> Path:
    """Write what the system tells of a disk and its first partition; return all devices."""
    devices = tmp_path / "sys/dev/block"
    devices.mkdir(parents=True, exist_ok=True)
    folder = tmp_path / "sys/devices" / place
    (folder / "part1").mkdir(parents=True)
    (folder / "removable").write_text(f"{removable}\n")
    (devices / number).symlink_to(folder / "part1")
    return devices


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs"])
def test_disks_of_this_computer(tmp_path: Path, kind: str) -> None:
    devices = disk(tmp_path, "pci0000:00/ata1/block/sda", "8:1")
    assert is_on_local_disk(tmp_path, mounts=told(tmp_path, kind), devices=devices)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs", "virtiofs", "vfat", "exfat"])
def test_networks_programs_and_other_systems(tmp_path: Path, kind: str) -> None:
    devices = disk(tmp_path, "pci0000:00/ata1/block/sda", "8:1")
    assert not is_on_local_disk(tmp_path, mounts=told(tmp_path, kind), devices=devices)


def test_disks_that_can_be_pulled_out(tmp_path: Path) -> None:
    mounts = told(tmp_path, "ext4")
    slot = disk(tmp_path / "slot", "pci0000:00/ata1/block/sda", "8:1", removable="1")
    assert not is_on_local_disk(tmp_path, mounts=mounts, devices=slot)
    cable = disk(tmp_path / "cable", "pci0000:00/usb2/2-1/block/sda", "8:1")
    assert not is_on_local_disk(tmp_path, mounts=mounts, devices=cable)


def test_an_encrypted_disk_is_as_the_one_below_it(tmp_path: Path) -> None:
    mounts = told(tmp_path, "ext4", "253:0", "/dev/mapper/home")
    for place, is_local in (("ata1", True), ("usb2", False)):
        devices = disk(tmp_path / place, f"{place}/block/sda", "8:1")
        mapper = tmp_path / place / "sys/devices/virtual/block/dm-0"
        (mapper / "slaves/sda1").mkdir(parents=True)
        (mapper / "slaves/sda1/dev").write_text("8:1\n")
        (devices / "253:0").symlink_to(mapper)
        assert is_on_local_disk(tmp_path, mounts=mounts, devices=devices) is is_local


def test_a_file_system_with_a_number_of_its_own(tmp_path: Path) -> None:
    """Like btrfs: what it is mounted from leads to the disk."""
    real = next((path for path in Path("/dev").iterdir() if path.is_block_device()), None)
    if real is None:
        pytest.skip("there is no disk in /dev here")
    device = real.stat().st_rdev
    number = f"{os.major(device)}:{os.minor(device)}"
    devices = disk(tmp_path, "usb2/block/sda", number)
    mounts = told(tmp_path, "btrfs", "0:42", str(real))
    assert not is_on_local_disk(tmp_path, mounts=mounts, devices=devices)


def test_what_is_not_known_is_not_trusted(tmp_path: Path) -> None:
    assert not is_on_local_disk(tmp_path, mounts=tmp_path / "none")
    (tmp_path / "empty").touch()
    assert not is_on_local_disk(tmp_path, mounts=tmp_path / "empty")


def test_this_very_system_answers(tmp_path: Path) -> None:
    assert not is_on_local_disk(Path("/proc"))
    assert is_on_local_disk(tmp_path) in {True, False}
