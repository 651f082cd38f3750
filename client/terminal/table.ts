import { clip, type Style, width } from './style.ts'

export interface Column<Row> {
  title: string
  value(row: Row): string
  align?: 'right'
  /** Takes what the terminal leaves, and is cut where that is too little. One a table. */
  flexible?: boolean
  /** After alignment. */
  paint?(text: string, row: Row): string
}

const GAP = '  '

/** Rows under their titles, aligned. `columns` is the terminal's width; unset: as wide as needed. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
  screen?: number,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.value(row)))
  const widths = columns.map((column, i) => Math.max(width(column.title), ...cells.map((row) => width(row[i] ?? ''))))
  const flexible = columns.findIndex((column) => column.flexible)
  if (screen !== undefined && flexible >= 0) {
    const others = widths.reduce(
      (sum, each, i) => (i === flexible ? sum : sum + each),
      GAP.length * (widths.length - 1),
    )
    widths[flexible] = Math.min(widths[flexible] ?? 0, Math.max(12, screen - others))
  }
  const line = (texts: string[], paint: (text: string, column: number) => string) =>
    columns
      .map((column, i) =>
        paint(pad(texts[i] ?? '', widths[i] ?? 0, column.align === 'right', i === columns.length - 1), i),
      )
      .join(GAP)
      .trimEnd()
  return [
    line(
      columns.map((column) => column.title),
      (text) => style.dim(text),
    ),
    ...rows.map((row, r) => line(cells[r] ?? [], (text, i) => columns[i]?.paint?.(text, row) ?? text)),
  ]
}

function pad(text: string, columns: number, right: boolean, last: boolean): string {
  const cut = clip(text, columns)
  const blanks = ' '.repeat(Math.max(0, columns - width(cut)))
  if (right) return blanks + cut
  return last ? cut : cut + blanks
}
