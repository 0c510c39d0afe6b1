"""What is written down is what the code says, and every link leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from feiqian.infra.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "feiqian"
DOCS = ROOT / "docs"
ELSEWHERE = {"node_modules", "dist"}
"""Folders with pages that are not ours; hidden ones are left out too."""

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"\s]+)\"")


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    found = (page.relative_to(ROOT) for page in ROOT.rglob("*.md"))
    return sorted(
        page for page in found if not any(part.startswith(".") or part in ELSEWHERE for part in page.parts)
    )


def links(page: Path) -> list[str]:
    """Where a page leads within the project; code is no link."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    found = ("".join(groups) for groups in LINK.findall(text))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def words_of(pattern: str, *, below: str = "") -> set[str]:
    """What a pattern finds in the source, simulators left out: they are not the house."""
    return {
        word
        for file in (SOURCE / below).rglob("*.py")
        if "simulators" not in file.parts
        for word in re.findall(pattern, file.read_text(encoding="utf-8"))
    }


class TestTheReference:
    def test_is_what_the_code_says(self) -> None:
        command = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), (
            "run .venv/bin/python scripts/reference.py"
        )

    def test_names_every_setting(self) -> None:
        text = (DOCS / "operating" / "settings.md").read_text(encoding="utf-8")
        assert [name for name in Settings.__struct_fields__ if f"`{PREFIX}{name.upper()}`" not in text] == []

    @pytest.mark.parametrize(
        ("page", "pattern", "below"),
        [
            ("reference/cli.md", r"add_parser\(\s*\"(\w+)\"", "cli"),
            ("reference/cli.md", r"add_argument\(\s*\"(--\w[\w-]*)\"", "cli"),
            ("reference/errors.md", r"\n    code = \"(\w+)\"", ""),
            ("reference/errors.md", r"our_code=\"(\w+)\"", "channels"),
            ("reference/metrics.md", r"\"(feiqian_\w+_(?:total|seconds))\"", "infra"),
            ("reference/postings.md", r"\"(\w+)\": Wording", "finance"),
            ("operating/observing.md", r"log\.(?:info|warning|error|exception)\(\s*\"(\w+)\"", ""),
            ("reference/accounts.md", r"\n    [A-Z_]+ = \"(\w+\.\w+)\"", "ledger"),
        ],
    )
    def test_names_every(self, page: str, pattern: str, below: str) -> None:
        text = (DOCS / page).read_text(encoding="utf-8")
        found = words_of(pattern, below=below)
        assert found
        assert sorted(word for word in found if word not in text) == []


class TestAPage:
    @pytest.mark.parametrize("page", pages(), ids=str)
    def test_leads_only_to_what_exists(self, page: Path) -> None:
        dead: list[str] = []
        for link in links(page):
            path, _, anchor = link.partition("#")
            target = (ROOT / page).parent / path if path else ROOT / page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                dead.append(link)
        assert dead == []

    def test_of_docs_is_reached_from_its_first(self) -> None:
        first = Path("docs/README.md")
        seen, ahead = {first}, [first]
        while ahead:
            page = ahead.pop()
            for link in links(page):
                path = link.partition("#")[0]
                target = Path((ROOT / page.parent / path).resolve()).relative_to(ROOT) if path else page
                if target.suffix == ".md" and target not in seen and (ROOT / target).exists():
                    seen.add(target)
                    ahead.append(target)
        assert [page for page in pages() if page.is_relative_to("docs") and page not in seen] == []


class TestTheReadme:
    def test_says_the_same_in_both_languages(self) -> None:
        english, chinese = (
            (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
        )
        for pattern in (r"^#+ ", r"^```.*?^```", r"^\|.*\|$", r"docs/pictures/[\w.-]+"):
            found = [re.findall(pattern, text, re.MULTILINE | re.DOTALL) for text in (english, chinese)]
            assert len(found[0]) == len(found[1]), pattern
        assert commands(english) == commands(chinese)


def commands(text: str) -> list[str]:
    """The lines of a page's shell blocks, without remarks."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = (line.partition("  #")[0].rstrip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
