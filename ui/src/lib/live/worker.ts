// The SharedWorker: wires Share to the browser.

import { Api } from '../api';
import { Session } from './session';
import { Share, type TabPort } from './share';
import { dialer } from './wire';

const share = new Share({
  start: (base, tell) => {
    const api = new Api(base);
    return new Session({ dial: dialer(base), ticket: () => api.ticket(), tell });
  },
  gone: (lock) => navigator.locks.request(lock, () => undefined).then(() => undefined),
});

addEventListener('connect', (e) => {
  const port = (e as MessageEvent).ports[0];
  if (port) share.attach(port as TabPort);
});
