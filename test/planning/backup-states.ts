import type { BackupRecord } from '../../contract/backup/record.ts'
import type { DatabaseState, PartitionState, TableState } from '../../planning/backup/database-state.ts'
import { type RecordHead, type SnapshotContent, startRecord } from '../../planning/backup/record.ts'

/** `partition('10', 3)`: one physical partition of that id at that version. */
export function partition(id: string, version: number, more: Partial<PartitionState> = {}): PartitionState {
  return { physical: [[id, String(version)]], bytes: 100, ...more }
}

export function table(
  id: string,
  partitions: Record<string, PartitionState>,
  more: Partial<Omit<TableState, 'partitions'>> = {},
): TableState {
  return {
    id,
    partitioning: 'range',
    fingerprint: 'f1',
    ddl: `CREATE TABLE ${id}`,
    random: false,
    partial: false,
    ...more,
    partitions: new Map(Object.entries(partitions)),
  }
}

export function database(
  tables: Record<string, TableState>,
  more: {
    materializedViews?: Record<string, { id: string; version: number; ddl?: string }>
    views?: Record<string, string>
    functions?: Record<string, string>
  } = {},
): DatabaseState {
  return {
    tables: new Map(Object.entries(tables)),
    materializedViews: new Map(
      Object.entries(more.materializedViews ?? {}).map(([name, { id, version, ddl }]) => [
        name,
        { physical: [[id, String(version)]] as const, ddl: ddl ?? 'MV', bytes: 10, partitions: 1 },
      ]),
    ),
    views: new Map(Object.entries(more.views ?? {}).map(([name, ddl]) => [name, { ddl }])),
    functions: new Map(Object.entries(more.functions ?? {}).map(([name, ddl]) => [name, { ddl }])),
  }
}

/** A manifest that holds exactly what the state shows, of these tables and partitions. */
export function contentOf(state: DatabaseState, tables: { name: string; partitions?: string[] }[]): SnapshotContent {
  const held = tables.map(({ name, partitions }) => {
    const one = state.tables.get(name)
    const names = partitions ?? [...(one?.partitions.keys() ?? [])]
    return [
      name,
      { id: one?.id ?? '', partitions: new Map(names.map((p) => [p, one?.partitions.get(p)?.physical ?? []])) },
    ] as const
  })
  const views = [...state.materializedViews].map(
    ([name, view]) => [name, { id: name, partitions: new Map([[name, view.physical]]) }] as const,
  )
  return { tables: new Map([...held, ...views]) }
}

export const head = (id: string, kind: BackupRecord['kind'] = 'full', more: Partial<RecordHead> = {}): RecordHead => ({
  id,
  repository: 'r',
  cluster: 'c',
  database: 'd',
  name: 'nightly',
  set: 's',
  kind,
  startedAt: '2026-11-21T00:00:00.000Z',
  finishedAt: '2026-11-21T00:00:00.000Z',
  version: '3.5.0',
  catalogs: [],
  notIncluded: [],
  ...more,
})

export const emptyRecord = (id: string) => startRecord(head(id), undefined)
