"""Connections (渠道连接): our contracts with channels.

Owns what a connection is called and for whom it is, its weight, cost and limits, and its credentials by version, sealed
so that they open in their own row with the master key only. States: draft -> testing -> active <-> paused -> retired,
documented at ``ConnectionState``.

Credentials are proposed by one person, tested against the channel, and put in force by another; those before are kept to
verify late notices until they are retired. Nothing secret ever leaves again. Invariants: one version in force at most, and
one for whatever is active or paused; every change has a line of history and counts up the revision, after which the running
processes (``LiveConnections``) look.
"""

from feiqian.connections.credentials import (
    propose_credentials,
    retire_version,
    rewrap_credentials,
)
from feiqian.connections.desk import PROCEDURE, ConnectionDesk
from feiqian.connections.importing import import_connection
from feiqian.connections.live import FOLLOW_EVERY_S, LiveConnections
from feiqian.connections.model import (
    COMMAND_LINE,
    CREDENTIALS,
    SETTINGS,
    Actor,
    Audience,
    Change,
    Connection,
    ConnectionEvent,
    ConnectionNotOpen,
    ConnectionState,
    ConnectionStateRefused,
    ConnectionUnknown,
    Cost,
    CredentialsPending,
    CredentialsUntested,
    HistoryLine,
    Limits,
    MethodLimits,
    Offer,
    Outcome,
    Version,
    VersionState,
    VersionStateRefused,
)
from feiqian.connections.operations import (
    HISTORY_SHOWN,
    change_connection,
    create_connection,
    pause,
    require_connection,
    resume,
    retire,
)
from feiqian.connections.rules import EXPIRES_SOON, narrow
from feiqian.connections.store import read_connections, read_history, read_versions

__all__ = [
    "COMMAND_LINE",
    "CREDENTIALS",
    "EXPIRES_SOON",
    "FOLLOW_EVERY_S",
    "HISTORY_SHOWN",
    "PROCEDURE",
    "SETTINGS",
    "Actor",
    "Audience",
    "Change",
    "Connection",
    "ConnectionDesk",
    "ConnectionEvent",
    "ConnectionNotOpen",
    "ConnectionState",
    "ConnectionStateRefused",
    "ConnectionUnknown",
    "Cost",
    "CredentialsPending",
    "CredentialsUntested",
    "HistoryLine",
    "Limits",
    "LiveConnections",
    "MethodLimits",
    "Offer",
    "Outcome",
    "Version",
    "VersionState",
    "VersionStateRefused",
    "change_connection",
    "create_connection",
    "import_connection",
    "narrow",
    "pause",
    "propose_credentials",
    "read_connections",
    "read_history",
    "read_versions",
    "require_connection",
    "resume",
    "retire",
    "retire_version",
    "rewrap_credentials",
]
