// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Access, BLANK } from '../../lib/live/torrent';
import { readOrders } from '../../lib/live/orders';
import { BoxesApi } from '../../lib/api/boxes';
import { CommandsApi } from '../../lib/api/commands';
import type { Action } from '../../lib/orders/actions';
import { Asking } from '../../lib/orders/asking.svelte';
import { Actor } from '../../lib/orders/actor';
import { Commands } from '../../lib/orders/commands.svelte';
import { Picks } from '../../lib/rows/picks.svelte';
import { Torrent, Torrents } from '../../lib/rows/torrents.svelte';
import { find, noOrders } from '../../testing/page';
import ActionBar from './ActionBar.svelte';
import CommandsPanel from './CommandsPanel.svelte';
import Dialogs from './Dialogs.svelte';
import RemoveDialog from './RemoveDialog.svelte';

const torrent = (c: string, access: Access = 'own'): Torrent =>
  new Torrent({ id: 1, box: 'demo', hash: c.repeat(40), fields: { ...BLANK, name: `name ${c}`, size: 5e9, left: 1e9, access } });
const click = (selector: string): void => {
  find(selector).click();
  flushSync();
};

let shown: ReturnType<typeof mount> | undefined;
let bodies: unknown[];
let actor: Actor;

beforeEach(() => {
  bodies = [];
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  const call = (method: string, path: string, body?: object): Promise<unknown> => {
    bodies.push(body ?? `${method} ${path}`);
    return Promise.resolve({ commands: [] });
  };
  actor = new Actor({ commands: new CommandsApi(call), boxes: new BoxesApi(call) }, new Commands(new Torrents(), noOrders));
});
afterEach(async () => {
  if (shown) await unmount(shown);
});

describe('the bar', () => {
  function open(...torrents: Torrent[]) {
    const picks = new Picks<Torrent>(() => torrents);
    picks.pickAll();
    const choose = vi.fn<(action: Action, torrents: readonly Torrent[]) => void>();
    shown = mount(ActionBar, { target: document.body, props: { picks, of: torrents.length, choose, menu: () => {} } });
    flushSync();
    return { picks, choose };
  }

  it('offers what may be done, and says what not', () => {
    const { choose } = open(torrent('a'), torrent('b', 'see'));
    expect(document.body.textContent).toContain('1 of 2 was shared to look at only and is left out.');
    click('[data-do=stop]');
    expect(choose.mock.calls[0]![0].id).toBe('stop');
  });

  it('offers nothing for what may only be seen', () => {
    open(torrent('a', 'see'));
    expect(document.querySelector('.acts button')).toBeNull();
  });

  it('forgets the selection', () => {
    const { picks } = open(torrent('a'));
    click('[data-do=clear]');
    expect(picks.items).toEqual([]);
  });
});

describe('the menu', () => {
  function open(...torrents: Torrent[]): void {
    const asking = new Asking(actor);
    shown = mount(Dialogs, { target: document.body, props: { asking, actor } });
    asking.showMenu({ x: 0, y: 0 }, torrents);
    flushSync();
  }

  it('does what was chosen, and closes', () => {
    open(torrent('a'), torrent('b', 'see'));
    expect(find('[role=menu]').textContent).toContain('is left out');
    click('[role=menu] [data-do=stop]');
    expect(bodies).toEqual([{ do: 'stop', torrents: [{ box: 'demo', hash: 'a'.repeat(40) }] }]);
    expect(document.querySelector('[role=menu]')).toBeNull();
  });

  it('asks where more must be known', () => {
    open(torrent('a'));
    click('[role=menu] [data-do=rename]');
    expect(find('[data-dialog=rename]').textContent).toContain('name a');
    expect(document.querySelector('[role=menu]')).toBeNull();
    expect(bodies).toEqual([]);
  });
});

describe('removing', () => {
  it('keeps the data unless that is ticked, and says what goes', () => {
    let closed = 0;
    const close = (): void => void closed++;
    shown = mount(RemoveDialog, { target: document.body, props: { torrents: [torrent('a'), torrent('b')], actor, close } });
    flushSync();
    expect(document.body.textContent).toContain('the files stay on the disk');
    click('[data-do=remove-yes]');
    expect(bodies).toEqual([{ do: 'remove', remove: {}, torrents: [{ box: 'demo', hash: 'a'.repeat(40) }, { box: 'demo', hash: 'b'.repeat(40) }] }]);
    expect(closed).toBe(1);
  });

  it('says so before data goes', () => {
    shown = mount(RemoveDialog, { target: document.body, props: { torrents: [torrent('a')], actor, close: () => {} } });
    flushSync();
    click('[name=data]');
    expect(document.body.textContent).toContain('That cannot be undone.');
    click('[data-do=remove-yes]');
    expect(bodies).toMatchObject([{ remove: { data: true } }]);
  });
});

describe('the commands', () => {
  it('tell why one waits, let it be cancelled, and list what failed', () => {
    actor.commands.hear(readOrders([
      { id: '1', box: 'demo', do: 'stop', torrents: ['x'], state: 'waiting', of: 1, why: 'the line is down', created: '2' },
      { id: '2', box: 'demo', do: 'verify', state: 'done', of: 300, created: '1', result: { done: 299, failed: 1, faults: [{ hash: 'y', fault: { code: 'c', text: 'no data' } }] } },
    ]), true);
    shown = mount(CommandsPanel, { target: document.body, props: { actor, torrents: new Torrents(), close: () => {} } });
    flushSync();
    expect(find('[data-order="1"]').textContent).toContain('The line is down.');
    expect(find('[data-order="2"] details').textContent).toContain('no data');
    click('[data-order="1"] [data-do=cancel-order]');
    expect(bodies).toEqual(['DELETE commands/1']);
  });
});
