/** What one is told: the inbox, over which ways it comes, price alerts, webhooks. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { ChoiceView, MadeWebhook } from "../../data/openapi";
import type { Result } from "../../data/problems";
import { exactText, microsecondsText } from "../../format";
import { useExchange, useLoaded, useMarkets, useUnread } from "../../hooks";
import { texts } from "../../texts/en";
import { Copyable } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Field, SelectField, typedNumber } from "../../ui/field";
import { Form, houseText, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { Failed, Loading } from "../../ui/states";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";

export function Notifications() {
  return (
    <>
      <Inbox />
      <Choices />
      <Alerts />
      <Webhooks />
    </>
  );
}

/** Read again when there is something new to be told: what comes while one looks is there at once. */
function useNews(reload: () => void): void {
  const unread = useUnread();
  const seen = useRef(unread);
  useEffect(() => {
    if (seen.current !== unread) reload();
    seen.current = unread;
  }, [unread, reload]);
}

function Inbox() {
  const exchange = useExchange();
  const { house } = exchange;
  const [before, setBefore] = useState<number>();
  const load = useCallback(() => house.inbox(before), [house, before]);
  const [loaded, reload] = useLoaded(load);
  useNews(reload);
  const inbox = loaded.value;
  const newest = inbox?.items[0]?.number;
  async function markRead(): Promise<void> {
    if (newest === undefined) return;
    const result = await house.markRead(newest);
    if (result.ok) {
      void exchange.loadUnread();
      reload();
    } else exchange.tell("bad", houseText(result.problem));
  }
  return (
    <section className="panel" aria-label={texts.notifications.inbox}>
      <div className="row row-wide">
        <h2>{texts.notifications.inbox}</h2>
        {inbox && inbox.unread > 0 && (
          <button type="button" className="button" onClick={() => void markRead()}>
            {texts.notifications.markRead(inbox.unread)}
          </button>
        )}
      </div>
      <ListState
        loaded={loaded}
        count={inbox?.items.length}
        empty={texts.notifications.none}
        onRetry={reload}
      />
      {inbox && inbox.items.length > 0 && (
        <ul className="inbox" data-testid="inbox">
          {inbox.items.map((item) => (
            <li key={item.id} className={item.read_us === null ? "is-unread" : undefined}>
              <b>{item.title}</b>
              <span>{item.text}</span>
              <small>{microsecondsText(item.created_us)}</small>
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        {before !== undefined && (
          <button type="button" className="button" onClick={() => setBefore(undefined)}>
            {texts.notifications.newest}
          </button>
        )}
        {inbox && inbox.next_before !== null && (
          <button
            type="button"
            className="button"
            onClick={() => setBefore(inbox.next_before ?? undefined)}
          >
            {texts.operator.older}
          </button>
        )}
      </div>
    </section>
  );
}

const CHANNELS = ["in_app", "email", "webhook"] as const;

function Choices() {
  const { house } = useExchange();
  const load = useCallback(() => house.choices(), [house]);
  const [loaded, reload] = useLoaded(load);
  const sending = useSending();
  const [changed, setChanged] = useState<readonly ChoiceView[]>();
  const choices = changed ?? loaded.value?.choices;
  const kinds = [...new Set(choices?.map((choice) => choice.kind))];
  async function choose(choice: ChoiceView, wanted: boolean): Promise<void> {
    const { kind, channel } = choice;
    const result = await sending.send(() => house.choose({ kind, channel, wanted }));
    if (result.ok) setChanged(result.value.choices);
  }
  return (
    <section className="panel" aria-label={texts.notifications.choices}>
      <h2>{texts.notifications.choices}</h2>
      {loaded.state === "failed" && <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>}
      {loaded.state === "loading" && !choices && <Loading />}
      <ProblemLine sending={sending} />
      {choices && (
        <table className="table" data-testid="choices">
          <TableHead
            columns={[
              texts.notifications.kind,
              ...CHANNELS.map((channel) => texts.notifications.channels[channel]),
            ]}
          />
          <tbody>
            {kinds.map((kind) => (
              <tr key={kind}>
                <th scope="row">{texts.notifications.kinds[kind] ?? kind}</th>
                {CHANNELS.map((channel) => {
                  const choice = choices.find(
                    (one) => one.kind === kind && one.channel === channel,
                  );
                  const label = texts.notifications.channels[channel];
                  return (
                    <td key={channel} data-label={label}>
                      {choice ? (
                        <input
                          type="checkbox"
                          aria-label={`${texts.notifications.kinds[kind] ?? kind}: ${label}`}
                          checked={choice.wanted}
                          disabled={choice.locked || sending.isSending}
                          onChange={(event) => void choose(choice, event.target.checked)}
                        />
                      ) : (
                        "–"
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Alerts() {
  const { house } = useExchange();
  const markets = useMarkets();
  const load = useCallback(() => house.alerts(), [house]);
  const [loaded, reload] = useLoaded(load);
  useNews(reload);
  const sending = useSending();
  const [chosen, setChosen] = useState("");
  const [direction, setDirection] = useState<"above" | "below">("above");
  const [price, setPrice] = useState("");
  const symbol = chosen || markets.list[0]?.symbol || "";
  const alerts = loaded.value?.alerts ?? [];
  async function add(): Promise<void> {
    const result = await sending.send(() => house.addAlert({ symbol, direction, price }));
    if (!result.ok) return;
    setPrice("");
    reload();
  }
  async function remove(id: string): Promise<void> {
    const result = await sending.send(() => house.removeAlert(id));
    if (result.ok) reload();
  }
  return (
    <section className="panel" aria-label={texts.notifications.alerts}>
      <h2>{texts.notifications.alerts}</h2>
      <Form onSubmit={add}>
        <div className="form-row">
          <SelectField
            label={texts.market.pair}
            value={symbol}
            options={markets.list.map((one) => ({ value: one.symbol, label: one.symbol }))}
            onChoose={setChosen}
          />
          <SelectField
            label={texts.notifications.when}
            value={direction}
            options={[
              { value: "above", label: texts.notifications.above },
              { value: "below", label: texts.notifications.below },
            ]}
            onChoose={setDirection}
          />
          <Field
            label={texts.form.price}
            name="alertPrice"
            inputMode="decimal"
            value={price}
            error={sending.wrong("price")}
            onChange={(event) => setPrice(typedNumber(event.target.value))}
          />
          <SubmitButton sending={sending}>{texts.notifications.addAlert}</SubmitButton>
        </div>
        <ProblemLine sending={sending} fields={["price"]} />
      </Form>
      <ListState
        loaded={loaded}
        count={alerts.length}
        empty={texts.notifications.noAlerts}
        onRetry={reload}
      />
      {alerts.length > 0 && (
        <table className="table is-text" data-testid="alerts">
          <TableHead
            columns={[
              texts.market.pair,
              texts.notifications.when,
              { number: texts.form.price },
              texts.orders.status,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {alerts.map((alert) => (
              <tr key={alert.id}>
                <th scope="row">{alert.symbol}</th>
                <td data-label={texts.notifications.when}>
                  {texts.notifications[alert.direction]}
                </td>
                <td data-label={texts.form.price} className="number">
                  {exactText(alert.price)}
                </td>
                <td data-label={texts.orders.status}>
                  {alert.active
                    ? texts.notifications.waiting
                    : microsecondsText(alert.fired_us ?? 0)}
                </td>
                <td data-label={texts.orders.actions}>
                  <button
                    type="button"
                    className="button is-small"
                    aria-label={`${texts.actions.remove}: ${alert.symbol} ${alert.price}`}
                    onClick={() => void remove(alert.id)}
                  >
                    {texts.actions.remove}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Webhooks() {
  const exchange = useExchange();
  const { house } = exchange;
  const assured = useAssured();
  const load = useCallback(() => house.webhooks(), [house]);
  const [loaded, reload] = useLoaded(load);
  const sending = useSending();
  const [url, setUrl] = useState("");
  const [made, setMade] = useState<MadeWebhook | null>(null);
  const webhooks = loaded.value?.webhooks ?? [];
  async function add(): Promise<void> {
    const kinds = ["fill", "order_expired", "deposit", "withdrawal", "price_alert"] as const;
    const wish = { url: url.trim(), kinds: [...kinds] };
    const result = await sending.send(() => assured(() => house.addWebhook(wish)));
    if (!result.ok) return;
    setUrl("");
    setMade(result.value);
    reload();
  }
  async function act(call: () => Promise<Result<unknown>>): Promise<void> {
    const result = await sending.send(() => assured(call));
    if (result.ok) reload();
  }
  async function test(id: string): Promise<void> {
    const result = await sending.send(() => house.tryWebhook(id));
    if (result.ok) exchange.tell(result.value.ok ? "good" : "bad", result.value.outcome);
  }
  return (
    <section className="panel" aria-label={texts.notifications.webhooks}>
      <h2>{texts.notifications.webhooks}</h2>
      <p className="field-hint">{texts.notifications.webhooksHint}</p>
      <Form onSubmit={add}>
        <div className="form-row">
          <Field
            label={texts.notifications.url}
            name="webhookUrl"
            inputMode="url"
            placeholder="https://example.org/hook"
            value={url}
            error={sending.wrong("url")}
            onChange={(event) => setUrl(event.target.value)}
          />
          <SubmitButton sending={sending}>{texts.notifications.addWebhook}</SubmitButton>
        </div>
        <ProblemLine sending={sending} fields={["url"]} />
      </Form>
      <ListState
        loaded={loaded}
        count={webhooks.length}
        empty={texts.notifications.noWebhooks}
        onRetry={reload}
      />
      {webhooks.length > 0 && (
        <table className="table is-text" data-testid="webhooks">
          <TableHead
            columns={[texts.notifications.url, texts.orders.status, texts.orders.actions]}
          />
          <tbody>
            {webhooks.map((webhook) => (
              <tr key={webhook.id}>
                <th scope="row">{webhook.url}</th>
                <td data-label={texts.orders.status}>{webhook.state}</td>
                <td data-label={texts.orders.actions}>
                  <button
                    type="button"
                    className="button is-small"
                    onClick={() => void test(webhook.id)}
                  >
                    {texts.notifications.test}
                  </button>
                  <button
                    type="button"
                    className="button is-small"
                    onClick={() =>
                      void act(() => house.pauseWebhook(webhook.id, webhook.state !== "active"))
                    }
                  >
                    {webhook.state === "active"
                      ? texts.notifications.pause
                      : texts.notifications.resume}
                  </button>
                  <button
                    type="button"
                    className="button is-small"
                    onClick={() => void act(() => house.removeWebhook(webhook.id))}
                  >
                    {texts.actions.remove}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {made && (
        <Dialog title={texts.notifications.addWebhook} onClose={() => setMade(null)}>
          <p className="warning">{texts.notifications.secretOnce}</p>
          <Copyable label={texts.keys.secret} text={made.secret} />
        </Dialog>
      )}
    </section>
  );
}
