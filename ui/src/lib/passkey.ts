// Passkeys: what the controller and the browser say to each other, in the JSON
// form of Web Authentication level 3. Browsers that do not know that form yet
// get it converted here.

/** Why there is no passkey. Its message is for the user. */
export class PasskeyError extends Error {}

/** Whether this browser, at this address, knows passkeys at all. */
export function passkeysHere(): boolean {
  return typeof PublicKeyCredential === 'function' && 'credentials' in navigator;
}

/** Makes a passkey; resolves to what the controller keeps of it. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<object> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? creationOptions(options);
  return toJSON(await asked(() => navigator.credentials.create({ publicKey })));
}

/** Asks for a passkey; resolves to its answer. */
export async function usePasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<object> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? requestOptions(options);
  return toJSON(await asked(() => navigator.credentials.get({ publicKey })));
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (err) {
    throw new PasskeyError(WHY[err instanceof DOMException ? err.name : ''] ?? 'The passkey could not be used here.');
  }
  if (!credential) throw new PasskeyError('The browser gave no passkey.');
  return credential as PublicKeyCredential;
}

const WHY: Record<string, string> = {
  NotAllowedError: 'Nothing came from the passkey: it was cancelled, or took too long.',
  InvalidStateError: 'This device already holds a passkey of this account.',
  SecurityError: 'Passkeys do not work at this address.',
  NotSupportedError: 'This device cannot hold such a passkey.',
};

// Extensions have forms of their own; the controller asks for none.
function requestOptions({ extensions: _, ...o }: PublicKeyCredentialRequestOptionsJSON): PublicKeyCredentialRequestOptions {
  return {
    ...o,
    challenge: fromBase64url(o.challenge),
    allowCredentials: (o.allowCredentials ?? []).map((c) => ({ ...c, id: fromBase64url(c.id) })),
  } as PublicKeyCredentialRequestOptions;
}

function creationOptions({ extensions: _, ...o }: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  return {
    ...o,
    challenge: fromBase64url(o.challenge),
    user: { ...o.user, id: fromBase64url(o.user.id) },
    excludeCredentials: (o.excludeCredentials ?? []).map((c) => ({ ...c, id: fromBase64url(c.id) })),
  } as PublicKeyCredentialCreationOptions;
}

const PARTS = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'] as const;

function toJSON(credential: PublicKeyCredential): object {
  if (typeof credential.toJSON === 'function') return credential.toJSON() as object;
  const response: Record<string, unknown> = {};
  const raw = credential.response as unknown as Partial<Record<(typeof PARTS)[number], ArrayBuffer | null>>;
  for (const part of PARTS) if (raw[part]) response[part] = toBase64url(raw[part]);
  const transports = (credential.response as Partial<AuthenticatorAttestationResponse>).getTransports?.();
  if (transports) response.transports = transports;
  return {
    id: credential.id, rawId: toBase64url(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/** Base64url (RFC 4648, section 5) without padding. */
export function toBase64url(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64url(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)).buffer;
}
