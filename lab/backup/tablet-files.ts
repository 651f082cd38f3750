import type { LabValue } from '../model.ts'
import { readLossless, writeLossless } from './lossless-json.ts'

export interface TabletFile {
  name: string
  content: string
}

/** The files of one tablet's snapshot: its rows, if it has any, in so many files as are asked for, and its header. */
export const tabletFiles = (
  tablet: { tabletId: bigint; version: bigint; schemaHash: number },
  rows: readonly LabValue[][],
  segments = 1,
): TabletFile[] => {
  const header = {
    tablet_id: tablet.tabletId,
    version: tablet.version,
    schema_hash: tablet.schemaHash,
    rows: rows.length,
  }
  const files = [{ name: `${tablet.tabletId}.hdr`, content: writeLossless(header) }]
  if (rows.length === 0) return files
  const size = Math.ceil(rows.length / segments)
  const data = Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => ({
    name: `0200000000000001_${tablet.tabletId}_0_${at}.dat`,
    content: rows
      .slice(at * size, (at + 1) * size)
      .map((row) => writeLossless(row))
      .join('\n'),
  }))
  return [...data, ...files]
}

/** Rows of a tablet out of its files. @throws Error with a backend's words when they do not hold together */
export const rowsOfFiles = (tabletId: bigint, files: readonly TabletFile[]): LabValue[][] => {
  const header = files.find((file) => file.name.endsWith('.hdr'))
  if (!header) throw new Error(`failed to get local tablet: ${tabletId}, no header file`)
  const { rows: expected } = readLossless(header.content) as { rows: number }
  const rows = files
    .filter((file) => file.name.endsWith('.dat'))
    .flatMap((file) => file.content.split('\n').map((line) => readLossless(line) as LabValue[]))
  if (rows.length < expected) throw new Error(`load rowset failed: tablet ${tabletId} misses data files`)
  return rows
}
