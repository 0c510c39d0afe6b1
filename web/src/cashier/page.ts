/** The parts of the page and the language in which it speaks. */
import { type Language, type Word, words } from "./words";

const STORE = "feiqian.language";

export function part<Type extends Element = HTMLElement>(id: string): Type {
  const found = document.querySelector<Type>(`#${id}`);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORE);
  } catch {
    // Storage is refused in some private windows; the page then starts in the browser's language.
    return null;
  }
}

let language: Language = (stored() ?? navigator.language).startsWith("en") ? "en" : "zh";

export const word = (name: Word): string => words[language][name];

/** A method's words: unknown ones, of a newer server, go by their own names. */
export const wayWord = (method: string, suffix: "" | "Hint" = ""): string =>
  words[language][`${method}${suffix}` as Word] ?? (suffix ? "" : method);

export function switchLanguage(): void {
  language = language === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(STORE, language);
  } catch {
    // Not remembered where storage is refused; the switch itself works.
  }
}

/** Write every fixed word. */
export function speak(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    element.textContent = word(element.dataset.word as Word);
  }
  const button = part("language");
  button.textContent = word("language");
  button.lang = language === "zh" ? "en" : "zh-CN";
}

export const currentLanguage = (): Language => language;
