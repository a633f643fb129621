/** Text to be taken away: a secret, an address, a program. */

import { useState } from "react";
import { texts } from "../texts/en";
import { Icon } from "./icons";

export function CopyButton({ text, label = texts.actions.copy }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    } catch {
      setCopied(false); // the browser refuses: the text can still be marked by hand
    }
  }
  return (
    <button type="button" className="button is-small" onClick={() => void copy()}>
      <Icon name="copy" />
      {isCopied ? texts.actions.copied : label}
    </button>
  );
}

export function Copyable({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className="copyable">
      <span className="field-label">{label}</span>
      <div className="copyable-box">
        <code>{text}</code>
        <CopyButton text={text} />
      </div>
    </div>
  );
}
