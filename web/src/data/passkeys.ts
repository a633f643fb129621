/** Passkeys: the browser does the work, this turns its objects into JSON and back. */

import { answered, failed, problem, type Result } from "./problems";

export type PasskeyOptions = Readonly<Record<string, unknown>>;
export type PasskeyAnswer = Readonly<Record<string, unknown>>;

/** Whether this browser has passkeys, and speaks of them in JSON. */
export function knowsPasskeys(): boolean {
  return (
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  );
}

function refusedBy(error: unknown): Result<PasskeyAnswer> {
  const name = error instanceof DOMException ? error.name : "";
  return failed(
    problem("unreadable", name === "InvalidStateError" ? "KNOWN_PASSKEY" : "NO_PASSKEY", ""),
  );
}

function answerOf(credential: Credential | null): Result<PasskeyAnswer> {
  if (!(credential instanceof PublicKeyCredential)) return refusedBy(null);
  return answered(credential.toJSON() as unknown as PasskeyAnswer);
}

/** Have the browser make a passkey. */
export async function makePasskey(options: PasskeyOptions): Promise<Result<PasskeyAnswer>> {
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
      options as unknown as PublicKeyCredentialCreationOptionsJSON,
    );
    return answerOf(await navigator.credentials.create({ publicKey }));
  } catch (error) {
    return refusedBy(error);
  }
}

/** Have the browser answer with a passkey that it knows. */
export async function passkeyAnswer(options: PasskeyOptions): Promise<Result<PasskeyAnswer>> {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      options as unknown as PublicKeyCredentialRequestOptionsJSON,
    );
    return answerOf(await navigator.credentials.get({ publicKey }));
  } catch (error) {
    return refusedBy(error);
  }
}
