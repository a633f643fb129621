/** Tabs as the ARIA practices have them: arrow keys move, the chosen one is in the tab order. */

import { type KeyboardEvent, type ReactNode, useRef } from "react";

export interface Tab<T extends string> {
  readonly id: T;
  readonly label: ReactNode;
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

export function Tabs<T extends string>({
  label,
  tabs,
  chosen,
  onChoose,
  controls,
  className = "tabs",
}: {
  readonly label: string;
  readonly tabs: readonly Tab<T>[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
  /** The id of the panel that the chosen tab shows. */
  readonly controls: string;
  readonly className?: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  function move(event: KeyboardEvent): void {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    let to = at + (STEPS[event.key] ?? 0);
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = tabs.length - 1;
    const next = tabs[(to + tabs.length) % tabs.length];
    if (to === at || !next) return;
    event.preventDefault();
    onChoose(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  }
  return (
    <div role="tablist" aria-label={label} className={className} ref={list}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${controls}-${tab.id}`}
          data-tab={tab.id}
          aria-selected={tab.id === chosen}
          aria-controls={tab.id === chosen ? controls : undefined}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
          onKeyDown={move}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({
  id,
  chosen,
  className,
  children,
}: {
  readonly id: string;
  readonly chosen: string;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  return (
    <div role="tabpanel" id={id} aria-labelledby={`${id}-${chosen}`} className={className}>
      {children}
    </div>
  );
}
