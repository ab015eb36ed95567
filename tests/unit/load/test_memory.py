"""How much memory there is: of the machine, within the groups of a container."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.load.memory import HostMemory, host_memory, ram_budget, under_pressure

GIB = 1 << 30


def write(system: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = system / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return system


MEMINFO = {"proc/meminfo": "MemTotal:  16777216 kB\nMemFree: 1 kB\nMemAvailable:  8388608 kB\n"}


def test_the_machine_tells(tmp_path: Path) -> None:
    assert host_memory(write(tmp_path, MEMINFO)) == HostMemory(16 * GIB, 8 * GIB)


@pytest.mark.parametrize("inside", ["/", "/docker/abc"])
def test_a_container_tells_less(tmp_path: Path, inside: str) -> None:
    group = "sys/fs/cgroup" + ("" if inside == "/" else inside)
    files = {
        "proc/self/cgroup": f"0::{inside}\n",
        f"{group}/memory.max": f"{4 * GIB}\n",
        f"{group}/memory.current": f"{GIB}\n",
    }
    assert host_memory(write(tmp_path, MEMINFO | files)) == HostMemory(4 * GIB, 3 * GIB)


def test_the_path_of_a_group_may_be_that_of_the_host(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/../../docker/abc\n",
        "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
        "sys/fs/cgroup/memory.current": "0\n",
    }
    assert host_memory(write(tmp_path, MEMINFO | files)).limit == 2 * GIB


def test_the_smallest_of_the_groups_around_counts(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/team/job\n",
        "sys/fs/cgroup/team/job/memory.max": "max\n",
        "sys/fs/cgroup/team/memory.max": f"{3 * GIB}\n",
        "sys/fs/cgroup/team/memory.current": f"{GIB}\n",
    }
    assert host_memory(write(tmp_path, MEMINFO | files)) == HostMemory(3 * GIB, 2 * GIB)


def test_the_first_version_of_groups(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "5:cpu,cpuacct:/job\n4:memory:/job\n",
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{GIB}\n",
        "sys/fs/cgroup/memory/job/memory.usage_in_bytes": f"{GIB // 2}\n",
    }
    assert host_memory(write(tmp_path, MEMINFO | files)) == HostMemory(GIB, GIB // 2)


def test_a_group_without_a_limit_says_nothing(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}
    assert host_memory(write(tmp_path, MEMINFO | files)) == HostMemory(16 * GIB, 8 * GIB)


def test_a_system_that_tells_nothing_has_some(tmp_path: Path) -> None:
    assert host_memory(tmp_path).limit > 0


def test_this_machine_has_some() -> None:
    here = host_memory()
    assert 0 < here.available <= here.limit


def test_models_may_take_half_unless_the_setting_says_otherwise() -> None:
    assert ram_budget(HostMemory(16 * GIB, GIB), None) == 8 * GIB
    assert ram_budget(HostMemory(16 * GIB, GIB), 2.5) == 2_500_000_000


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.integers(1, 1 << 40), st.floats(0, 1))
def test_pressure_only_lowers_a_limit(limit: int, used: int, total: int, share: float) -> None:
    memory = HostMemory(total, int(total * share))
    assert 0 <= under_pressure(limit, used, memory) <= limit


def test_pressure_leaves_a_reserve() -> None:
    assert under_pressure(8 * GIB, 4 * GIB, HostMemory(16 * GIB, 3 * GIB)) == 6 * GIB
    assert under_pressure(8 * GIB, 0, HostMemory(16 * GIB, 12 * GIB)) == 8 * GIB
