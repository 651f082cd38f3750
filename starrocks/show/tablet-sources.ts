import type { Row } from '../row.ts'
import { inOrder, listTablets, type Tablet, type TabletsOf } from './tablets.ts'

/** The listing of `tablets` with only what tells which replicas can give a version: of a table to be copied nothing else matters. */
export const tabletSources = async (...of: TabletsOf): Promise<Tablet[]> => readTabletSources(await listTablets(...of))

/**
 * The rows of one such listing. A table may have a million replicas: where columns stand is found once for all rows, and the few texts that
 * most rows share are made numbers once.
 */
export function readTabletSources(rows: readonly Row[]): Tablet[] {
  const [first] = rows
  if (!first) return []
  const id = cellOf(first, 'TabletId')
  const state = cellOf(first, 'State')
  const lastFailed = cellOf(first, 'LstFailedVersion')
  const backendId = numberOf(first, 'BackendId')
  const version = numberOf(first, 'Version')
  const lastFailedVersion = numberOf(first, 'LstFailedVersion')
  const hasReplicas = first.has('ReplicaId')
  const hasIsBad = first.has('IsBad')
  const byId = new Map<string, Tablet>()
  for (const row of rows) {
    const text = id(row) ?? row.required('TabletId')
    let tablet = byId.get(text)
    if (!tablet) {
      tablet = { id: row.bigint('TabletId'), replicas: [] }
      byId.set(text, tablet)
    }
    if (!hasReplicas) continue
    tablet.replicas.push({
      backendId: backendId(row),
      state: state(row) ?? '',
      version: version(row),
      lastFailedVersion: lastFailed(row) ? lastFailedVersion(row) : -1n,
      isBad: hasIsBad ? row.optionalFlag('IsBad') : undefined,
    })
  }
  return inOrder([...byId.values()], (tablet) => tablet.id)
}

function cellOf(first: Row, name: string): (row: Row) => string | null | undefined {
  const place = first.placeOf(name)
  return place === undefined ? () => null : (row) => row.cells[place]
}

/** Reads a column of whole numbers of which there are few. */
function numberOf(first: Row, name: string): (row: Row) => bigint {
  const cell = cellOf(first, name)
  const known = new Map<string | null | undefined, bigint>()
  return (row) => {
    const text = cell(row)
    let value = known.get(text)
    if (value === undefined) {
      value = row.bigint(name)
      known.set(text, value)
    }
    return value
  }
}
