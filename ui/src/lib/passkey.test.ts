import { afterEach, describe, expect, it, vi } from 'vitest';
import { fromBase64url, makePasskey, PasskeyError, passkeysHere, toBase64url, usePasskey } from './passkey';

const bytes = (...n: number[]): ArrayBuffer => Uint8Array.from(n).buffer;

/** A browser that knows passkeys, but not their JSON form. */
function oldBrowser(credentials: object): void {
  vi.stubGlobal('PublicKeyCredential', function () {});
  vi.stubGlobal('navigator', { credentials });
}

const credential = (response: object) => ({
  id: 'AQI', rawId: bytes(1, 2), type: 'public-key', authenticatorAttachment: 'platform', getClientExtensionResults: () => ({}), response,
});

afterEach(() => vi.unstubAllGlobals());

it('base64url survives all bytes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const n of [0, 1, 2, 3, 256]) expect(new Uint8Array(fromBase64url(toBase64url(all.slice(0, n).buffer)))).toEqual(all.slice(0, n));
  expect(toBase64url(bytes(251, 255))).toBe('-_8');
});

it('there are none without the browser', () => expect(passkeysHere()).toBe(false));

describe('in a browser without the JSON form', () => {
  it('a passkey is asked for in bytes and answers in text', async () => {
    const get = vi.fn(() => Promise.resolve(credential({ clientDataJSON: bytes(3), authenticatorData: bytes(4), signature: bytes(5), userHandle: null })));
    oldBrowser({ get });
    const answer = await usePasskey({ challenge: '-_8', rpId: 'localhost', allowCredentials: [{ type: 'public-key', id: 'AQI' }] });
    expect(get).toHaveBeenCalledWith({
      publicKey: { challenge: bytes(251, 255), rpId: 'localhost', allowCredentials: [{ type: 'public-key', id: bytes(1, 2) }] },
    });
    expect(answer).toEqual({
      id: 'AQI', rawId: 'AQI', type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {},
      response: { clientDataJSON: 'Aw', authenticatorData: 'BA', signature: 'BQ' },
    });
  });

  it('a passkey is made', async () => {
    const create = vi.fn(() => Promise.resolve(credential({ clientDataJSON: bytes(3), attestationObject: bytes(6), getTransports: () => ['usb'] })));
    oldBrowser({ create });
    const user = { id: 'AQI', name: 'ada', displayName: 'Ada' };
    const made = await makePasskey({ challenge: 'Aw', rp: { name: 'Offing' }, user, pubKeyCredParams: [{ type: 'public-key', alg: -7 }] });
    expect(create).toHaveBeenCalledWith({
      publicKey: {
        challenge: bytes(3), rp: { name: 'Offing' }, user: { ...user, id: bytes(1, 2) }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }], excludeCredentials: [],
      },
    });
    expect(made).toMatchObject({ response: { clientDataJSON: 'Aw', attestationObject: 'Bg', transports: ['usb'] } });
  });
});

it.each([
  ['InvalidStateError', 'already holds'], ['NotAllowedError', 'cancelled'], ['OddError', 'could not be used'],
])('says why: %s', async (name, words) => {
  oldBrowser({ get: () => Promise.reject(new DOMException('', name)) });
  const asked = usePasskey({ challenge: 'Aw' });
  await expect(asked).rejects.toBeInstanceOf(PasskeyError);
  await expect(asked).rejects.toThrow(words);
});
