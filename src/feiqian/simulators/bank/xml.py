"""XML as banks exchange it: read without entities, built from nested parts."""

from collections.abc import Iterable
from typing import TypeAlias

import lxml.etree

Part: TypeAlias = "tuple[str, Content] | tuple[str, Content, dict[str, str]] | None"
"""A tag, its content, its attributes; None is left out."""
Content: TypeAlias = "str | Iterable[Part]"

BYTES_MAX = 16 * 1024 * 1024


class Unreadable(ValueError):
    """Bytes that are no XML document, or one with a document type declaration."""


def read(document: bytes) -> lxml.etree._Element:
    """The root of a document. Raises: Unreadable."""
    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    if len(document) > BYTES_MAX:
        raise Unreadable(f"more than {BYTES_MAX} bytes")
    try:
        root = lxml.etree.fromstring(document, parser)
    except lxml.etree.XMLSyntaxError as error:
        raise Unreadable(str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("a document type declaration is not allowed")
    return root


def build(namespace: str, part: Part) -> bytes:
    """A whole document of one namespace, UTF-8 with its declaration."""
    root = element(namespace, part)
    return lxml.etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def element(namespace: str, part: Part) -> lxml.etree._Element:
    """One element of a namespace with what is in it."""
    assert part is not None, "an element has a tag"
    made = lxml.etree.Element(
        f"{{{namespace}}}{part[0]}", part[2] if len(part) == 3 else {}, nsmap={None: namespace}
    )
    _fill(made, part[1], f"{{{namespace}}}")
    return made


def text(parent: lxml.etree._Element, path: str) -> str:
    """The text at a path like ``GrpHdr/MsgId`` in the parent's own namespace; empty when there is none."""
    found = parent.find(_qualified(parent, path))
    return "" if found is None or found.text is None else found.text.strip()


def all_of(parent: lxml.etree._Element, path: str) -> list[lxml.etree._Element]:
    """The elements at a path in the parent's own namespace."""
    return parent.findall(_qualified(parent, path))


def namespace_of(node: lxml.etree._Element) -> str:
    """``urn:…`` of an element; empty when it has none."""
    return lxml.etree.QName(node).namespace or ""


def _qualified(parent: lxml.etree._Element, path: str) -> str:
    return "/".join(f"{{{namespace_of(parent)}}}{step}" for step in path.split("/"))


def _fill(made: lxml.etree._Element, content: Content, prefix: str) -> None:
    if isinstance(content, str):
        made.text = content
        return
    for part in content:
        if part is not None:
            attributes = part[2] if len(part) == 3 else {}
            _fill(lxml.etree.SubElement(made, prefix + part[0], attributes), part[1], prefix)
