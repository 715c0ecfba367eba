/** One connection, as a session needs it; tests put another in its place. */
export interface Wire {
  send(text: string): void;
  /** Closes; no event follows. */
  close(): void;
}

export interface WireEvents {
  open(): void;
  message(text: string): void;
  close(code: number): void;
}

export type Dial = (events: WireEvents) => Wire;

/** The code of a connection that broke without a word, as a WebSocket reports it. */
export const CODE_BROKEN = 1006;

/** Dials a WebSocket of the controller that the API's address belongs to. */
export function socketDialer(api: string): Dial {
  const url = new URL('ws', api);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return (events) => {
    const socket = new WebSocket(url);
    let closed = false;
    const unless = <A extends unknown[]>(f: (...args: A) => void) => (...args: A): void => {
      if (!closed) f(...args);
    };
    socket.onopen = unless(() => events.open());
    socket.onmessage = unless((e: MessageEvent<unknown>) => {
      if (typeof e.data === 'string') events.message(e.data);
    });
    socket.onclose = unless((e: CloseEvent) => {
      closed = true;
      events.close(e.code);
    });
    return {
      send: (text) => socket.send(text),
      close: () => {
        closed = true;
        socket.close();
      },
    };
  };
}
