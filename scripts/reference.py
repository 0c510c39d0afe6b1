"""Writes docs/reference and docs/operating/settings.md from the code, so that they cannot say anything else.

`reference.py` writes what has changed; `reference.py --check` writes nothing and fails when a page is not current.
"""

import argparse
import contextlib
import importlib
import inspect
import io
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import get_args, get_type_hints
from unittest.mock import patch

from litestar.handlers import HTTPRouteHandler
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from reference_postings import postings
from reference_words import flat, lower, members, notes_of, paragraphs, table, yes

import feiqian
from feiqian.app.invariants import DOMAINS
from feiqian.channels import BillFault, ChannelError, Meaning, NoticeFault
from feiqian.channels.alipay import errors as alipay_errors
from feiqian.channels.bank import errors as bank_errors
from feiqian.channels.unionpay import errors as unionpay_errors
from feiqian.channels.wechatpay import errors as wechatpay_errors
from feiqian.cli import main as command_line
from feiqian.connections import ConnectionState, VersionState
from feiqian.credit import Outcome
from feiqian.infra import metrics as infra_metrics
from feiqian.infra.settings import PREFIX, Settings
from feiqian.kernel.errors import Refusal
from feiqian.ledger import CHART, AccountCode, Overdraft, Side
from feiqian.ledger.invariants import INVARIANTS as LEDGER_INVARIANTS
from feiqian.lending import LoanState
from feiqian.members import ProposalState, Role, Scope
from feiqian.openapi import DisabledReason, EndpointState, NotificationState, Topic, routes
from feiqian.openapi import Outcome as DeliveryOutcome
from feiqian.payments import AttemptState, PaymentEvent, PaymentState, RefundState
from feiqian.reconciliation import DayState, Note, Status

ROOT = Path(__file__).resolve().parents[1]
HEADING = "<!-- Written by scripts/reference.py from the code; change the code, not this page. -->\n"
CLI = """# The command line

What `--help` prints. Every command reads the [settings](../operating/settings.md).

"""
FRAMEWORK_ERRORS = (
    ("method_not_allowed", 405, False, "The path exists, the method does not."),
    ("body_too_large", 413, False, "The body is above 4 MB."),
    ("http_error", 400, False, "Anything else that is wrong with the request as HTTP; `status` says what."),
    (
        "internal_error",
        500,
        True,
        "A defect here. The same request with the same numbers is safe to send again.",
    ),
)
"""What infra.web answers without a refusal of ours."""


def documents() -> dict[Path, str]:
    """Every generated page, by its path below the repository."""
    pages: dict[str, Callable[[], str]] = {
        "docs/operating/settings.md": settings,
        "docs/reference/cli.md": cli,
        "docs/reference/api.md": api,
        "docs/reference/errors.md": errors,
        "docs/reference/accounts.md": accounts,
        "docs/reference/postings.md": postings,
        "docs/reference/states.md": states,
        "docs/reference/invariants.md": invariants,
        "docs/reference/metrics.md": metrics,
    }
    return {Path(path): HEADING + "\n" + page().strip() + "\n" for path, page in pages.items()}


def settings() -> str:
    """Every setting with its default and its meaning."""
    notes, hints = notes_of(Settings), get_type_hints(Settings)
    defaults = Settings()
    rows = []
    for name in Settings.__struct_fields__:
        default = getattr(defaults, name)
        shown = f"`{str(default).lower() if isinstance(default, bool) else default}`"
        rows.append(
            (f"`{PREFIX}{name.upper()}`", kind_of(hints[name]), "" if default is None else shown, notes[name])
        )
    return f"""# Settings

Read once at start: an environment variable, over the TOML file that `{PREFIX}CONFIG` names, over the default. In the file
a setting has its name without the prefix and in lower case (`port = 8080`). A wrong value, a name in the file that does not
exist, or half of WeChat Pay's settings stop the program with a sentence that names the setting.

{table(("variable", "kind", "default", "meaning"), rows)}

Not settings of the program: `{PREFIX}CONFIG` (path of the file), `{PREFIX}CHROMIUM` (a Chromium or Chrome for the tests of
the pages), and `PYTHON` for `make` (which Python to begin with)."""


def kind_of(hint: object) -> str:
    """A type as an operator would say it."""
    words = {str: "text", int: "whole number", bool: "true or false", Path: "path", Decimal: "decimal"}
    parts = [part for part in (get_args(hint) or (hint,)) if part is not type(None)]
    return " or ".join(words[part] for part in parts if isinstance(part, type))


def cli() -> str:
    """The help of every command, as the program prints it."""
    parts = [
        f"## `{' '.join(('feiqian', *words))}`\n\n```text\n{help_of(words)}\n```" for words in commands()
    ]
    return CLI + "\n\n".join(parts)


def commands(words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, found by reading the help of the one above it."""
    yield words
    listed = re.search(r"^positional arguments:\n  [A-Z]+\n((?:    .*\n?)+)", help_of(words), re.MULTILINE)
    for name in re.findall(r"^ {4}([a-z-]+)", listed[1] if listed else "", re.MULTILINE):
        yield from commands((*words, name))


def help_of(words: Sequence[str]) -> str:
    """What a command prints with --help."""
    said = io.StringIO()
    environment = {"COLUMNS": "100", "NO_COLOR": "1"}
    with (
        patch.object(sys, "argv", ["feiqian", *words, "--help"]),
        patch.dict(os.environ, environment),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        command_line()
    return said.getvalue().strip()


def api() -> str:
    """Every path of the partner API, and what a key may do."""
    rows = []
    for controller in routes():
        if not isinstance(controller, type):
            continue
        for handler in vars(controller).values():
            if isinstance(handler, HTTPRouteHandler):
                (method,), (path,) = handler.http_methods, handler.paths
                whole = re.sub(r"\{(\w+):\w+\}", r"{\1}", vars(controller)["path"] + path.rstrip("/"))
                note = inspect.cleandoc(handler.fn.__doc__ or "")
                rows.append(
                    (
                        f"`{method} {whole}`",
                        handler.summary or "",
                        flat(note),
                        vars(controller)["opt"]["scope"].value,
                    )
                )
    scopes, roles = (
        "; ".join(f"`{member.value}`: {lower(notes_of(kind)[member.name])}" for member in kind)
        for kind in (Scope, Role)
    )
    return f"""# The partner API

The contract with every field is the OpenAPI 3.1 document that a running server gives at `/schema/openapi.json`. Here are its
paths.

{table(("path", "what it does", "", "scope"), rows)}

- Send `Authorization: Bearer <key>`. A key has scopes. {scopes}.
- Amounts are integers in minor units (fen) beside an ISO 4217 currency. Times are UTC, dates are those of Asia/Shanghai.
- Your numbers (`order_no`, `refund_no`, `loan_no` …) are idempotency keys: the same request again returns the first answer,
  an altered one is refused with `exists_with_different_request`. A header `Idempotency-Key` binds a key to one request:
  anything else sent under it is refused.
- Lists have `items` and `next_cursor`; send it as `cursor`. `limit` is 1 to 200.
- Errors are `application/problem+json` with a stable `code`: [errors](errors.md).

Callbacks of channels come to `POST /callbacks/<connection>`; buyers see `/cashier/…`, staff `/console/`; machines ask `/health`
and `/metrics`. Members of staff have a role. {roles}."""


def codes_of(module: ModuleType) -> str:
    """The error table of one channel."""
    named = {
        value.our_code: value
        for value in vars(module).values()
        if isinstance(value, Meaning) and value.our_code != "bill_missing"
    }
    theirs: dict[str, list[str]] = {}
    listed: dict[str, Meaning] = {**module.MEANINGS, **getattr(module, "BY_CODE", {})}
    for code, meaning in listed.items():
        named.setdefault(meaning.our_code, meaning)
        if code != meaning.our_code:
            theirs.setdefault(meaning.our_code, []).append(f"`{code}`")
    rows = [
        (
            f"`{meaning.our_code}`", meaning.status, meaning.outcome.value, yes(meaning.retryable),
            yes(meaning.query_first), yes(meaning.switch), " ".join(theirs.get(meaning.our_code, [])),
            meaning.english, meaning.chinese,
        )
        for meaning in named.values()
        if meaning.our_code != "bill_missing"
    ]  # fmt: skip
    columns = (
        "code",
        "status",
        "outcome",
        "retryable",
        "query first",
        "switch",
        "their codes",
        "English",
        "Chinese",
    )
    return table(columns, rows)


def errors() -> str:
    """Every code that a caller may see."""
    rows = [
        (
            f"`{kind.code}`",
            kind.status,
            yes(kind.retryable),
            kind.english,
            kind.chinese,
            kind.__module__.split(".")[1],
        )
        for kind in sorted(refusals(), key=lambda kind: (kind.code, kind.__module__))
    ]
    framework = [
        (f"`{code}`", status, yes(retryable), note) for code, status, retryable, note in FRAMEWORK_ERRORS
    ]
    channels = "\n\n".join(
        f"### {words}\n\n{codes_of(module)}"
        for words, module in (
            ("WeChat Pay's", wechatpay_errors),
            ("Alipay's", alipay_errors),
            ("UnionPay's", unionpay_errors),
            ("Banks'", bank_errors),
        )
    )
    return f"""# Errors

A problem document (RFC 9457) has `type`, `title`, `status`, `code`, `detail` and `retryable`. Compare `code`; show `detail`,
which is English or Chinese by `Accept-Language` (Chinese where nothing is asked for). *Retryable* means that the same request
may succeed later without being changed. A refusal has moved nothing.

## Refusals

{table(("code", "status", "retryable", "English", "Chinese", "raised in"), rows)}

## From HTTP itself

{table(("code", "status", "retryable", "meaning"), framework)}

## Channels' errors

What channels answer, in the house's words. *Outcome* says whether the call was carried out; after `unknown`, and wherever
*query first* says so, the house asks before it tries anything else; where *switch* says so, another connection may take the
payment. A code that is not listed is a refusal where the channel's answer is one for certain, and unknown otherwise. A bank's
own codes are mapped by its profile.

{channels}

## Why a callback is not believed

The `reason` of `notice_refused`. WeChat Pay sends such a notice again.

{members(NoticeFault)}

## Why a bill is not used

The `fault` of `bill_damaged`. No line of such a bill is used; the day shows as failed until a whole one comes.

{members(BillFault)}"""


def refusals() -> set[type[Refusal]]:
    """Every refusal of the house that has a code of its own."""
    for module in pkgutil.walk_packages(feiqian.__path__, "feiqian."):
        if not re.search(r"\.(simulators|migrations\.\w+|__main__)\b", module.name):
            importlib.import_module(module.name)

    def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    return {kind for kind in below(Refusal) if "code" in vars(kind) and not issubclass(kind, ChannelError)}


def accounts() -> str:
    """The chart of accounts."""
    sides = {Side.DEBIT: "debit (借)", Side.CREDIT: "credit (贷)"}
    rows = [
        (
            subject.number, f"`{code.value}`", subject.chinese, subject.english, sides[subject.side],
            "never" if subject.overdraft is Overdraft.NONE else "may be", notes_of(AccountCode)[code.name],
        )
        for code, subject in sorted(((c, CHART[c]) for c in AccountCode), key=lambda item: item[1].number)
    ]  # fmt: skip
    return f"""# Chart of accounts

One account exists for each (book, code, owner, currency). The books are `platform` and `funder:<funder_no>`; every book
balances by itself. An account grows on its side. Numbers and names follow the Chinese enterprise chart of accounts
(财会〔2006〕18号).

{table(("subject", "code", "Chinese", "English", "grows by", "below zero", "what for; owner"), rows)}"""


def states() -> str:
    """Every state machine and vocabulary that callers and staff see."""
    chapters: Sequence[tuple[str, type[Enum]]] = (
        ("Payment", PaymentState),
        ("Attempt", AttemptState),
        ("Refund", RefundState),
        ("Loan", LoanState),
        ("Credit decision", Outcome),
        ("Reconciled day", DayState),
        ("Reconciled line", Status),
        ("Why a reconciled line has its status", Note),
        ("What a payment's timeline says", PaymentEvent),
        ("Connection to a channel", ConnectionState),
        ("Credentials of a connection", VersionState),
        ("Proposal that needs a second person", ProposalState),
        ("What platforms are told", Topic),
        ("Endpoint", EndpointState),
        ("Why an endpoint is disabled", DisabledReason),
        ("Notification", NotificationState),
        ("Attempt to deliver", DeliveryOutcome),
    )
    parts = ["# States"]
    for title, kind in chapters:
        parts.append(f"## {title}\n\n{paragraphs(kind)}\n\n{members(kind)}")
    return "\n\n".join(parts)


def invariants() -> str:
    """Every statement that must always hold."""
    rows = [
        (domain, f"`{each.name}`", each.english, each.chinese)
        for domain, listed in {"ledger": LEDGER_INVARIANTS, **DOMAINS}.items()
        for each in listed
    ]
    return f"""# Invariants

Each is a query that returns the rows that break it, and must return none. `feiqian ledger verify`, the console, the end of
every demo and the tests run them all.

{table(("domain", "name", "English", "Chinese"), rows)}"""


def metrics() -> str:
    """What /metrics counts of ours."""
    rows = [
        (f"`{name}`", metric.type, ", ".join(f"`{label}`" for label in labels), metric.documentation)
        for name, (metric, labels) in sorted(own_metrics().items())
    ]
    return f"""# Metrics

`GET /metrics` gives these beside those of the Python process. A histogram is shown as `_bucket`, `_sum` and `_count`.

{table(("name", "kind", "labels", "what it counts"), rows)}"""


def own_metrics() -> dict[str, tuple[Metric, Sequence[str]]]:
    """Our own metrics with their labels, by the name under which they are shown."""
    found: dict[str, tuple[Metric, Sequence[str]]] = {}
    for collector in vars(infra_metrics).values():
        if isinstance(collector, MetricWrapperBase):
            (metric,) = collector.collect()
            name = metric.name + ("_total" if metric.type == "counter" else "")
            found[name] = metric, vars(collector)["_labelnames"]
    return found


def main() -> int:
    """Write the pages, or say which are not current."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a page is not current"
    )
    check = parser.parse_args().check
    stale = [
        (path, text)
        for path, text in documents().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(f"{'not current' if check else 'written'}: {path}")
        if not check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
