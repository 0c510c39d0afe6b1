"""Typesetting as a program of its own: ``python typesetting.py`` reads a request from stdin and writes a PDF to stdout.

typst keeps what it has laid out, some 150 MB for a long statement, for a next time that never comes; a process that
ends gives it back. It imports nothing of the house, so that it begins at once.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

UNPRINTABLE = 3
"""Exit code when no font shows the text that is written to stderr."""
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Heiti SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Songti SC",
    "SimSun",
)
"""Fonts for simplified Chinese that systems have, the best legible in small print first."""
_LATIN_FONT = "Libertinus Serif"
"""Comes with typst."""
_FIRST_CHINESE = "\u2e80"
"""Where the blocks of Chinese signs begin in Unicode."""
_STANDARD = "a-2b"
"""PDF/A: for archives, and refused by typst when a character has no glyph, which is never printed as a box."""


class Unprintable(Exception):
    """No font shows this text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def typeset(request: dict[str, Any], fonts: "typst.Fonts") -> bytes:
    """The PDF of ``{"data": …, "language": "zh" | "en", "made_at": seconds}`` with the fonts there are.

    Raises: Unprintable.
    """
    import typst  # thirty megabytes, which who only asks for UNPRINTABLE need not load

    data = json.dumps(request["data"], ensure_ascii=False)
    chinese = next(filter(set(fonts.families()).__contains__, CHINESE_FONTS), None)
    if chinese is None:
        _refuse_chinese(data)
    template = Path(__file__).with_name("statement.typ").read_bytes()
    inputs = {"data": data, "font": chinese or _LATIN_FONT, "language": request["language"]}
    try:
        return typst.compile(
            template,
            font_paths=fonts,
            sys_inputs=inputs,
            pdf_standards=[_STANDARD],
            pdf_tags=False,
            timestamp=request["made_at"],
        )
    except typst.TypstError as error:
        # … the text `"…"` could not be displayed with font …
        if "could not be displayed" not in error.message:
            raise
        raise Unprintable(error.message.partition('`"')[2].partition('"`')[0]) from error


def _refuse_chinese(text: Iterable[str]) -> None:
    for character in text:
        if character >= _FIRST_CHINESE:
            raise Unprintable(character)


def main() -> int:
    import typst

    try:
        sys.stdout.buffer.write(typeset(json.load(sys.stdin.buffer), typst.Fonts()))
    except Unprintable as refusal:
        sys.stderr.buffer.write(refusal.text.encode())
        return UNPRINTABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
