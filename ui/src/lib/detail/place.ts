// The address of an open torrent: a fragment, so that it can be linked to, and
// is never sent to anybody.

export interface Place {
  box: string;
  hash: string;
}

export function fragmentOf({ box, hash }: Place): string {
  return `#torrent/${encodeURIComponent(box)}/${hash}`;
}

/** The torrent that a fragment names, or null. */
export function placeOf(fragment: string): Place | null {
  const [, box, hash] = /^#torrent\/([^/]+)\/([0-9a-f]{40})$/.exec(fragment) ?? [];
  if (!box || !hash) return null;
  try {
    return { box: decodeURIComponent(box), hash };
  } catch {
    return null;
  }
}
