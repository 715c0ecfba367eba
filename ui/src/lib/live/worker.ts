// The SharedWorker: wires Share to the browser.

import { Share, type TabPort } from './share';
import { startSession } from './start';

const share = new Share({
  start: startSession,
  gone: (lock) => navigator.locks.request(lock, () => undefined).then(() => undefined),
});

addEventListener('connect', (e) => {
  const port = (e as MessageEvent).ports[0];
  if (port) share.attach(port as TabPort);
});
