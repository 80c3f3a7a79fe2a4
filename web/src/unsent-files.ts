/** Files on their way, kept by the browser so that a reload or a crash does not lose them. */
import type { Sent } from './uploads.js';

const DATABASE = 'order-room';
const STORE = 'uploads';
/** The server forgets an upload a day after its last byte. */
const KEPT_FOR = 24 * 3600_000;

export interface Kept extends Sent {
  person: string;
  at: number;
}

/** Keep a file, or what is newly known of it; without storage it lives in the page only. */
export async function keep(kept: Kept): Promise<void> {
  await within('readwrite', (store) => store.put(kept));
}

/** What is known of a file; null once it is there, was dropped or is kept nowhere. */
export async function known(id: string): Promise<Kept | null> {
  return (await within<Kept | undefined>('readonly', (store) => store.get(id))) ?? null;
}

export async function forget(id: string): Promise<void> {
  await within('readwrite', (store) => store.delete(id));
}

/** The files of an order that a person had not finished sending. */
export async function unfinished(order: string, person: string): Promise<readonly Kept[]> {
  const all = (await within<Kept[]>('readonly', (store) => store.getAll())) ?? [];
  const old = all.filter((kept) => Date.now() - kept.at > KEPT_FOR);
  for (const { id } of old) void forget(id);
  return all.filter((kept) => kept.order === order && kept.person === person && !old.includes(kept));
}

/**
 * Have a file to oneself: two tabs that send the same one get into each other's way. Resolves once
 * no other page has it, with the way to let it go; rejects with an `AbortError`.
 */
export async function own(id: string, signal: AbortSignal): Promise<() => void> {
  // insecure pages have no locks: there a file is sent by whoever has it
  if (!globalThis.navigator?.locks) return () => undefined;
  return await new Promise((resolve, reject) => {
    const held = (): Promise<void> => new Promise((letGo) => resolve(letGo));
    navigator.locks.request(`order-room:upload:${id}`, { signal }, held).catch(reject);
  });
}

/** What the store answered; null where the browser forbids storage or it is full. */
function within<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<T | null> {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'id' });
      opening.onerror = opening.onblocked = () => resolve(null);
      opening.onsuccess = () => {
        const database = opening.result;
        const transaction = database.transaction(STORE, mode);
        const asked = ask(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(asked.result as T);
        transaction.onerror = transaction.onabort = () => resolve(null);
        database.close(); // once the transaction is over
      };
    } catch {
      resolve(null);
    }
  });
}
