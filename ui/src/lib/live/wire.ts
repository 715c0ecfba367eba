/** One socket, as a session needs it; tests put another in its place. */
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

/** Dials the controller that the API's address belongs to. */
export function dialer(api: string): Dial {
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
