/** People: look them up, lock and unlock, end their sessions, say what operators may do. */

import { useCallback, useState } from "react";
import type { OperatorPersonView } from "../../data/openapi";
import type { Result } from "../../data/problems";
import { microsecondsText } from "../../format";
import { useLoaded, usePerson } from "../../hooks";
import { texts } from "../../texts/en";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { DialogButtons, Form, ProblemLine, SubmitButton, useSending } from "../../ui/form";
import { ListState } from "../../ui/list-state";
import { useAssured } from "../../ui/step-up";
import { TableHead } from "../../ui/table-head";
import { useMay, useOperatorApi } from "./use-operator";

const ROLES = ["ADMIN", "MARKETS", "TREASURY", "SUPPORT", "AUDITOR"] as const;

export function People() {
  const api = useOperatorApi();
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState({ containing: "", after: 0 });
  const load = useCallback(() => api.people(asked.containing, asked.after), [api, asked]);
  const [loaded, reload] = useLoaded(load);
  const people = loaded.value?.people;
  const last = people?.[people.length - 1];
  return (
    <section className="panel" aria-label={texts.operator.people}>
      <Form onSubmit={() => setAsked({ containing: typed.trim(), after: 0 })}>
        <div className="form-row">
          <Field
            label={texts.operator.search}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" className="button">
            {texts.operator.find}
          </button>
        </div>
      </Form>
      <ListState
        loaded={loaded}
        count={people?.length}
        empty={texts.operator.noPeople}
        onRetry={reload}
      />
      {people && people.length > 0 && (
        <table className="table is-text" data-testid="people">
          <TableHead
            columns={[
              texts.operator.email,
              texts.operator.account,
              texts.operator.status,
              texts.operator.roles,
              texts.operator.factors,
              texts.operator.signedIn,
              texts.orders.actions,
            ]}
          />
          <tbody>
            {people.map((person) => (
              <PersonRow key={person.person_id} person={person} onDone={reload} />
            ))}
          </tbody>
        </table>
      )}
      {last && people && people.length >= 50 && (
        <div className="row">
          <button
            type="button"
            className="button"
            onClick={() => setAsked({ ...asked, after: last.person_id })}
          >
            {texts.actions.more}
          </button>
        </div>
      )}
    </section>
  );
}

/** Why the exchange would refuse to do anything to somebody, if it would. */
function whyNot(isOneself: boolean, isAnothers: boolean): string | null {
  if (isOneself) return texts.operator.notYourself;
  return isAnothers ? texts.operator.notOperators : null;
}

function PersonRow({
  person,
  onDone,
}: {
  readonly person: OperatorPersonView;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const maySupport = useMay("SUPPORT");
  const mayAll = useMay();
  const ownId = usePerson().me?.session.person_id;
  const [isEditing, setEditing] = useState(false);
  const [isRemoving, setRemoving] = useState(false);
  const hasSecond = person.factors.some((factor) => factor !== "PASSWORD");
  const isLocked = person.status === "LOCKED";
  const { person_id: personId } = person;
  const why = whyNot(personId === ownId, person.roles.length > 0 && !mayAll);
  async function act(call: () => Promise<Result<OperatorPersonView>>): Promise<void> {
    const result = await sending.send(() => assured(call));
    if (result.ok) onDone();
  }
  return (
    <tr data-email={person.email}>
      <th scope="row">{person.email}</th>
      <td data-label={texts.operator.account}>{person.account_id}</td>
      <td data-label={texts.operator.status}>
        <span className={isLocked ? "badge is-bad" : "badge is-good"}>{person.status}</span>
      </td>
      <td data-label={texts.operator.roles}>{person.roles.join(", ") || "–"}</td>
      <td className="is-wrapping" data-label={texts.operator.factors}>
        {person.factors.join(", ") || "–"}
      </td>
      <td data-label={texts.operator.signedIn}>{microsecondsText(person.signed_in_us)}</td>
      <td className="is-wrapping" data-label={texts.orders.actions}>
        {maySupport && why && <span className="field-hint">{why}</span>}
        {maySupport && !why && (
          <>
            <button
              type="button"
              className="button is-small"
              onClick={() => void act(() => (isLocked ? api.unlock(personId) : api.lock(personId)))}
            >
              {isLocked ? texts.operator.unlock : texts.operator.lock}
            </button>
            <button
              type="button"
              className="button is-small"
              onClick={() => void act(() => api.endSessions(personId))}
            >
              {texts.operator.endSessions}
            </button>
            {hasSecond && (
              <button type="button" className="button is-small" onClick={() => setRemoving(true)}>
                {texts.operator.removeFactors}
              </button>
            )}
          </>
        )}
        {mayAll && !why && (
          <button type="button" className="button is-small" onClick={() => setEditing(true)}>
            {texts.operator.setRoles}
          </button>
        )}
        <ProblemLine sending={sending} />
        {isRemoving && (
          <RemoveFactorsDialog
            person={person}
            onClose={() => setRemoving(false)}
            onDone={() => {
              setRemoving(false);
              onDone();
            }}
          />
        )}
        {isEditing && (
          <RolesDialog
            person={person}
            onClose={() => setEditing(false)}
            onDone={() => {
              setEditing(false);
              onDone();
            }}
          />
        )}
      </td>
    </tr>
  );
}

function RemoveFactorsDialog({
  person,
  onClose,
  onDone,
}: {
  readonly person: OperatorPersonView;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  async function submit(): Promise<void> {
    const result = await sending.send(() => assured(() => api.removeFactors(person.person_id)));
    if (result.ok) onDone();
  }
  return (
    <Dialog title={texts.operator.removeFactors} onClose={onClose}>
      <Form onSubmit={submit}>
        <p>{texts.operator.removeFactorsOf(person.email)}</p>
        <p className="field-hint">{texts.operator.removeFactorsHint}</p>
        <ProblemLine sending={sending} />
        <DialogButtons sending={sending} onCancel={onClose}>
          {texts.operator.removeFactors}
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function RolesDialog({
  person,
  onClose,
  onDone,
}: {
  readonly person: OperatorPersonView;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const api = useOperatorApi();
  const assured = useAssured();
  const sending = useSending();
  const [roles, setRoles] = useState<readonly string[]>(person.roles);
  async function submit(): Promise<void> {
    const result = await sending.send(() => assured(() => api.setRoles(person.person_id, roles)));
    if (result.ok) onDone();
  }
  return (
    <Dialog title={`${texts.operator.roles}: ${person.email}`} onClose={onClose}>
      <Form onSubmit={submit}>
        {ROLES.map((role) => (
          <label key={role} className="check">
            <input
              type="checkbox"
              checked={roles.includes(role)}
              onChange={(event) =>
                setRoles(
                  event.target.checked ? [...roles, role] : roles.filter((one) => one !== role),
                )
              }
            />
            {role}
          </label>
        ))}
        <ProblemLine sending={sending} />
        <div className="dialog-actions">
          <SubmitButton sending={sending}>{texts.actions.save}</SubmitButton>
        </div>
      </Form>
    </Dialog>
  );
}
