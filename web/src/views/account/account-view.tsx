/** Everything about oneself: security, keys, sessions, notifications, money. */

import { type ComponentType, useEffect } from "react";
import { usePerson } from "../../hooks";
import { go } from "../../router";
import { texts } from "../../texts/en";
import { Loading } from "../../ui/states";
import { StepUp } from "../../ui/step-up";
import { Subnav } from "../../ui/subnav";
import { ApiKeys } from "./api-keys";
import { Notifications } from "./notifications";
import { Security } from "./security";
import { Sessions } from "./sessions";
import { Statements } from "./statements";
import { Wallet } from "./wallet";

const sections: readonly { path: string; label: string; view: ComponentType }[] = [
  { path: "security", label: texts.account.security, view: Security },
  { path: "api-keys", label: texts.account.keys, view: ApiKeys },
  { path: "sessions", label: texts.account.sessions, view: Sessions },
  { path: "notifications", label: texts.account.notifications, view: Notifications },
  { path: "wallet", label: texts.account.wallet, view: Wallet },
  { path: "statements", label: texts.account.statements, view: Statements },
];

export function AccountView({ section }: { readonly section: string }) {
  const person = usePerson();
  const chosen = sections.find((one) => one.path === section) ?? sections[0];
  useEffect(() => {
    if (person.state === "out") go("/sign-in", { replace: true });
  }, [person]);
  useEffect(() => {
    document.title = `${chosen?.label} | ${texts.name}`;
  }, [chosen]);
  if (person.state !== "in" || !chosen) return <Loading />;
  const View = chosen.view;
  return (
    <StepUp>
      <div className="page">
        <h1>{texts.nav.account}</h1>
        <Subnav
          label={texts.nav.account}
          links={sections.map(({ path, label }) => ({ to: `/account/${path}`, label }))}
        />
        <View />
      </div>
    </StepUp>
  );
}
