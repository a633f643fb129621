/** The sections of a place; where they do not all fit, the one that is open is brought into sight. */

import { useEffect, useRef } from "react";
import { Link, usePath } from "../router";

export function Subnav({
  label,
  links,
}: {
  readonly label: string;
  readonly links: readonly { readonly to: string; readonly label: string }[];
}) {
  const nav = useRef<HTMLElement>(null);
  const path = usePath();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path opens another section
  useEffect(() => {
    const open = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (!nav.current || !open) return;
    nav.current.scrollLeft = open.offsetLeft - (nav.current.clientWidth - open.clientWidth) / 2;
  }, [path]);
  return (
    <nav className="subnav" aria-label={label} ref={nav}>
      {links.map((link) => (
        <Link key={link.to} to={link.to}>
          {link.label}
        </Link>
      ))}
    </nav>
  );
}
