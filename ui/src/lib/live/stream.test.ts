import { beforeEach, describe, expect, it, vi } from 'vitest';
import { EventReader, streamDialer } from './stream';
import type { Wire } from './wire';

interface Asked {
  path: string;
  body: unknown;
  signal: AbortSignal;
  answer: (status: number, body?: ReadableStream | object) => void;
}

let asked: Asked[];
let heard: string[];
let closed: number[];
let opened: number;
let wire: Wire;

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A body that is written to as it is read. */
function body(): { stream: ReadableStream<Uint8Array>; write: (text: string) => void; end: () => void } {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  return { stream, write: (text) => controller.enqueue(new TextEncoder().encode(text)), end: () => controller.close() };
}

beforeEach(async () => {
  asked = [];
  heard = [];
  closed = [];
  opened = 0;
  const ask = (url: URL, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const signal = init.signal!;
      signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      asked.push({
        path: url.pathname, body: JSON.parse(init.body as string), signal,
        answer: (status, b) => resolve(new Response(b instanceof ReadableStream ? b : b ? JSON.stringify(b) : null, { status })),
      });
    });
  wire = streamDialer('http://home/offing/api/v1/', ask)({
    open: () => void opened++, message: (text) => heard.push(text), close: (code) => closed.push(code),
  });
  await settle();
});

async function letIn(): Promise<ReturnType<typeof body>> {
  wire.send('{"op":"open","ticket":"t"}');
  const b = body();
  asked[0]!.answer(200, b.stream);
  b.write('data: {"op":"opened","ticket":"n","expires_in":600,"stream":"S"}\n\n');
  await settle();
  return b;
}

describe('a stream', () => {
  it('opens with the ticket in the body, and tells frames', async () => {
    expect(opened).toBe(1);
    const b = await letIn();
    expect(asked[0]).toMatchObject({ path: '/offing/api/v1/stream', body: { op: 'open', ticket: 't' } });
    b.write(': \n\ndata: {"t":"line"');
    b.write(',"s":1}\n\n');
    await settle();
    expect(heard.slice(1)).toEqual(['{"t":"line","s":1}']);
  });

  it('sends messages one after the other, in order, by its name', async () => {
    await letIn();
    wire.send('{"op":"subscribe","topic":"a"}');
    wire.send('{"op":"subscribe","topic":"b"}');
    await settle();
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ path: '/offing/api/v1/stream/messages', body: { stream: 'S', message: { op: 'subscribe', topic: 'a' } } });
    asked[1]!.answer(204);
    await settle();
    expect(asked[2]).toMatchObject({ body: { message: { topic: 'b' } } });
  });

  it('says why it was refused', async () => {
    wire.send('{"op":"open","ticket":"t"}');
    asked[0]!.answer(401, { status: 401, code: 'session-ended', detail: 'over' });
    await settle();
    expect(heard).toEqual(['{"op":"error","code":"session-ended","text":"Over."}']);
    expect(closed).toEqual([1006]);
  });

  it('is closed when it ends, or when a message is lost', async () => {
    const b = await letIn();
    b.end();
    await settle();
    expect(closed).toEqual([1006]);
  });

  it('is given up when a message does not get through', async () => {
    await letIn();
    wire.send('{"op":"subscribe","topic":"a"}');
    await settle();
    asked[1]!.answer(404);
    await settle();
    expect(closed).toEqual([1006]);
    expect(asked[0]!.signal.aborted).toBe(true);
  });

  it('tells nothing after it was closed', async () => {
    const b = await letIn();
    wire.close();
    b.write('data: {"t":"line","s":1}\n\n');
    await settle();
    expect(heard).toHaveLength(1);
    expect(closed).toEqual([]);
  });
});

describe('EventReader', () => {
  it('reads events in whatever pieces they come', () => {
    const text = ': alive\r\n\r\ndata: {"a":1}\r\n\r\nevent: x\ndata:two\ndata: lines\n\n\n';
    for (let size = 1; size <= text.length; size++) {
      const tell = vi.fn();
      const reader = new EventReader(tell);
      for (let i = 0; i < text.length; i += size) reader.read(text.slice(i, i + size));
      expect(tell.mock.calls).toEqual([['{"a":1}'], ['two\nlines']]);
    }
  });
});
