// Addresses of trackers that people write.

/** The addresses of a text, one a line, each once; null when one of them is none. */
export function readAnnounces(text: string): string[] | null {
  const lines = [...new Set(text.split(/\s+/).filter(Boolean))];
  return lines.length > 0 && lines.every(isAnnounce) ? lines : null;
}

const isAnnounce = (line: string): boolean => line.length <= 4096 && /^(?:https?|udp):\/\/[^/\s?#@]+(?:[/?]\S*)?$/i.test(line);

/** Whether this is all of an address: one without a path was shortened for whoever may not know it. */
export const isWhole = (announce: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+[/?]./i.test(announce);
