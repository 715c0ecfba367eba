import { type Join, SharedTransport, type Wish } from './share';
import { startSession } from './start';
import type { LiveEvent, Transport } from './transport';

// A worker that says nothing for so long does not run.
const WORKER_TIMEOUT_MS = 4000;

/**
 * Starts to bring what the controller sends: through a worker that all tabs
 * share where the browser has what that takes, else on a socket of this tab.
 */
export async function connect(wish: Wish, tell: (event: LiveEvent) => void): Promise<Transport> {
  const transport = (await shared(wish, tell)) ?? startSession(wish.api, { ...wish, tell });
  return watched(transport);
}

async function shared(wish: Wish, tell: (event: LiveEvent) => void): Promise<Transport | null> {
  // Locks exist only where the page is secure: https, or this computer.
  if (typeof SharedWorker === 'undefined' || !('locks' in navigator)) return null;
  const lock = `offing-tab-${crypto.randomUUID()}`;
  const release = await hold(lock);
  try {
    const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'offing' });
    return await joined(worker, { wish, lock, release }, tell);
  } catch {
    release();
    return null;
  }
}

/** Resolves once the worker has spoken, or to null when it cannot run here. */
function joined(worker: SharedWorker, join: Join, tell: (event: LiveEvent) => void): Promise<Transport | null> {
  return new Promise((resolve) => {
    const transport = new SharedTransport(worker.port, join, (event) => {
      resolve(transport);
      clearTimeout(patience);
      tell(event);
    });
    const giveUp = (): void => {
      transport.stop();
      resolve(null);
    };
    const patience = setTimeout(giveUp, WORKER_TIMEOUT_MS);
    worker.onerror = giveUp;
  });
}

/** Takes a lock that the browser frees when this tab is closed or crashes. */
function hold(lock: string): Promise<() => void> {
  return new Promise((held) => {
    void navigator.locks.request(lock, () => new Promise<void>((release) => held(release)));
  });
}

/** Tries at once when the network is back or somebody looks at the page again. */
function watched(transport: Transport): Transport {
  const events = new AbortController();
  const nudge = (): void => transport.nudge();
  addEventListener('online', nudge, { signal: events.signal });
  addEventListener('pageshow', nudge, { signal: events.signal });
  document.addEventListener('visibilitychange', () => document.hidden || nudge(), { signal: events.signal });
  return {
    nudge,
    subscribe: (topic) => transport.subscribe(topic),
    unsubscribe: (topic) => transport.unsubscribe(topic),
    stop: () => {
      events.abort();
      transport.stop();
    },
  };
}
