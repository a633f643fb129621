/** Which view an address shows. What only some people need is loaded when they come to it. */

import { lazy, Suspense, useEffect } from "react";
import { useMarkets } from "./hooks";
import { remembered } from "./preferences";
import { go, Link, usePath } from "./router";
import { texts } from "./texts/en";
import { Guard, Loading } from "./ui/states";
import { Shell } from "./views/shell";
import { TradeView } from "./views/trade/trade-view";

const auth = () => import("./views/auth/auth-views");
const SignUp = lazy(() => auth().then((module) => ({ default: module.SignUp })));
const SignIn = lazy(() => auth().then((module) => ({ default: module.SignIn })));
const Confirm = lazy(() => auth().then((module) => ({ default: module.Confirm })));
const Reset = lazy(() => auth().then((module) => ({ default: module.Reset })));
const NewAddress = lazy(() => auth().then((module) => ({ default: module.NewAddress })));
const Mailbox = lazy(() =>
  import("./views/auth/mailbox").then((module) => ({ default: module.Mailbox })),
);
const AccountView = lazy(() =>
  import("./views/account/account-view").then((module) => ({ default: module.AccountView })),
);

const OperatorView = lazy(() =>
  import("./views/operator/operator-view").then((module) => ({ default: module.OperatorView })),
);

function Home() {
  const markets = useMarkets();
  const known = remembered("market");
  const first = markets.list.find((market) => market.symbol === known) ?? markets.list[0];
  useEffect(() => {
    if (first) go(`/trade/${first.symbol}`, { replace: true });
  }, [first]);
  if (markets.state === "ready" && !first) return <p className="state">{texts.market.noMarkets}</p>;
  return <Loading />;
}

function NotFound() {
  return (
    <div className="state">
      <h1>{texts.states.notFound}</h1>
      <p>{texts.states.notFoundHint}</p>
      <Link className="button" to="/">
        {texts.states.toTrading}
      </Link>
    </div>
  );
}

function View({ path }: { readonly path: string }) {
  const [, place, rest] = path.split("/");
  switch (place) {
    case "":
      return <Home />;
    case "trade":
      return rest ? <TradeView symbol={rest.toUpperCase()} /> : <Home />;
    case "sign-up":
      return <SignUp />;
    case "sign-in":
      return <SignIn />;
    case "confirm":
      return <Confirm />;
    case "reset":
      return <Reset />;
    case "email":
      return <NewAddress />;
    case "mailbox":
      return <Mailbox />;
    case "account":
      return <AccountView section={rest ?? ""} />;
    case "operator":
      return <OperatorView section={rest ?? ""} />;
    default:
      return <NotFound />;
  }
}

export function App() {
  const path = usePath();
  return (
    <Shell>
      <Guard key={path.split("/")[1]}>
        <Suspense fallback={<Loading />}>
          <View path={path} />
        </Suspense>
      </Guard>
    </Shell>
  );
}
