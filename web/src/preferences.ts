/** Small choices that this browser remembers. Nothing secret, and nothing that anything depends on. */

const PREFIX = "outcry.";

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage may be switched off
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // storage may be full or switched off: the choice lasts as long as the page
  }
}

/** Do something that has the browser empty its storage, and remember these choices all the same. */
export async function keeping<T>(names: readonly string[], act: () => Promise<T>): Promise<T> {
  const known = names.map((name) => [name, remembered(name)] as const);
  const result = await act();
  for (const [name, value] of known) if (value !== null) remember(name, value);
  return result;
}
