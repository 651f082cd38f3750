import {
  type BackupRecord,
  type PartitionRecord,
  repositoryKeys,
  type TableRecord,
} from '../../../contract/backup/record.ts'
import type { LabCluster } from '../../../lab/index.ts'
import { OwnObjects } from '../../../repository/own/own-objects.ts'
import { backupStatement } from '../../../starrocks/backup/backup-statement.ts'
import { hasNewGrammar } from '../../../starrocks/backup/grammar.ts'
import { showSnapshots } from '../../../starrocks/backup/show-snapshots.ts'
import {
  listDatabases,
  listPartitions,
  listTables,
  parseVersion,
  quoteName,
  quoteQualified,
  resultSet,
  showCreate,
} from '../../../starrocks/index.ts'
import { until } from '../../support/until.ts'
import { REPOSITORY, type RestoreStage, vaultOf } from './restore-stage.ts'

type Query = Parameters<typeof listDatabases>[0]

/** The readers' view of a lab cluster, without a session. */
export function queryOf(cluster: LabCluster): Query {
  return {
    async query(sql) {
      const { columns, rows } = await cluster.run(sql)
      return resultSet(
        columns.map(({ name }) => name),
        rows,
      )
    },
    // biome-ignore lint/correctness/useYield: no reader that streams is used here
    async *stream() {
      throw new Error('not here')
    },
  }
}

export interface TakeOptions {
  label: string
  database: string
  /** Only what differs from it is backed up. */
  baseline?: BackupRecord
  /** Whether partitions of the baseline's baselines may be referred to, or those of its full one only. */
  kind?: 'full' | 'differential' | 'incremental'
}

/** Backs a database up by statements of the test's own, in a quiet moment, and writes the record that a restore reads. */
export async function takeBackup(
  stage: Pick<RestoreStage, 's3'>,
  cluster: LabCluster,
  { label, database, baseline, kind = baseline ? 'differential' : 'full' }: TakeOptions,
): Promise<BackupRecord> {
  const query = queryOf(cluster)
  const version = parseVersion(`${cluster.state.version}.0`)
  const { id } = (await listDatabases(query)).find(({ name }) => name === database) ?? { id: 0n }
  const objects = await listTables(query, id)
  const earlier = baseline?.labels ?? []
  const at = earlier.length
  const tables: Record<string, TableRecord> = {}
  const take: { name: string; partitions?: string[] }[] = []
  const views: BackupRecord['views'] = {}
  const materializedViews: BackupRecord['materializedViews'] = {}
  for (const { name, type, id: tableId } of objects) {
    const ddl = (await showCreate(query, database, name)).text
    if (type === 'VIEW') {
      views[name] = { ddl, ...(hasNewGrammar(version) ? { at } : {}) }
      continue
    }
    if (type === 'MATERIALIZED_VIEW') {
      materializedViews[name] = { ddl, at, physical: [] }
      continue
    }
    const rows = await listPartitions(query, database, name)
    const automatic = /PARTITION BY (?!RANGE|LIST)/.test(ddl)
    const list = rows.some((row) => row.listText !== undefined) || /PARTITION BY LIST/.test(ddl)
    const partitioned = /PARTITION BY/.test(ddl)
    const partitioning = !partitioned
      ? ('none' as const)
      : automatic
        ? list || /PARTITION BY \(/.test(ddl)
          ? ('automatic-list' as const)
          : ('automatic-range' as const)
        : list
          ? ('list' as const)
          : ('range' as const)
    const fingerprint = ddl
      .replace(/\(\s*PARTITION [\s\S]*?\)\s*\nDISTRIBUTED/, 'DISTRIBUTED')
      .replace(/BUCKETS \d+/, '')
    const before = baseline?.tables[name]
    const fits = before && before.id === String(tableId) && before.fingerprint === fingerprint
    const partitions: Record<string, PartitionRecord> = {}
    for (const row of rows) {
      const known = partitions[row.name]
      if (known) {
        known.physical.push([String(row.id), String(row.visibleVersion)])
        continue
      }
      const count = partitioned ? ` PARTITION (${quoteName(row.name)})` : ''
      const rowCount = (await cluster.run(`SELECT COUNT(*) FROM ${quoteQualified(database, name)}${count}`))
        .rows[0]?.[0]
      partitions[row.name] = {
        physical: [[String(row.id), String(row.visibleVersion)]],
        at,
        ...((row.rangeText ?? row.listText) ? { value: row.rangeText ?? row.listText } : {}),
        buckets: row.buckets,
        replication: row.replicationNum,
        rows: String(rowCount),
      }
    }
    const changed = Object.entries(partitions).filter(([partition, record]) => {
      const old = fits ? before.partitions[partition] : undefined
      const same = old !== undefined && JSON.stringify(old.physical) === JSON.stringify(record.physical)
      if (same) record.at = old.at
      return !same
    })
    const whole = fits && changed.length < Object.keys(partitions).length ? before.whole : []
    tables[name] = {
      id: String(tableId),
      partitioning,
      fingerprint,
      ddl,
      whole: [...whole],
      partitions,
      dynamic: /"dynamic_partition.enable" = "true"/.test(ddl),
      ...(/"colocate_with" = "([^"]+)"/.exec(ddl)?.[1]
        ? { colocateGroup: /"colocate_with" = "([^"]+)"/.exec(ddl)?.[1] }
        : {}),
    }
    if (!fits || (changed.length === Object.keys(partitions).length && changed.length > 0)) {
      take.push({ name })
      tables[name].whole.push(at)
    } else if (changed.length > 0) {
      const shadow = automatic ? ['$shadow_automatic_partition'] : []
      take.push({ name, partitions: [...changed.map(([partition]) => partition), ...shadow] })
    }
  }
  await cluster.run(
    backupStatement(version, {
      database,
      label,
      repository: REPOSITORY,
      objects: {
        kind: 'objects',
        tables: take,
        views: hasNewGrammar(version) ? Object.keys(views) : [],
        materializedViews: Object.keys(materializedViews),
      },
    }),
  )
  await until(
    `backup ${label} is done`,
    async () => {
      const { columns, rows } = await cluster.run(`SHOW BACKUP FROM ${quoteName(database)}`)
      const [row] = resultSet(
        columns.map(({ name }) => name),
        rows,
      ).rows
      if (row?.get('State') === 'CANCELLED') throw new Error(`backup ${label}: ${row.get('Status')}`)
      return row?.get('State') === 'FINISHED' && row.get('SnapshotName') === label
    },
    { everyMs: 50 },
  )
  const [snapshot] = await showSnapshots(query, REPOSITORY, [label])
  const now = new Date().toISOString()
  const record: BackupRecord = {
    format: 1,
    id: label,
    repository: REPOSITORY,
    cluster: cluster.state.name,
    database,
    name: 'test',
    set: 'test',
    kind,
    ...(baseline ? { baseline: baseline.id } : {}),
    startedAt: now,
    finishedAt: now,
    version: cluster.state.version,
    labels: [...earlier, { label, timestamp: snapshot?.timestamp ?? '' }],
    own: 1,
    tables,
    materializedViews,
    views,
    functions: {},
    catalogs: [],
    notIncluded: [],
    movedMeanwhile: [],
  }
  await putRecord(stage, record)
  return record
}

/** Writes a record, over the former one of that id. */
export async function putRecord(stage: Pick<RestoreStage, 's3'>, record: BackupRecord): Promise<void> {
  const store = vaultOf(stage)
  const own = new OwnObjects(store, REPOSITORY)
  await own.putJson(repositoryKeys.record(REPOSITORY, record.id).slice(own.directory.length), record)
  store.close()
}

/** Every row of a table with its partition, as sorted text; what a restore must bring back exactly. */
export async function contentOf(cluster: LabCluster, database: string, table: string): Promise<string[]> {
  const rows = await listPartitions(queryOf(cluster), database, table)
  const names = [...new Set(rows.map((row) => row.name))]
  const all: string[] = []
  for (const name of names) {
    const unpartitioned = names.length === 1 && name === table
    const part = unpartitioned || rows[0]?.partitionKey === '' ? '' : ` PARTITION (${quoteName(name)})`
    const result = await cluster.run(`SELECT * FROM ${quoteQualified(database, table)}${part}`)
    const label = part === '' ? '' : name
    all.push(`${label}:`)
    for (const cells of result.rows) all.push(`${label}: ${JSON.stringify(cells)}`)
  }
  return all.sort()
}
