/** The console: whoever runs the exchange sees how it is and sets what may be set. */

import { type ComponentType, type ReactNode, useEffect } from "react";
import { useExchange, usePerson } from "../../hooks";
import { go, Link } from "../../router";
import { texts } from "../../texts/en";
import { ProblemLine, useSending } from "../../ui/form";
import { Loading } from "../../ui/states";
import { StepUp, useAssured } from "../../ui/step-up";
import { Subnav } from "../../ui/subnav";
import { Audit } from "./audit";
import { Fees } from "./fees";
import { Health } from "./health";
import { Ledger } from "./ledger";
import { Markets } from "./markets";
import { Payments } from "./payments";
import { People } from "./people";
import { useOperatorApi } from "./use-operator";
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
    path: "payments",
    label: texts.operator.unclaimed.title,
    view: Payments,
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

/** Nothing of the console is shown before its operator has proved a second factor. */
function Protected({ children }: { readonly children: ReactNode }) {
  const exchange = useExchange();
  const standing = usePerson().me?.session.second_factor;
  useEffect(() => {
    // Another window may have set one up, or removed it.
    void exchange.loadPerson();
  }, [exchange]);
  if (standing === "MISSING") return <SetUpFirst />;
  if (standing === "UNPROVED") return <ProveFirst />;
  return children;
}

function SetUpFirst() {
  return (
    <section className="panel" aria-label={texts.operator.factorNeeded}>
      <h2>{texts.operator.factorNeeded}</h2>
      <p>{texts.operator.factorMissing}</p>
      <div className="row">
        <Link to="/account/security" className="button is-main">
          {texts.operator.setFactorUp}
        </Link>
      </div>
    </section>
  );
}

function ProveFirst() {
  const exchange = useExchange();
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  async function prove(): Promise<void> {
    const result = await sending.send(() => assured(() => api.health()));
    if (result.ok) await exchange.loadPerson();
  }
  return (
    <section className="panel" aria-label={texts.operator.factorNeeded}>
      <h2>{texts.operator.factorNeeded}</h2>
      <p>{texts.operator.factorUnproved}</p>
      <ProblemLine sending={sending} />
      <div className="row">
        <button type="button" className="button is-main" onClick={() => void prove()}>
          {texts.stepUp.title}
        </button>
      </div>
    </section>
  );
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
        <Protected>
          <View />
        </Protected>
      </div>
    </StepUp>
  );
}
