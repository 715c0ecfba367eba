import { base64, mayBeTorrent, partOf, readSources } from './add';
import { ApiError, sentence } from './api/call';
import { type Addition, type CommandsApi, MAX_METAINFO } from './api/commands';
import { readLabels } from './labels';
import { isOver } from './live/orders';
import { type Commands, failed } from './orders/commands.svelte';

/** How it goes with one thing that is added. */
export type AddState = 'asking' | 'under-way' | 'done' | 'failed';

/** What all that is added at once has in common. */
export interface AddWish {
  box: string;
  dir: string;
  paused: boolean;
  labels: string; // with commas between
}

/** One thing that is added: a link or a file. */
export class AddItem {
  readonly name: string;
  trouble = $state('');
  order = $state('');
  readonly #commands: Commands;

  constructor(name: string, commands: Commands) {
    this.name = name;
    this.#commands = commands;
  }

  readonly #now = $derived.by(() => (this.order ? this.#commands.get(this.order) : undefined));

  readonly state: AddState = $derived.by(() => {
    if (this.trouble) return 'failed';
    if (!this.#now) return 'asking';
    if (!isOver(this.#now)) return 'under-way';
    return failed(this.#now) || this.#now.state !== 'done' ? 'failed' : 'done';
  });

  /** In words. */
  readonly text: string = $derived.by(() => {
    if (this.trouble) return this.trouble;
    const order = this.#now;
    if (!order) return 'Asking …';
    if (!isOver(order)) return order.why ? `Waits: ${order.why}` : 'On its way to the box …';
    if (this.state === 'failed') return order.result?.fault ? sentence(order.result.fault.text) : (order.state === 'cancelled' ? 'Cancelled.' : 'It was not added.');
    const added = order.result?.added;
    return added?.duplicate ? `It was there already: ${added.name}` : added ? `Added: ${added.name}` : 'Added.';
  });
}

/** Adding is the state of the dialog that adds: what was dropped, and what came of what was asked for. */
export class Adding {
  open = $state(false);
  text = $state('');
  files: readonly File[] = $state.raw([]);
  items: readonly AddItem[] = $state.raw([]);
  busy = $state(false);
  readonly #api: CommandsApi;
  readonly #commands: Commands;

  constructor(api: CommandsApi, commands: Commands) {
    this.#api = api;
    this.#commands = commands;
  }

  /** Opens with what there is to add already. */
  show(text = '', files: readonly File[] = []): void {
    if (!this.open) this.items = [];
    this.open = true;
    if (text) this.text = [this.text.trim(), text].filter(Boolean).join('\n');
    this.drop(files);
  }

  drop(files: readonly File[]): void {
    const known = new Set(this.files.map((f) => `${f.name} ${f.size}`));
    this.files = [...this.files, ...files.filter((f) => !known.has(`${f.name} ${f.size}`))];
  }

  take(file: File): void {
    this.files = this.files.filter((f) => f !== file);
  }

  close = (): void => {
    this.open = false;
    this.text = '';
    this.files = [];
  };

  /** Adds one after the other, so that a quota ends where it should. Resolves when the controller has all. */
  async add(wish: AddWish): Promise<void> {
    if (this.busy) return;
    const sources = readSources(this.text);
    const files = this.files;
    const common = commonOf(wish);
    const work: { item: AddItem; ask: () => Promise<Addition> }[] = [
      ...sources.map((source) => ({
        item: new AddItem(source.name, this.#commands),
        ask: () => (source.kind === 'wrong' ? Promise.reject(new Unfit(source.why)) : Promise.resolve({ ...common, ...partOf(source) })),
      })),
      ...files.map((file) => ({ item: new AddItem(file.name, this.#commands), ask: async () => ({ ...common, metainfo: await read(file) }) })),
    ];
    this.items = work.map(({ item }) => item);
    this.busy = true;
    // What was not taken can be mended and tried again; what was is not added twice.
    const left: string[] = [];
    for (const { item, ask } of work) {
      if (!(await this.#addOne(item, ask))) left.push(item.name);
    }
    this.busy = false;
    const bad = new Set(left);
    this.text = sources.filter((s) => bad.has(s.name)).map((s) => s.text).join('\n');
    this.files = files.filter((f) => bad.has(f.name));
  }

  async #addOne(item: AddItem, ask: () => Promise<Addition>): Promise<boolean> {
    try {
      const order = await this.#api.add(await ask());
      this.#commands.placed('', [order], true);
      item.order = order.id;
      return true;
    } catch (err) {
      if (!(err instanceof ApiError) && !(err instanceof Unfit)) throw err;
      item.trouble = err.message;
      return false;
    }
  }
}

/** It need not be sent to know that it will not be taken. */
class Unfit extends Error {}

function commonOf({ box, dir, paused, labels }: AddWish): Addition {
  const list = readLabels(labels);
  return { ...(box && { box }), ...(dir.trim() && { dir: dir.trim() }), ...(paused && { paused }), ...(list.length > 0 && { changes: { labels: list } }) };
}

async function read(file: File): Promise<string> {
  if (file.size > MAX_METAINFO) throw new Unfit('It is larger than a .torrent file may be (8 MiB).');
  const bytes = new Uint8Array(await file.arrayBuffer().catch(() => new ArrayBuffer(0)));
  if (!mayBeTorrent(bytes)) throw new Unfit('It is not a .torrent file.');
  return base64(bytes);
}
