"""Kinds of jobs besides installs and downloads: one file each, with a ``KIND``."""

from __future__ import annotations

from modelkeep.core.plugins import PluginKind
from modelkeep.jobs.kinds import JobPlugin

#: Those of this package and of installed packages that name theirs in the group.
JOB_KINDS: PluginKind[JobPlugin] = PluginKind(
    "kind of jobs", JobPlugin, "KIND", package="modelkeep.app.job_kinds", group="modelkeep.jobs"
)
