import { type ThemeConfig, theme } from "antd";
import { useSyncExternalStore } from "react";

export type ThemeChoice = "light" | "dark" | "system";

const STORE = "feiqian.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const listeners = new Set<() => void>();

function read(): ThemeChoice {
  const stored = localStorage.getItem(STORE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

let choice = read();

function isDark(): boolean {
  return choice === "dark" || (choice === "system" && system.matches);
}

function announce(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  for (const listener of listeners) listener();
}
system.addEventListener("change", announce);
announce();

export function setTheme(next: ThemeChoice): void {
  choice = next;
  localStorage.setItem(STORE, next);
  announce();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): { choice: ThemeChoice; dark: boolean } {
  return {
    choice: useSyncExternalStore(subscribe, () => choice),
    dark: useSyncExternalStore(subscribe, isDark),
  };
}

const FONT =
  '-apple-system, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", system-ui, sans-serif';

/** Ant Design in our colours: the same values as in theme.css, which the kit reads. */
export function antdTheme(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      fontFamily: FONT,
      borderRadius: 6,
      colorPrimary: dark ? "#4a80de" : "#0b57d0",
      colorLink: dark ? "#8ab4f8" : "#0b57d0",
      colorError: dark ? "#f5a8a2" : "#b3261e",
      colorBgLayout: dark ? "#101216" : "#f5f6f8",
      colorBgContainer: dark ? "#181b21" : "#ffffff",
      colorBgElevated: dark ? "#20242c" : "#ffffff",
      colorText: dark ? "#e7e9ed" : "#1a1d23",
      colorTextSecondary: dark ? "#aab1bd" : "#545b69",
      colorTextPlaceholder: dark ? "#8b93a1" : "#687080",
      colorBorder: dark ? "#3a414d" : "#c9ced8",
      // Told here as well as in theme.css: menus wait for the end of an animation before they take their place.
      motion: !still.matches,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
    },
  };
}
