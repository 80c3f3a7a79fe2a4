/** Small things a tab keeps over a reload, or a browser from one visit to the next. */

function shelf(which: 'session' | 'local'): Storage | null {
  try {
    return which === 'session' ? globalThis.sessionStorage : globalThis.localStorage;
  } catch {
    return null;
  }
}

/** What was kept under this key; null if nothing, or if storage is forbidden. */
export function recall(key: string, which: 'session' | 'local'): string | null {
  return shelf(which)?.getItem(key) ?? null;
}

export function remember(key: string, value: string, which: 'session' | 'local'): void {
  try {
    shelf(which)?.setItem(key, value);
  } catch {
    // only costs the memory
  }
}

/** What follows this beginning in the keys of what the tab keeps. */
export function kept(beginning: string): readonly string[] {
  const keys = Object.keys(shelf('session') ?? {});
  return keys.filter((key) => key.startsWith(beginning)).map((key) => key.slice(beginning.length));
}

/** Drop what the tab keeps under this key. */
export function forget(key: string): void {
  shelf('session')?.removeItem(key);
}
