"""QR codes as pictures."""

import io

import segno
from litestar import Response

QUIET_ZONE = 4
"""Modules of white around the code: what ISO/IEC 18004 asks for."""


def drawn(content: str) -> Response[bytes]:
    """A code as SVG without styles of its own, for the page's policy allows none."""
    drawing = io.BytesIO()
    segno.make(content, error="m", micro=False).save(
        drawing,
        kind="svg",
        border=QUIET_ZONE,
        light="#fff",
        omitsize=True,
        svgclass=None,
        lineclass=None,
    )
    return Response(drawing.getvalue(), media_type="image/svg+xml")
