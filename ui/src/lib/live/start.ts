import { Api } from '../api';
import { Session, type SessionConfig } from './session';
import { streamDialer } from './stream';
import { Ways } from './ways';
import { socketDialer } from './wire';

/** Starts a session with the API at this address, by whichever way it can be reached. */
export function startSession(base: string, config: Pick<SessionConfig, 'topics' | 'kept' | 'tell'>): Session {
  const api = new Api(base);
  const reachable = (): Promise<boolean> => api.whoAmI().then(() => true, () => false);
  const ways = new Ways({ socket: socketDialer(base), stream: streamDialer(base), reachable });
  return new Session({ ...config, dial: ways.dial, ticket: () => api.ticket() });
}
