/** Light or dark: as chosen here before, else as the system has it. */

import { useSyncExternalStore } from "react";
import { Listeners } from "./data/surroundings";
import { remember, remembered } from "./preferences";

export type Theme = "light" | "dark";

const changes = new Listeners<Theme>();
const system = window.matchMedia("(prefers-color-scheme: light)");

function wanted(): Theme {
  const chosen = remembered("theme");
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "light" : "dark";
}

let theme: Theme = wanted();

function apply(next: Theme): void {
  theme = next;
  document.documentElement.dataset.theme = next;
  changes.tell(next);
}

export function startTheme(): void {
  apply(wanted());
  system.addEventListener("change", () => apply(wanted()));
}

export function chooseTheme(next: Theme): void {
  remember("theme", next);
  apply(next);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => changes.add(listener),
    () => theme,
  );
}

/** A colour of the style sheet, for what is drawn by script. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
