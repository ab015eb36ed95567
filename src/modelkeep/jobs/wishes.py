"""What any process wishes of a job, for the process that has it; and taking over from a dead one.

A process cannot reach into another: it writes down what it wishes, and the owner of the job looks
there several times a second.
"""

from __future__ import annotations

from enum import StrEnum

from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.state import StateDatabase


class JobWish(StrEnum):
    """What shall become of a job that has not ended."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


def wish(state: StateDatabase, job_id: int, wanted: JobWish) -> None:
    """Write down what is wished of a job; the last wish counts, but cancelling is final."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT INTO job_wish (job, wish) SELECT id, ? FROM job WHERE id = ?"
            " ON CONFLICT (job) DO UPDATE SET wish = excluded.wish WHERE wish != 'cancel'",
            (wanted.value, job_id),
        )


def wishes(state: StateDatabase, owner: str) -> dict[int, JobWish]:
    """Return what is wished of the jobs of one owner that have not ended."""
    rows = state.select(
        "SELECT job.id, wish FROM job JOIN job_wish ON job_wish.job = job.id"
        " WHERE owner = ? AND ended_at IS NULL",
        owner,
    )
    return {int(row["id"]): JobWish(row["wish"]) for row in rows}


def forget_wish(state: StateDatabase, job_id: int, obeyed: JobWish) -> None:
    """Cross out a wish that was obeyed, unless another one came meanwhile."""
    with state.transaction() as connection:
        connection.execute(
            "DELETE FROM job_wish WHERE job = ? AND wish = ?", (job_id, obeyed.value)
        )


def claim(
    state: StateDatabase, row: JobRow, owner: str, *, status: str = "waiting", done: int = 0
) -> bool:
    """Make a job one's own, to be begun again; wishes of it are forgotten.

    Args:
        state: The state file.
        row: The job as it was seen; nobody may have touched it since.
        owner: Who takes it.
        status: What it shall be then.
        done: Bytes that are there already.

    Returns:
        Whether it was still as in ``row``: of several who try, one gets it.
    """
    with state.transaction() as connection:
        cursor = connection.execute(
            "UPDATE job SET owner = ?, status = ?, error_type = NULL, error = NULL,"
            " hint = NULL, bytes = ?, ended_at = NULL WHERE id = ? AND owner = ? AND status = ?",
            (owner, status, done, row.id, row.owner, row.status),
        )
        is_mine = cursor.rowcount == 1
        if is_mine:
            connection.execute("DELETE FROM job_wish WHERE job = ?", (row.id,))
        return is_mine
