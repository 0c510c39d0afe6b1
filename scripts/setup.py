"""Makes everything that running or testing Feiqian needs, from Python alone.

It runs on the system's Python with nothing installed, may be repeated at any time, and does only what is
missing: uv, the locked Python environment, Node's packages, the console's build and, for tests, a Chromium.
"""

from __future__ import annotations  # an older Python must get as far as the sentence about its age

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
WEB = ROOT / "web"

PYTHON_MINIMUM = (3, 11)
UV_VERSION = "0.13.9"
"""What is installed where no uv is found."""
UV_MINIMUM = (0, 9)
"""An older uv on the PATH may not read the lock file, so ours is installed beside it."""

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ON_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
HEARTBEAT_S = 15.0


class SetupProblem(Exception):
    """What is missing and what the person at the keyboard can do about it."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "purpose", choices=["run", "test"], help="run: to serve; test: also what the checks need"
    )
    purpose = parser.parse_args(arguments).purpose
    began = time.monotonic()
    try:
        need_python()
        sync_python(find_uv(), with_development_tools=purpose == "test")
        build_web()
        if purpose == "test":
            need_chromium()
    except SetupProblem as problem:
        say(f"cannot go on: {problem}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        return 130
    say(f"set-up complete ({time.monotonic() - began:.1f} s)")
    return 0


def need_python() -> None:
    """Go on with this Python, or hand over to a newer one on the PATH."""
    if sys.version_info >= PYTHON_MINIMUM:
        return
    for minor in range(20, PYTHON_MINIMUM[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])
    raise SetupProblem(
        f"Python {sys.version.split()[0]} at {sys.executable} is too old; "
        "install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"
    )


def find_uv() -> Path:
    """The uv on the PATH when it works and is new enough, otherwise ours under .tools."""
    candidates = [shutil.which("uv"), TOOLS / "bin" / "uv", TOOLS / "lib" / "bin" / "uv"]
    for candidate in candidates:
        if candidate and version_of(Path(candidate)) >= UV_MINIMUM:
            return Path(candidate)
    return install_uv()


def version_of(program: Path) -> tuple[int, ...]:
    """The numbers in what `program --version` prints; empty when it cannot be run."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ()
    found = re.search(r"(\d+)\.(\d+)", answer.stdout) if answer.returncode == 0 else None
    return tuple(int(part) for part in found.groups()) if found else ()


def install_uv() -> Path:
    """Install the pinned uv: into its own venv, or with a bare pip where Debian left venv out."""
    shutil.rmtree(TOOLS, ignore_errors=True)
    package = f"uv=={UV_VERSION}"
    if not has_module("ensurepip") and not has_module("pip"):
        apt_install("python3-venv")
    if has_module("ensurepip"):
        run([sys.executable, "-m", "venv", str(TOOLS)], what="making .tools for uv")
        run([str(TOOLS / "bin" / "pip"), "install", "--quiet", package], what=f"installing {package}")
        return TOOLS / "bin" / "uv"
    if has_module("pip"):
        target = TOOLS / "lib"
        run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), package],
            what=f"installing {package}",
        )
        return target / "bin" / "uv"
    raise SetupProblem(
        "this Python has neither venv nor pip; install one of them (Debian and Ubuntu: "
        "sudo apt-get install python3-venv) or install uv, then run the same command again"
    )


def has_module(name: str) -> bool:
    """Asked of a fresh interpreter: a package installed a moment ago counts."""
    asked = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False)
    return asked.returncode == 0


def sync_python(uv: Path, *, with_development_tools: bool) -> None:
    """Bring .venv to exactly what uv.lock says."""
    command = [str(uv), "sync", "--frozen"]
    if not (VENV / "bin" / "python").exists():
        command += ["--python", sys.executable]
    if not with_development_tools:
        # Keep what an earlier `make test` installed: taking it away would only cost time.
        command += ["--no-group", "dev", "--inexact"]
    # The system's certificates: a company's own authority is known there and nowhere else.
    outside_venv = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    outside_venv.setdefault("UV_SYSTEM_CERTS", "true")
    run(command, what="Python packages, as locked", environment=outside_venv)


def build_web() -> None:
    """Install the pages' packages and build them, each only when its inputs changed."""
    packages = [WEB / "package.json", WEB / "package-lock.json", WEB / ".npmrc"]
    installed = WEB / "node_modules" / ".installed-from"
    built = WEB / "dist" / ".built-from"
    with unless_unchanged(installed, fingerprint(packages)) as stale:
        if stale:
            npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", what="packages of the pages")
    with unless_unchanged(built, fingerprint(web_sources())) as stale:
        if stale:
            npm("run", "build", what="building console and cashier")


@contextmanager
def unless_unchanged(stamp: Path, content: str) -> Generator[bool]:
    """Gives whether the work is due, and remembers that it was done once it succeeded."""
    stale = not stamp.exists() or stamp.read_text() != content
    if stale:
        stamp.unlink(missing_ok=True)
    yield stale
    if stale:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(content)


def web_sources() -> Iterator[Path]:
    """Every file a build reads: all under web/ but packages and results."""
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(name for name in folders if name not in {"node_modules", "dist"})
        yield from (Path(folder) / name for name in sorted(files))


def fingerprint(files: Iterable[Path]) -> str:
    """A hash of names and contents; a file that does not exist counts as such."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b"absent"
        digest.update(f"{file.relative_to(ROOT)} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def npm(*arguments: str, what: str) -> None:
    """Run npm on the Node of .venv; programs that npm starts find the same Node first."""
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")
    run([str(VENV / "bin" / "npm"), *arguments], what=what, environment=environment, folder=WEB)


def find_chromium() -> str | None:
    """FEIQIAN_CHROMIUM when it is set, otherwise the first Chromium or Chrome on this machine."""
    named = os.environ.get("FEIQIAN_CHROMIUM")
    if named:
        return shutil.which(named)
    found = [shutil.which(name) for name in (*CHROMIUM_NAMES, CHROMIUM_ON_MAC)]
    return next((program for program in found if program), None)


def need_chromium() -> None:
    """A Chromium for the browser tests and a Chinese font for their pictures."""
    if os.environ.get("FEIQIAN_CHROMIUM") and not find_chromium():
        raise SetupProblem(
            f"FEIQIAN_CHROMIUM={os.environ['FEIQIAN_CHROMIUM']} is not a program that can be run"
        )
    missing = [] if find_chromium() else ["chromium"]
    if shutil.which("apt-get") and not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if missing and not apt_install(*missing):
        say(f"could not install {' '.join(missing)} here")
    if not find_chromium():
        raise SetupProblem(
            "the browser tests need Chromium; install it (Debian: sudo apt-get install chromium "
            "fonts-noto-cjk) or set FEIQIAN_CHROMIUM to a Chromium or Chrome, then run the same command again"
        )


def has_chinese_font() -> bool:
    lister = shutil.which("fc-list")
    if not lister:
        return False
    return bool(subprocess.run([lister, ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that is possible without a password; says whether they are there now."""
    if not shutil.which("apt-get"):
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        prefix = ["sudo", "-n"]
        if (
            not shutil.which("sudo")
            or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
        ):
            return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*prefix, "apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    try:
        run([*prefix, "apt-get", "update", "-qq"], what="list of system packages", environment=environment)
        run(install, what=f"system packages: {' '.join(packages)}", environment=environment)
    except SetupProblem as problem:
        say(str(problem))
        return False
    return True


def run(
    command: Sequence[str], *, what: str, environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> None:
    """Run one step in the open, with a sign of life when it is quiet for long.

    Raises: SetupProblem when the command fails or cannot be started.
    """
    say(what)
    began = time.monotonic()
    done = threading.Event()

    def sign_of_life() -> None:
        while not done.wait(HEARTBEAT_S):
            say(f"{what}: {time.monotonic() - began:.0f} s so far")

    watcher = threading.Thread(target=sign_of_life, daemon=True)
    watcher.start()
    try:
        code = subprocess.run(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, check=False
        ).returncode
    except OSError as problem:
        raise SetupProblem(f"{what} could not be started: {problem}") from problem
    finally:
        done.set()
        watcher.join()
    if code:
        raise SetupProblem(f"{what} failed with exit code {code}: {' '.join(command)}")


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
