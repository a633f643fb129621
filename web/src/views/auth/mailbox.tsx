/** The demo's mailbox: mails that would be sent elsewhere are shown here, to anybody. */

import { useCallback, useEffect } from "react";
import { microsecondsText } from "../../format";
import { useExchange, useLoaded } from "../../hooks";
import { Link } from "../../router";
import { texts } from "../../texts/en";
import { ListState } from "../../ui/list-state";

const REFRESH_MS = 3_000;
const ADDRESS = /(https?:\/\/\S+)/;

/** The text of a mail, with links of this exchange made into links. */
function MailText({ text }: { readonly text: string }) {
  const origin = location.origin;
  let at = 0;
  return (
    <p className="mail-text">
      {text.split(ADDRESS).map((part) => {
        at += part.length;
        if (!part.startsWith(`${origin}/`)) return part;
        const inside = part.slice(origin.length);
        return (
          <Link key={at} to={inside}>
            {part}
          </Link>
        );
      })}
    </p>
  );
}

export function Mailbox() {
  const { house } = useExchange();
  const load = useCallback(() => house.mails(), [house]);
  const [loaded, reload] = useLoaded(load);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const mails = loaded.value;
  return (
    <section className="page" aria-label={texts.mailbox.title}>
      <h1>{texts.mailbox.title}</h1>
      <p className="field-hint">{texts.mailbox.hint}</p>
      <ListState
        loaded={loaded}
        count={mails?.length}
        empty={texts.mailbox.empty}
        onRetry={reload}
      />
      {mails?.map((mail) => (
        <article key={mail.number} className="panel mail">
          <h2>{mail.subject}</h2>
          <p className="field-hint">
            {texts.mailbox.to(mail.to)}, {microsecondsText(mail.sent_us)}
          </p>
          <MailText text={mail.text} />
        </article>
      ))}
    </section>
  );
}
