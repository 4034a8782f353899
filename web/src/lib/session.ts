// The token of this browser. It comes as `#token=…`, which no server sees, or by hand, and is
// sent to this origin only.

const KEY = 'playhouse.token';

/** Takes `#token=…` into the store and out of the address bar. */
export function takeTokenFromAddress(): void {
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ''));
  const token = fragment.get('token');
  if (!token) return;
  storeToken(token);
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(null, '', location.pathname + location.search + (rest ? `#${rest}` : ''));
}

/** The stored token, or null. A browser that refuses storage has none. */
export function token(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Keeps a token, as pasted: spaces round it and a leading `Bearer` are dropped. */
export function storeToken(value: string): void {
  try {
    localStorage.setItem(KEY, value.trim().replace(/^Bearer\s+/i, ''));
  } catch {
    // Private windows may refuse; the page then asks again.
  }
}

/** Forgets the token. */
export function dropToken(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was stored.
  }
}

/** The Authorization header for `url`: only when a token is stored and the origin is ours. */
export function authorization(url: string): Record<string, string> {
  const stored = token();
  if (!stored || new URL(url, location.href).origin !== location.origin) return {};
  return { Authorization: `Bearer ${stored}` };
}
