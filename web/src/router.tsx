/** Addresses of the page: the browser's history, and nothing more. */

import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { Listeners } from "./data/surroundings";

const moves = new Listeners<void>();

window.addEventListener("popstate", () => moves.tell());

function subscribe(listener: () => void): () => void {
  return moves.add(listener);
}

export function go(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  moves.tell();
  window.scrollTo(0, 0);
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

function isPlain(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** A link to another view: a real one, followed without loading the page again. */
export function Link({
  to,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly to: string }) {
  const path = usePath();
  const isHere = path === to || (to !== "/" && path.startsWith(`${to}/`));
  return (
    <a
      {...rest}
      href={to}
      aria-current={isHere ? "page" : undefined}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlain(event)) return;
        event.preventDefault();
        go(to);
      }}
    />
  );
}
