"""File descriptors: many sessions and connections need more than systems give a process by default."""

import resource

import structlog

FILES_A_SESSION = 6
FILES_BESIDE = 256

_log = structlog.get_logger(__name__)


def allow_descriptors(session_count: int, connections_max: int) -> None:
    """Raises this process's soft limit as far as its sessions and connections need and the hard limit lets it."""
    needed = FILES_BESIDE + FILES_A_SESSION * session_count + connections_max
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        _log.warning("too few file descriptors", expected=needed, found=allowed, mend="raise the limit (ulimit -n)")
