"""The house keeps its own rules, and each rule catches what it is there for."""

import pytest
from tests.house import rules
from tests.house.rules import RULES, SOURCE, Rule, modules_of, parse


def broken(rule: Rule, path: str, text: str) -> list[str]:
    """The places in a sample that a rule objects to."""
    return [finding.place for finding in rule(parse(path, text))]


class TestTheHouse:
    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
    def test_keeps(self, rule: Rule) -> None:
        findings = [str(finding) for module in modules_of() for finding in rule(module)]
        assert not findings, "\n".join(findings)

    def test_hides_no_module_from_the_import_linter(self) -> None:
        # Migration scripts begin with a number: they are run, never imported.
        folders = {file.parent for file in SOURCE.rglob("*.py") if file.stem.isidentifier()}
        assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []

    def test_is_read_whole(self) -> None:
        assert "kernel/money.py" in {str(module.path) for module in modules_of()}


class TestADomain:
    @pytest.mark.parametrize(
        "entrance",
        [
            "from feiqian.ledger.store import read_accounts",
            "import feiqian.ledger.store",
            "from feiqian.ledger.postings.transfers import legs",
            "from ..ledger.store import read_accounts",
            "def late():\n    from feiqian.ledger.model import Account",
        ],
    )
    def test_is_not_entered_by_a_window(self, entrance: str) -> None:
        assert len(broken(rules.enters_by_the_door, "payments/operations.py", entrance)) == 1

    def test_module_taken_by_name_is_a_window_too(self) -> None:
        sample = "from feiqian.kernel import money\nfrom feiqian import kernel"
        assert broken(rules.enters_by_the_door, "payments/operations.py", sample) == []
        assert list(rules.imported_modules(parse("payments/operations.py", sample))) == [
            (1, "feiqian.kernel.money"),
            (2, "feiqian.kernel"),
        ]

    @pytest.mark.parametrize(
        ("path", "entrance"),
        [
            ("payments/operations.py", "from feiqian.ledger import Account, post"),
            ("payments/operations.py", "from feiqian.payments.store import read_payment"),
            ("payments/operations.py", "from .store import read_payment"),
            ("payments/operations.py", "from feiqian.infra.database import Transaction"),
            ("payments/operations.py", "from feiqian.kernel.money import Money"),
            ("app/wiring.py", "from feiqian.payments import jobs"),
        ],
    )
    def test_is_entered_by_the_door(self, path: str, entrance: str) -> None:
        assert broken(rules.enters_by_the_door, path, entrance) == []

    def test_is_not_wired_by_another_domain(self) -> None:
        sample = "from feiqian.payments.jobs import close_expired"
        assert broken(rules.enters_by_the_door, "clearing/operations.py", sample) == [
            "clearing/operations.py:1"
        ]


class TestSql:
    @pytest.mark.parametrize(
        "statement",
        [
            '"SELECT 1"',
            '"""\n    WITH due AS (SELECT 1) SELECT * FROM due"""',
            'f"UPDATE {table} SET state = 1"',
            '"insert into payments values (1)"',
            '"COPY entries FROM STDIN (FORMAT BINARY)"',
        ],
    )
    def test_outside_a_store_is_found(self, statement: str) -> None:
        assert broken(rules.keeps_sql_in_stores, "payments/operations.py", f"run({statement})")

    @pytest.mark.parametrize(
        "path",
        ["payments/store.py", "payments/store/shares.py", "console/queries.py", "ledger/invariants.py",
         "infra/migrations/versions/0001_ledger.py", "infra/database.py", "infra/database_roles.py",
         "simulators/wechatpay/books.py"],
    )  # fmt: skip
    def test_is_at_home_in_stores_queries_invariants_and_migrations(self, path: str) -> None:
        assert broken(rules.keeps_sql_in_stores, path, 'run("SELECT 1")') == []

    def test_is_not_seen_in_prose(self) -> None:
        sample = '"""SELECT is a word here."""\nhint = "Select a day from the calendar"\nverb = "Update it"'
        assert broken(rules.keeps_sql_in_stores, "payments/operations.py", sample) == []


class TestALeg:
    @pytest.mark.parametrize("call", ["Leg(debit=a, credit=b)", "ledger.Leg(debit=a, credit=b)"])
    def test_outside_postings_is_found(self, call: str) -> None:
        assert broken(rules.builds_legs_in_postings, "payments/operations.py", call)

    @pytest.mark.parametrize("path", ["payments/postings.py", "lending/postings/loans.py", "ledger/rules.py"])
    def test_is_built_in_postings(self, path: str) -> None:
        assert broken(rules.builds_legs_in_postings, path, "Leg(debit=a, credit=b)") == []


class TestLength:
    def test_of_a_function_is_limited(self) -> None:
        longest = "def f():\n" + "    x = 1\n" * (rules.FUNCTION_LINES_MAX - 1)
        assert broken(rules.stays_short, "kernel/money.py", longest) == []
        assert broken(rules.stays_short, "kernel/money.py", longest + "    x = 1\n") == ["kernel/money.py:1"]

    def test_of_a_method_is_limited(self) -> None:
        method = "class A:\n    async def f(self):\n" + "        x = 1\n" * rules.FUNCTION_LINES_MAX
        assert broken(rules.stays_short, "kernel/money.py", method) == ["kernel/money.py:2"]

    def test_of_a_module_is_limited(self) -> None:
        longest = "x = 1\n" * rules.MODULE_LINES_MAX
        assert broken(rules.stays_short, "kernel/money.py", longest) == []
        assert broken(rules.stays_short, "kernel/money.py", longest + "x = 1\n")


class TestAnException:
    @pytest.mark.parametrize(
        "handler",
        [
            "try:\n    f()\nexcept KeyError:\n    pass",
            "try:\n    f()\nexcept KeyError:\n    ...",
            "with suppress(Exception):\n    f()",
            "with contextlib.suppress(KeyError, BaseException):\n    f()",
        ],
    )
    def test_swallowed_is_found(self, handler: str) -> None:
        assert len(broken(rules.swallows_no_exception, "payments/jobs.py", handler)) == 1

    @pytest.mark.parametrize(
        "handler",
        [
            "try:\n    f()\nexcept KeyError:\n    raise NotFound",
            "with suppress(KeyError):\n    f()",
        ],
    )
    def test_translated_or_expected_is_fine(self, handler: str) -> None:
        assert broken(rules.swallows_no_exception, "payments/jobs.py", handler) == []


class TestPrinting:
    def test_in_a_domain_is_found(self) -> None:
        assert broken(rules.prints_only_to_people, "payments/jobs.py", 'print("done")') == [
            "payments/jobs.py:1"
        ]

    @pytest.mark.parametrize("path", ["cli.py", "demo/story.py", "simulators/wechatpay/__main__.py"])
    def test_in_a_command_is_fine(self, path: str) -> None:
        assert broken(rules.prints_only_to_people, path, 'print("done")') == []


class TestTheTime:
    @pytest.mark.parametrize(
        "reading", ["datetime.now(UTC)", "datetime.datetime.now(UTC)", "date.today()", "time.time()"]
    )
    def test_read_from_the_machine_is_found(self, reading: str) -> None:
        assert broken(rules.takes_the_time_from_a_clock, "payments/jobs.py", reading) == [
            "payments/jobs.py:1"
        ]

    @pytest.mark.parametrize("reading", ["clock.now()", "time.monotonic()", "self.clock.now()"])
    def test_asked_of_a_clock_is_fine(self, reading: str) -> None:
        assert broken(rules.takes_the_time_from_a_clock, "payments/jobs.py", reading) == []


class TestMeaning:
    def test_of_a_module_must_be_said(self) -> None:
        assert broken(rules.explains_itself, "payments/rules.py", "x = 1") == ["payments/rules.py:1"]
        assert broken(rules.explains_itself, "payments/_tables.py", "x = 1") == []

    def test_of_an_enum_member_must_be_said(self) -> None:
        sample = '"""States."""\nclass State(StrEnum):\n    PAID = 1\n    """Money is here."""\n    OPEN = 2'
        assert broken(rules.explains_itself, "payments/model.py", sample) == ["payments/model.py:5"]
