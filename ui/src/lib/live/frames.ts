// The frames that the controller sends, whichever way they come: docs/WEBSOCKET.md.

import { type Bag, flag, isBag, isNumber, number, text } from './read';

/** A frame of a topic. */
export interface TopicFrame {
  op: 'topic';
  topic: string;
  seq: number;
  /** There at the beginning of a reset: the members are the whole, whatever the page had. */
  epoch: string | null;
  /** More frames of the same change follow. */
  more: boolean;
  /** All of the frame; what else is in it is the topic's. */
  members: Bag;
}

export type Frame =
  | { op: 'opened' | 'ticket'; ticket: string; expires_in: number }
  | { op: 'error'; code: string; text: string }
  | { op: 'gone'; topic: string }
  | TopicFrame;

/** Reads one message; null for one that this page does not understand. */
export function readFrame(message: string): Frame | null {
  try {
    return readValue(JSON.parse(message));
  } catch {
    return null;
  }
}

/** Reads a message that has been parsed. */
export function readValue(v: unknown): Frame | null {
  if (!isBag(v)) return null;
  if (typeof v.t === 'string') return readTopic(v.t, v);
  switch (v.op) {
    case 'opened':
    case 'ticket':
      return { op: v.op, ticket: text(v.ticket), expires_in: number(v.expires_in) };
    case 'error':
      return { op: 'error', code: text(v.code), text: text(v.text) };
    default:
      return null;
  }
}

function readTopic(topic: string, v: Bag): Frame | null {
  if (v.gone === true) return { op: 'gone', topic };
  if (!isNumber(v.s) || (v.e !== undefined && typeof v.e !== 'string')) return null;
  return { op: 'topic', topic, seq: v.s, epoch: v.e ?? null, more: flag(v.more), members: v };
}
