"""The checks, in the order in which they are made: what others rest on comes first."""

from __future__ import annotations

from modelkeep.care.doctor.checks.backups import check_backups
from modelkeep.care.doctor.checks.catalogue import check_catalogue
from modelkeep.care.doctor.checks.drafts import check_drafts
from modelkeep.care.doctor.checks.empty_folders import check_empty_folders
from modelkeep.care.doctor.checks.journal import check_journal
from modelkeep.care.doctor.checks.locks import check_locks
from modelkeep.care.doctor.checks.models import check_models, check_states
from modelkeep.care.doctor.checks.names import check_names
from modelkeep.care.doctor.checks.orphans import check_orphans
from modelkeep.care.doctor.checks.places import check_places
from modelkeep.care.doctor.checks.previews import check_previews
from modelkeep.care.doctor.checks.rights import check_models_dir, check_secrets
from modelkeep.care.doctor.checks.roots import check_roots
from modelkeep.care.doctor.checks.rows import check_rows
from modelkeep.care.doctor.checks.space import check_space
from modelkeep.care.doctor.checks.staging import check_staging
from modelkeep.care.doctor.checks.state_file import check_state_file
from modelkeep.care.doctor.checks.trash import check_trash
from modelkeep.care.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    check_models_dir,
    check_secrets,
    check_locks,
    check_state_file,
    check_catalogue,
    check_rows,
    check_journal,
    check_staging,
    check_trash,
    check_previews,
    check_roots,
    check_places,
    check_models,
    check_states,
    check_orphans,
    check_names,
    check_empty_folders,
    check_drafts,
    check_space,
    check_backups,
)
