/** Markets: open, halt, take cancels only, and set their filters. */

import { useCallback, useState } from "react";
import type { FilterView, MarketView } from "../../data/openapi";
import { useExchange, useLoaded } from "../../hooks";
import { texts } from "../../texts/en";
import { Dialog } from "../../ui/dialog";
import { Field, SelectField } from "../../ui/field";
import { DialogButtons, Form, houseText, ProblemLine, useSending } from "../../ui/form";
import { Failed, Loading } from "../../ui/states";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";
import { useMay, useOperatorApi } from "./use-operator";

export function Markets() {
  const api = useOperatorApi();
  const mayAct = useMay("MARKETS");
  const load = useCallback(() => api.markets(), [api]);
  const [loaded, reload] = useLoaded(load);
  const [edited, setEdited] = useState<MarketView | null>(null);
  const found = loaded.value;
  if (!found) {
    return loaded.state === "failed" ? (
      <Failed onRetry={reload}>{houseText(loaded.problem)}</Failed>
    ) : (
      <Loading />
    );
  }
  return (
    <section className="panel" aria-label={texts.operator.markets}>
      <table className="table is-text" data-testid="operator-markets">
        <TableHead
          columns={[
            texts.market.pair,
            texts.operator.status,
            { number: texts.operator.tick },
            { number: texts.operator.lot },
            texts.orders.actions,
          ]}
        />
        <tbody>
          {found.markets.map((market) => (
            <tr key={market.symbol} data-symbol={market.symbol}>
              <th scope="row">{market.symbol}</th>
              <td data-label={texts.operator.status}>
                <span className={market.status === "TRADING" ? "badge is-good" : "badge is-bad"}>
                  {market.status}
                </span>
              </td>
              <td data-label={texts.operator.tick} className="number">
                {market.tick}
              </td>
              <td data-label={texts.operator.lot} className="number">
                {market.lot}
              </td>
              <td data-label={texts.orders.actions}>
                {mayAct && (
                  <StatusChoice market={market} statuses={found.statuses} onDone={reload} />
                )}
                <button
                  type="button"
                  className="button is-small"
                  aria-label={texts.operator.editFilters(market.symbol)}
                  onClick={() => setEdited(market)}
                >
                  {texts.operator.filters}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {edited && (
        <FilterDialog
          market={edited}
          meanings={found.filters}
          mayAct={mayAct}
          onClose={() => setEdited(null)}
          onDone={() => {
            setEdited(null);
            reload();
          }}
        />
      )}
    </section>
  );
}

function StatusChoice({
  market,
  statuses,
  onDone,
}: {
  readonly market: MarketView;
  readonly statuses: readonly string[];
  readonly onDone: () => void;
}) {
  const exchange = useExchange();
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const [wanted, setWanted] = useState<string | null>(null);
  async function submit(status: string): Promise<void> {
    const result = await sending.send(() => assured(() => api.setStatus(market.symbol, status)));
    if (!result.ok) return;
    setWanted(null);
    exchange.tell("good", texts.operator.sureStatus(market.symbol, status));
    void exchange.loadMarkets();
    onDone();
  }
  return (
    <>
      <button
        type="button"
        className="button is-small"
        aria-label={`${texts.operator.setStatus}: ${market.symbol}`}
        onClick={() => setWanted(market.status === "TRADING" ? "HALT" : "TRADING")}
      >
        {texts.operator.setStatus}
      </button>
      {wanted !== null && (
        <Dialog
          title={`${texts.operator.setStatus}: ${market.symbol}`}
          onClose={() => setWanted(null)}
        >
          <Form onSubmit={() => submit(wanted)}>
            <SelectField
              label={texts.operator.status}
              value={wanted}
              options={statuses.map((status) => ({ value: status, label: status }))}
              onChoose={setWanted}
            />
            <p>{texts.operator.statusHelp[wanted] ?? ""}</p>
            <ProblemLine sending={sending} />
            <DialogButtons sending={sending} onCancel={() => setWanted(null)}>
              {texts.operator.setStatus}
            </DialogButtons>
          </Form>
        </Dialog>
      )}
    </>
  );
}

function FilterDialog({
  market,
  meanings,
  mayAct,
  onClose,
  onDone,
}: {
  readonly market: MarketView;
  readonly meanings: readonly FilterView[];
  readonly mayAct: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const [filters, setFilters] = useState<Readonly<Record<string, string>>>(market.filters);
  const changed = Object.fromEntries(
    Object.entries(filters).filter(([name, value]) => value !== market.filters[name]),
  );
  const isSame = Object.keys(changed).length === 0;
  async function submit(): Promise<void> {
    if (isSame) return onClose();
    const result = await sending.send(() => assured(() => api.setFilters(market.symbol, changed)));
    if (result.ok) onDone();
  }
  return (
    <Dialog title={texts.operator.editFilters(market.symbol)} onClose={onClose}>
      <Form onSubmit={submit}>
        {meanings
          .filter(({ name }) => market.filters[name] !== undefined)
          .map(({ name, meaning, unit }) => (
            <Field
              key={name}
              label={name}
              unit={unit}
              hint={meaning}
              readOnly={!mayAct}
              value={filters[name] ?? ""}
              onChange={(event) => setFilters({ ...filters, [name]: event.target.value })}
            />
          ))}
        <ProblemLine sending={sending} />
        {mayAct && (
          <DialogButtons sending={sending} onCancel={onClose}>
            {texts.actions.save}
          </DialogButtons>
        )}
      </Form>
    </Dialog>
  );
}
