"""Plans on disk: whole or not there, one builder at a time, never a damaged one loaded.

A plan is ``KEY.plan``, its manifest ``KEY.json``; the manifest is written last and states size and
hash, so that a plan without one, or with another hash, does not exist for us. Whoever builds holds
``KEY.lock``, which the system gives back when a process dies. A plan is used when its manifest's
time stamp is touched; the longest unused go first when the folder is over its limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streammat_kernels.errors import DependencyError

from ..errors import EngineError, EngineFileError
from .plan import OtherSchema, PlanManifest

__all__ = ["LIMIT_BYTES", "PlanCache", "PlanEntry"]

LIMIT_BYTES = 8 << 30
SET_ASIDE = "damaged"
_STALE_SECONDS = 3600.0  # an unfinished file that nobody has written to for so long is left over
_KEY = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan in the cache: its manifest, where it lies, and when it was last used (Unix time)."""

    manifest: PlanManifest
    path: Path
    used: float

    def read(self) -> bytes:
        """The plan's bytes, checked.

        Raises:
            EngineError: the plan is not what its manifest says.
        """
        plan = self.path.read_bytes()
        if hashlib.sha256(plan).hexdigest() != self.manifest.plan_sha256:
            raise EngineError(f"plan {self.path} is damaged: its hash is not its manifest's")
        return plan


class PlanCache:
    """The folder of plans.

    Args:
        folder: is made.
        limit_bytes: of all plans together.
        reading: nothing will be stored, so that the folder need not be there or writable.

    Raises:
        EngineFileError: the folder cannot be made or written.
    """

    def __init__(
        self, folder: Path, limit_bytes: int = LIMIT_BYTES, *, reading: bool = False
    ) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        if reading:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        if not os.access(folder, os.W_OK):
            raise _unwritable(folder, None)

    def find(self, key: str) -> PlanEntry | None:
        """The plan of this key, whole and checked, or None; a damaged one is set aside."""
        entry = self._entry(self.folder / f"{key}.json")
        if entry is None:
            return None
        try:
            entry.read()
        except PermissionError:  # somebody else's, for whom it may be whole
            return None
        except (OSError, EngineError):
            self._set_aside(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(self.folder / f"{key}.json")
        return entry

    def entries(self) -> list[PlanEntry]:
        """Every plan with a readable manifest, last used first; hashes are not checked."""
        found = [self._entry(path) for path in self.folder.glob("*.json")]
        return sorted((e for e in found if e is not None), key=lambda e: -e.used)

    def keys(self, beginning: str = "") -> list[str]:
        """Of every manifest here whose key begins like this, whole or not."""
        keys = (path.stem for path in self.folder.glob("*.json"))
        return sorted(key for key in keys if _KEY.fullmatch(key) and key.startswith(beginning))

    def check(self, key: str) -> bool:
        """Whether the plan is there and whole; a damaged one is set aside."""
        used = self._entry(self.folder / f"{key}.json")
        whole = self.find(key) is not None
        if whole and used is not None:  # being checked is not being used
            with contextlib.suppress(OSError):
                os.utime(self.folder / f"{key}.json", (used.used, used.used))
        return whole

    def match(self, beginning: str) -> PlanEntry:
        """The one plan whose key begins like this.

        Raises:
            EngineFileError: none does, or several do; it is damaged.
        """
        key = self.one_key(beginning)
        if (entry := self._entry(self.folder / f"{key}.json")) is None:
            raise EngineFileError(
                f"engine {key[:12]} is damaged or of another release: build it again with "
                "'streammat engine build'"
            )
        return entry

    def one_key(self, beginning: str) -> str:
        """The one key that begins like this, of a plan that is whole or not.

        Raises:
            EngineFileError: none does, or several do.
        """
        found = self.keys(beginning)
        if len(found) != 1:
            keys = ", ".join(key[:12] for key in (found or self.keys())[:6]) or "none"
            what = "several engines begin with" if found else "there is no engine"
            raise EngineFileError(f"{what} {beginning!r}; engines here: {keys}")
        return found[0]

    def store(self, manifest: PlanManifest, plan: bytes) -> PlanEntry:
        """Write a plan, then its manifest, each atomically; then keep to the limit.

        Raises:
            OSError: the disk is full or refuses; nothing half written stays.
        """
        path = self.folder / f"{manifest.key}.plan"
        beside = self.folder / f"{manifest.key}.json"
        beside.unlink(missing_ok=True)
        write_atomically(path, plan)
        write_atomically(beside, manifest.to_json().encode())
        self.prune(keep=manifest.key)
        return PlanEntry(manifest, path, time.time())

    def restate(self, manifest: PlanManifest) -> PlanEntry:
        """Write the manifest of a plan that is here anew, with more facts.

        Raises:
            OSError: the disk is full or refuses; the old manifest stays.
        """
        write_atomically(self.folder / f"{manifest.key}.json", manifest.to_json().encode())
        return PlanEntry(manifest, self.folder / f"{manifest.key}.plan", time.time())

    def remove(self, key: str) -> None:
        """Remove a plan; its lock is the caller's."""
        for suffix in (".json", ".plan"):
            with contextlib.suppress(OSError):  # Windows: somebody has it open
                (self.folder / f"{key}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def building(self, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the key's lock while building.

        Args:
            key: of the plan.
            waiting: called once when another process has the lock; look into the cache again
                afterwards.

        Raises:
            EngineFileError: the lock is another user's.
        """
        lock = self._lock(key)
        try:
            if not _taken(lock):
                waiting()
                lock.acquire()
        except PermissionError as error:  # another user's
            raise _unwritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def prune(
        self, limit_bytes: int | None = None, keep: str = ""
    ) -> tuple[list[PlanManifest], int]:
        """Remove the plans that were not used for longest until the rest is within the limit.

        What broken builds left goes in any case; plans that were set aside stay as long as there
        is room for them beside the others.

        Args:
            limit_bytes: of all plans together; None: the cache's own. 0 removes all.
            keep: key of a plan that stays in any case.

        Returns:
            What was removed, and the bytes that became free.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        freed = self._sweep()
        removed, kept = [], 0
        for entry in self.entries():
            size = entry.manifest.plan_bytes
            if entry.manifest.key == keep or kept + size <= limit:
                kept += size
            elif self._remove(entry.manifest.key):
                removed.append(entry.manifest)
                freed += size
        return removed, freed + self._drop_damaged(limit - kept)

    def clear_traces(self) -> None:
        """Remove what builders learned, and the locks that nobody holds, of plans that are gone."""
        for path in self.folder.glob("*.timing"):
            _unlinked(path)
        kept = set(self.keys())
        for path in self.folder.glob("*.lock"):
            if path.stem not in kept and _ours(lock := self._lock(path.stem)):
                _unlinked(path)  # while it is held: whoever waits for it notices, and makes another
                lock.release()

    def timing(self, name: str) -> Path:
        """The file of a builder's timing cache; ``name`` says for which release and GPU."""
        return self.folder / f"{re.sub(r'[^0-9A-Za-z.]+', '-', name)}.timing"

    def damaged(self) -> list[Path]:
        """Plans that were set aside."""
        return sorted((self.folder / SET_ASIDE).glob("*.plan"))

    def _entry(self, path: Path) -> PlanEntry | None:
        key = path.stem
        plan = path.with_suffix(".plan")
        if not _KEY.fullmatch(key):
            return None
        try:
            manifest = PlanManifest.from_json(path.read_text(encoding="utf-8"))
            used, size = path.stat().st_mtime, plan.stat().st_size
        except FileNotFoundError:
            if path.exists():  # whoever removes or builds, takes the manifest away first
                self._set_aside(key)
            return None
        except (PermissionError, OtherSchema):  # good for somebody else
            return None
        except (OSError, UnicodeDecodeError, EngineError):
            self._set_aside(key)
            return None
        if manifest.key != key or size != manifest.plan_bytes:
            self._set_aside(key)
            return None
        return PlanEntry(manifest, plan, used)

    def _set_aside(self, key: str) -> None:
        """Move a damaged plan out of the way, so that nothing loads it and a person can look."""
        with contextlib.suppress(OSError):
            aside = self.folder / SET_ASIDE
            aside.mkdir(exist_ok=True)
            for suffix in (".json", ".plan"):
                path = self.folder / f"{key}{suffix}"
                if path.exists():
                    path.replace(aside / path.name)

    def _remove(self, key: str) -> bool:
        """Remove a plan unless it is being built right now."""
        lock = self._lock(key)
        if not _ours(lock):
            return False
        try:
            self.remove(key)
        finally:
            lock.release()
        return True

    def _sweep(self) -> int:
        """Remove what killed builds left; the bytes that became free."""
        whole = {path.stem for path in self.folder.glob("*.json")}
        orphans = [path for path in self.folder.glob("*.plan") if path.stem not in whole]
        return sum(
            _unlinked(path)
            for path in (*self.folder.glob("*.partial"), *orphans)
            if _age_seconds(path) > _STALE_SECONDS
        )

    def _drop_damaged(self, room_bytes: int) -> int:
        """Remove what was set aside and has no room, the oldest first; the bytes freed."""
        freed = 0
        for path in sorted((self.folder / SET_ASIDE).glob("*"), key=_age_seconds):
            with contextlib.suppress(OSError):
                size = path.stat().st_size
                if 0 < size <= room_bytes:
                    room_bytes -= size
                else:
                    freed += _unlinked(path)
        return freed

    def _lock(self, key: str) -> Any:
        try:
            from filelock import FileLock
        except ImportError as error:
            raise DependencyError(
                "filelock is missing, which keeps two builds apart: pip install filelock"
            ) from error
        return FileLock(str(self.folder / f"{key}.lock"))


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # somebody else removed it
        return 0.0


def _unlinked(path: Path) -> int:
    """Remove a file; the bytes that became free."""
    with contextlib.suppress(OSError):  # Windows: somebody has it open
        size = path.stat().st_size
        path.unlink()
        return size
    return 0


def write_atomically(path: Path, data: bytes) -> None:
    """A temporary name beside the target, fsync, rename."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:  # a full disk names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def _taken(lock: Any) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _ours(lock: Any) -> bool:
    """As `_taken`; False for another user's, too."""
    try:
        return _taken(lock)
    except PermissionError:
        return False


def _unwritable(folder: Path, error: OSError | None) -> EngineFileError:
    reason = f" ({error.strerror})" if error is not None and error.strerror else ""
    return EngineFileError(
        f"engine cache {folder} cannot be written{reason}: make it writable, or let "
        "STREAMMAT_CACHE_DIR name another folder"
    )
