import type { LabTable } from '../model.ts'
import { type LabResult, type LabSqlContext, table as tableResult } from '../sql/context.ts'

const columns = [
  ...['GroupId', 'GroupName', 'TableIds', 'TableNames', 'BucketsNum', 'ReplicationNum', 'DistCols', 'IsStable'],
]

/** SHOW PROC '/colocation_group': the groups of every database, with the tables in them under their names of now. */
export const showColocationGroups = (context: LabSqlContext): LabResult => {
  const rows: string[][] = []
  for (const database of context.state.databases.values()) {
    const groups = new Map<string, LabTable[]>()
    for (const object of database.objects.values()) {
      if (object.kind !== 'table' || object.colocateGroup === undefined) continue
      groups.set(object.colocateGroup, [...(groups.get(object.colocateGroup) ?? []), object])
    }
    for (const [name, members] of groups) {
      const tables = members.sort((a, b) => (a.id < b.id ? -1 : 1))
      const [first] = tables
      const types = first?.distribution.columns.map(
        (column) => first.indexes[0]?.columns.find((c) => c.name.toLowerCase() === column.toLowerCase())?.type ?? '',
      )
      rows.push([
        `${database.id}.${first?.id}`,
        `${database.id}_${name}`,
        tables.map((t) => t.id).join(', '),
        tables.map((t) => t.name).join(', '),
        String(first?.distribution.buckets || first?.partitions[0]?.buckets || 0),
        String(first?.partitions[0]?.replicationNum ?? 1),
        types?.join(', ') ?? '',
        'true',
      ])
    }
  }
  // 3.1 does not name the tables.
  const shown = columns.map((_, i) => i).filter((i) => context.profile.atLeast('3.3') || columns[i] !== 'TableNames')
  return tableResult(
    shown.map((i) => columns[i] ?? ''),
    rows.map((row) => shown.map((i) => row[i] ?? null)),
  )
}
