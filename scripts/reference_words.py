"""Docstrings as Markdown, for reference.py."""

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from enum import Enum


def members(kind: type[Enum]) -> str:
    """An enum as a table of its values."""
    notes = notes_of(kind)
    return table(("value", "meaning"), [(f"`{member.value}`", notes[member.name]) for member in kind])


def notes_of(kind: type) -> dict[str, str]:
    """The sentence below each field of a class, or member of an enum."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    notes: dict[str, str] = {}
    for above, below in zip(tree.body, tree.body[1:], strict=False):
        match above, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(note))),
            ):
                notes[name] = flat(note)
            case _:
                continue
    return notes


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [list(heads), ["---"] * len(heads), *([_cell(str(cell)) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Nothing but code may look like a tag or the end of a cell."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    return "".join(part if part.startswith("`") else html.escape(part, quote=False) for part in parts)


def flat(text: str) -> str:
    """A docstring on one line."""
    return " ".join(text.split()).replace("``", "`")


def paragraphs(kind: type) -> str:
    """A class's docstring; each line of a paragraph is a sentence of its own."""
    return "\n\n".join(flat(line) for line in inspect.cleandoc(kind.__doc__ or "").splitlines() if line)


def lower(sentence: str) -> str:
    """A sentence as part of a list."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def yes(holds: bool) -> str:
    """How a table says so."""
    return "yes" if holds else "no"
