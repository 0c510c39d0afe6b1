"""Messages as trees that paths of a profile walk through: XML without entities and network, and what SOAP calls gave.

A path is names with slashes between them: ``Refs/EndToEndId``. ``@Ccy`` at its end is an attribute, ``a|b`` takes the
first that is there. Names are looked for in the namespace of the element that the path starts from, so that a profile
needs no prefixes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

import lxml.etree

from feiqian.channels.bank.templates import Part, Values, fill

XML_BYTES_MAX = 100_000_000
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Node(Protocol):
    """A place in a message."""

    def all(self, path: str) -> "Sequence[Node]":
        """Every place below that the path leads to; this one where the path is empty."""
        ...

    def text(self, path: str) -> str:
        """What stands at the first place; empty where there is none."""
        ...


class XmlNode:
    """An element."""

    def __init__(self, element: lxml.etree._Element) -> None:
        self.element = element

    def all(self, path: str) -> "list[XmlNode]":
        if not path:
            return [self]
        return [
            XmlNode(element) for element in self.element.findall(_qualified(_namespace(self.element), path))
        ]

    def text(self, path: str) -> str:
        if not path:
            return ""
        namespace = _namespace(self.element)
        for place, attribute in _choices(namespace, path):
            for element in self.element.iterfind(place) if place else (self.element,):
                value = element.get(attribute) if attribute else element.text
                if value and (value := value.strip()):
                    return value
        return ""


def _namespace(element: lxml.etree._Element) -> str:
    """What stands in braces before the name; any, below an element that has none."""
    head, brace, _ = str(element.tag).rpartition("}")
    return head + brace or "{*}"


@lru_cache(maxsize=4096)
def _qualified(namespace: str, path: str) -> str:
    return "/".join(f"{namespace}{step}" for step in path.split("/"))


@lru_cache(maxsize=4096)
def _choices(namespace: str, path: str) -> tuple[tuple[str, str], ...]:
    """Each place that a path may mean, and the attribute there."""
    parts = (choice.partition("@") for choice in path.split("|"))
    return tuple((_qualified(namespace, place) if place else "", attribute) for place, _, attribute in parts)


class ValueNode:
    """What a call of a web service gave: mappings, lists and values."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def all(self, path: str) -> "list[ValueNode]":
        found = [self._value]
        for step in path.split("/") if path else ():
            below = [value.get(step) for value in found if isinstance(value, Mapping)]
            found = [one for value in below for one in (value if isinstance(value, list) else [value])]
        return [ValueNode(value) for value in found if value is not None]

    def text(self, path: str) -> str:
        for choice in path.split("|") if path else ():
            for node in self.all(choice):
                if text := _text(node._value):
                    return text
        return ""


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).strip() if isinstance(value, str | int) else ""


def parse_xml(content: bytes, *, bytes_max: int = XML_BYTES_MAX) -> XmlNode:
    """The root of a document that has no DTD. Raises: ValueError."""
    if len(content) > bytes_max:
        raise ValueError(f"it is larger than {bytes_max} bytes")
    # Nothing is resolved or fetched; depth and text stay within what libxml2 allows by itself.
    parser = lxml.etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = lxml.etree.fromstring(content, parser)
    except (lxml.etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"it is no XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("it has a DTD")
    return XmlNode(root)


def namespace_of(node: XmlNode) -> str:
    """The namespace of an element; empty where it has none."""
    return lxml.etree.QName(node.element).namespace or ""


def build_xml(
    *,
    root: str,
    namespace: str,
    message: Sequence[Part],
    values: Values,
    repeated: str,
    repeated_parts: Sequence[Part],
    items: Sequence[Values],
) -> bytes:
    """A document of ``message``, and at its end one element at ``repeated`` for each of ``items``.

    Places come in the order in which they are listed; what would be empty is left out.
    """
    name, _, below = root.partition("/")
    top = lxml.etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
    body = _place(top, below) if below else top
    _write(body, message, values)
    above, _, last = repeated.rpartition("/")
    for item in items:
        _write(lxml.etree.SubElement(_place(body, above), f"{{{namespace}}}{last}"), repeated_parts, item)
    return lxml.etree.tostring(top, xml_declaration=True, encoding="UTF-8")


def _write(below: lxml.etree._Element, parts: Sequence[Part], values: Values) -> None:
    for path, template in parts:
        text = fill(template, values)
        if not text:
            continue
        place, _, attribute = path.partition("@")
        element = _place(below, place)
        if attribute:
            element.set(attribute, plain(text))
        else:
            element.text = plain(text)


def _place(below: lxml.etree._Element, path: str) -> lxml.etree._Element:
    """The element at a path: the one that stands last, or a new one at the end."""
    namespace = lxml.etree.QName(below).namespace
    for step in path.split("/") if path else ():
        tag = f"{{{namespace}}}{step}"
        last = below[-1] if len(below) else None
        below = last if last is not None and last.tag == tag else lxml.etree.SubElement(below, tag)
    return below


def plain(text: str) -> str:
    """Without characters that XML cannot carry."""
    return _FORBIDDEN.sub(" ", text)
