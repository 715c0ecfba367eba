// Which page an address shows. All stand one step below the controller's root,
// wherever that is: the page names its files relative to its address. The page of a
// box is in the fragment of the root, which is never sent to anybody: "#box/NAME".

const NAMED = ['setup', 'invite', 'account', 'people'] as const;

/** The pages; boxes is the root. */
export type Route = 'boxes' | 'box' | (typeof NAMED)[number];

/** The pages for people who are not in yet; each is opened by a link with a token. */
export const isOpen = (route: Route): boolean => route === 'setup' || route === 'invite';

export class Router {
  route: Route = $state('boxes');
  /** The token of the link that led here. It is nowhere else: not in the address, not in the history. */
  token = $state('');
  /** The box whose page is shown. */
  box = $state('');

  constructor() {
    this.#read();
  }

  /** Follows the browser's back and forward, and the page's own links; returns what stops it. */
  start(): () => void {
    const events = new AbortController();
    addEventListener('popstate', () => this.#read(), { signal: events.signal });
    addEventListener('hashchange', () => this.#read(), { signal: events.signal });
    document.addEventListener('click', (e) => this.#follow(e), { signal: events.signal });
    return () => events.abort();
  }

  go(route: Exclude<Route, 'box'>, replace = false): void {
    this.#goTo(new URL(route === 'boxes' ? '.' : route, location.href), replace);
  }

  #goTo(address: URL, replace: boolean): void {
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    this.#read();
    scrollTo(0, 0);
  }

  #read(): void {
    const route = routeOf(location);
    if (route === 'box') this.box = boxOf(location.hash);
    const token = isOpen(route) ? decode(location.hash) : '';
    // A step back to the same page has no token, yet the page still needs the one that it was opened with.
    if (route !== this.route || token !== '') this.token = token;
    this.route = route;
    if (isOpen(route) && location.href.includes('#')) history.replaceState(null, '', location.pathname);
  }

  #follow(e: MouseEvent): void {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = e.target instanceof Element ? e.target.closest<HTMLAnchorElement>('a[data-page-link]') : null;
    if (!link) return;
    e.preventDefault();
    const address = new URL(link.href);
    const route = routeOf(address);
    if (route !== this.route || (route === 'box' && boxOf(address.hash) !== this.box)) this.#goTo(address, false);
  }
}

function routeOf({ pathname, hash }: Pick<URL, 'pathname' | 'hash'>): Route {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  return NAMED.find((name) => name === last) ?? (boxOf(hash) ? 'box' : 'boxes');
}

/** The box that a fragment names; empty when it names none. */
function boxOf(hash: string): string {
  return hash.startsWith('#box/') ? decode(hash.slice('#box'.length)) : '';
}

function decode(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1)).trim();
  } catch {
    return '';
  }
}
