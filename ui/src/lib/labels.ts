// Labels as people write them: with commas between.

/** The labels of a text, each once, in their order. */
export function readLabels(text: string): string[] {
  return [...new Set(text.split(',').map((label) => label.trim()).filter(Boolean))];
}

export const writeLabels = (labels: readonly string[]): string => labels.join(', ');

/** Those that all have. */
export function commonLabels(all: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = all;
  return first.filter((label) => others.every((labels) => labels.includes(label)));
}

/** What each is to have: those that all had become these, and the rest stays. */
function relabelled(labels: readonly string[], common: readonly string[], wanted: readonly string[]): string[] {
  return [...new Set([...labels.filter((label) => !common.includes(label) || wanted.includes(label)), ...wanted])];
}

/** Groups what is to be labelled by what it is to have, so that one command does for many. */
export function labelGroups<T extends { fields: { labels: readonly string[] } }>(torrents: readonly T[], wanted: readonly string[]): { labels: string[]; torrents: T[] }[] {
  const common = commonLabels(torrents.map((t) => t.fields.labels));
  const groups = new Map<string, { labels: string[]; torrents: T[] }>();
  for (const torrent of torrents) {
    const labels = relabelled(torrent.fields.labels, common, wanted);
    if (labels.join(',') === torrent.fields.labels.join(',')) continue;
    const key = labels.join(',');
    const group = groups.get(key) ?? { labels, torrents: [] };
    group.torrents.push(torrent);
    groups.set(key, group);
  }
  return [...groups.values()];
}
