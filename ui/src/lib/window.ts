/** A piece of a long list. */
export interface Piece {
  from: number;
  to: number; // exclusive
}

/**
 * The rows of a list that are worth having in the document: those in view and
 * some around them, so that scrolling meets no gap. It moves in steps, so that
 * scrolling by a row does not change it.
 *
 * @param above pixels of the list above the top of the view; negative when it begins below
 */
export function piece(rows: number, rowHeight: number, above: number, view: number): Piece {
  const step = 4;
  const around = 8;
  const first = Math.floor(above / rowHeight);
  const last = Math.ceil((above + view) / rowHeight);
  const from = Math.floor((first - around) / step) * step;
  const to = Math.ceil((last + around) / step) * step;
  return { from: Math.min(Math.max(from, 0), rows), to: Math.min(Math.max(to, 0), rows) };
}
