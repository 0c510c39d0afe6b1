"""What a page looks like, measured: what is left untranslated, what sticks out, what cannot be read."""

import re
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.sandbox import ROOT

CHINESE = re.compile(r"[\u3400-\u9fff]+")
KEY = re.compile(r"^\s*\"?([a-z]\w*(?:\.\w+)+)\"?: ", re.MULTILINE)
RAW_STATE = re.compile(r"[a-z]+(?:_[a-z]+)+|succeeded|processing|undefined|null|NaN|\[object Object\]")

SAID = """skipped => {
    const said = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!parent.closest(skipped)) said.push(walker.currentNode.data);
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]'))
        for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
            if (element.getAttribute(name)) said.push(element.getAttribute(name));
    return said;
}"""
"""Every text of the page, seen or read aloud, but for what stands in elements to be skipped."""
NOT_PROSE = "script, style, noscript, pre"
FOR_ENGINEERS = f"{NOT_PROSE}, code, .mono"
"""Identifiers are shown as they are, in a type of their own."""

STICKING_OUT = """() => {
    const page = document.scrollingElement;
    return page.scrollWidth > innerWidth ? [page.scrollWidth, innerWidth] : [];
}"""

ILLEGIBLE = """() => {
    const parse = text => {
        const parts = text.match(/[\\d.]+/g).map(Number);
        const scale = text.startsWith('color(srgb') ? 255 : 1;
        return {rgb: parts.slice(0, 3).map(part => part * scale), alpha: parts[3] ?? 1};
    };
    const over = (top, bottom) => top.rgb.map((part, i) => part * top.alpha + bottom[i] * (1 - top.alpha));
    const luminance = rgb => {
        const [r, g, b] = rgb.map(part => part / 255).map(
            part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        const layers = [];
        for (let each = element; each; each = each.parentElement)
            layers.push(parse(getComputedStyle(each).backgroundColor));
        const canvas = parse(getComputedStyle(document.body).backgroundColor).rgb;
        return layers.reverse().reduce((under, layer) => over(layer, under), canvas);
    };
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.data.trim();
        if (!text || element.closest('script, style, noscript, [disabled]') || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const ground = behind(element);
        const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), ground);
        const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24
            || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
    }
    return [...found];
}"""
"""Texts below the contrast that WCAG 2.2 asks for (1.4.3, level AA)."""


def dictionary_keys() -> set[str]:
    """The keys under which the pages look up their words."""
    folder = ROOT / "web" / "src" / "words" / "zh"
    return {key for path in folder.glob("*.ts") for key in KEY.findall(read(path))}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def said(page: Page, *, skipped: str) -> set[str]:
    """Every text of the page, seen or read aloud."""
    return {text.strip() for text in page.evaluate(SAID, skipped) if text.strip()}


def left_in_chinese(page: Page, data: set[str]) -> set[str]:
    """Chinese on an English page, apart from what is data: names, and numbers such as 记-2026-11-0001."""
    names = re.compile("|".join(re.escape(name) for name in sorted(data, key=len, reverse=True)))
    return {text for text in said(page, skipped=NOT_PROSE) if CHINESE.search(names.sub("", text))}


def raw_words(page: Page, keys: set[str]) -> set[str]:
    """Keys without a word, codes and empty values that a person was never meant to see."""
    texts = said(page, skipped=FOR_ENGINEERS)
    return {text for text in texts if text in keys or RAW_STATE.fullmatch(text)}
