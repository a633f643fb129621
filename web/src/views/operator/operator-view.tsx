/** The console: whoever runs the exchange sees how it is and sets what may be set. */

import { type ComponentType, useEffect } from "react";
import { usePerson } from "../../hooks";
import { go } from "../../router";
import { texts } from "../../texts/en";
import { Loading } from "../../ui/states";
import { StepUp } from "../../ui/step-up";
import { Subnav } from "../../ui/subnav";
import { Audit } from "./audit";
import { Fees } from "./fees";
import { Health } from "./health";
import { Ledger } from "./ledger";
import { Markets } from "./markets";
import { People } from "./people";
import { Withdrawals } from "./withdrawals";

interface Section {
  readonly path: string;
  readonly label: string;
  readonly view: ComponentType;
  /** Who sees it; administrators see everything. Empty: every operator. */
  readonly roles: readonly string[];
}

const sections: readonly Section[] = [
  { path: "health", label: texts.operator.health, view: Health, roles: [] },
  { path: "markets", label: texts.operator.markets, view: Markets, roles: [] },
  { path: "fees", label: texts.operator.fees, view: Fees, roles: [] },
  {
    path: "people",
    label: texts.operator.people,
    view: People,
    roles: ["SUPPORT", "TREASURY", "AUDITOR"],
  },
  {
    path: "withdrawals",
    label: texts.operator.withdrawals,
    view: Withdrawals,
    roles: ["TREASURY", "AUDITOR", "SUPPORT"],
  },
  {
    path: "ledger",
    label: texts.operator.ledger,
    view: Ledger,
    roles: ["TREASURY", "AUDITOR"],
  },
  { path: "audit", label: texts.operator.audit, view: Audit, roles: ["AUDITOR"] },
];

function mayOpen(section: Section, roles: readonly string[]): boolean {
  if (roles.includes("ADMIN") || section.roles.length === 0) return true;
  return section.roles.some((role) => roles.includes(role));
}

export function OperatorView({ section }: { readonly section: string }) {
  const person = usePerson();
  const roles = person.me?.session.roles ?? [];
  const open = sections.filter((one) => mayOpen(one, roles));
  const chosen = open.find((one) => one.path === section) ?? open[0];
  useEffect(() => {
    if (person.state === "out") go("/sign-in", { replace: true });
  }, [person]);
  useEffect(() => {
    document.title = `${texts.operator.title} | ${texts.name}`;
  }, []);
  if (person.state !== "in") return <Loading />;
  if (roles.length === 0 || !chosen) return <p className="state">{texts.operator.notAllowed}</p>;
  const View = chosen.view;
  return (
    <StepUp>
      <div className="page">
        <h1>{texts.operator.title}</h1>
        <Subnav
          label={texts.operator.title}
          links={open.map(({ path, label }) => ({ to: `/operator/${path}`, label }))}
        />
        <View />
      </div>
    </StepUp>
  );
}
