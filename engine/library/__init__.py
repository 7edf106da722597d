"""The process library: versions of bundles, their checks, and the draft of the next one."""

from engine.library.catalogue import (
    Edition,
    Shelf,
    contents,
    edition,
    editions,
    get_deployment,
    get_file,
    get_version,
    shelves,
    versions,
)
from engine.library.checks import check
from engine.library.deployment import (
    deploy,
    deploy_from_host,
    deploy_new,
    load_shipped,
    read_directory,
)
from engine.library.drafts import (
    Workbench,
    check_draft,
    deploy_draft,
    discard_draft,
    draft_files,
    find_draft,
    read_draft,
    save_draft,
    workbench,
)

__all__ = [
    "Edition",
    "Shelf",
    "Workbench",
    "check",
    "check_draft",
    "contents",
    "deploy",
    "deploy_draft",
    "deploy_from_host",
    "deploy_new",
    "discard_draft",
    "draft_files",
    "edition",
    "editions",
    "find_draft",
    "get_deployment",
    "get_file",
    "get_version",
    "load_shipped",
    "read_directory",
    "read_draft",
    "save_draft",
    "shelves",
    "versions",
    "workbench",
]
