"""One builder of an entry at a time, on any number of processes."""

from pathlib import Path

from filelock import FileLock, Timeout

SUFFIX = ".lock"


def acquire(path: Path) -> FileLock:
    """Wait to be the only one to change an entry; a process that dies lets go of what it has.

    Args:
        path: of the entry; the lock lies beside it until it is released.

    Raises:
        OSError: the folder cannot be written.
    """
    lock = FileLock(path.with_suffix(SUFFIX))
    lock.acquire()
    return lock


def try_to_acquire(path: Path) -> FileLock | None:
    """Be the only one to change an entry, or give None if another process is.

    Raises:
        OSError: the folder cannot be written.
    """
    lock = FileLock(path.with_suffix(SUFFIX))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


def release(lock: FileLock) -> None:
    """Let others change the entry."""
    # While it is held: who waits for it sees that the name is gone, and makes a new one.
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
