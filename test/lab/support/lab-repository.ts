import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import type { LabCluster, LabTable } from '../../../lab/index.ts'

/** CREATE REPOSITORY in the bucket of a test's server; every name has its own folder. */
export async function attach(cluster: LabCluster, s3: S3Server, name: string, options = ''): Promise<void> {
  await cluster.run(
    `CREATE ${options} REPOSITORY ${name} WITH BROKER ON LOCATION 's3a://backups/base' PROPERTIES (${s3Properties(s3)})`,
  )
}

export function s3Properties(s3: S3Server): string {
  const properties = {
    'aws.s3.access_key': s3.accessKey,
    'aws.s3.secret_key': s3.secretKey,
    'aws.s3.endpoint': s3.endpoint,
    'aws.s3.region': 'us-east-1',
    'aws.s3.enable_path_style_access': 'true',
    'aws.s3.enable_ssl': 'false',
  }
  return Object.entries(properties)
    .map(([key, value]) => `'${key}' = '${value}'`)
    .join(', ')
}

export type Row = Record<string, string | null>

export function show(cluster: LabCluster, sql: string): Row[] {
  const { columns, rows } = cluster.execute(sql)
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))
}

const ended = (row: Row | undefined): boolean => row?.State === 'FINISHED' || row?.State === 'CANCELLED'

/** Sends a BACKUP (`REPO` stands for the repository) and waits for its end. */
export async function backUp(cluster: LabCluster, repository: string, label: string, sql: string): Promise<Row> {
  await cluster.run(sql.replace('REPO', repository))
  return until(() => show(cluster, 'SHOW BACKUP').find((row) => row.SnapshotName === label && ended(row)))
}

/** Time under which a snapshot is in the repository. */
export async function timestampOf(cluster: LabCluster, repository: string, label: string): Promise<string> {
  const { rows } = await cluster.run(`SHOW SNAPSHOT ON ${repository} WHERE SNAPSHOT = '${label}'`)
  return rows[0]?.[1] ?? ''
}

/** Sends a RESTORE (`REPO` stands for the repository), its properties added, and waits for its end. */
export async function restore(
  cluster: LabCluster,
  repository: string,
  label: string,
  sql = `RESTORE SNAPSHOT ${cluster.state.version === '3.5' || cluster.state.version === '4.1' ? '' : 'shop.'}${label} FROM REPO`,
  properties = "'replication_num' = '1'",
): Promise<Row> {
  await sendRestore(cluster, repository, label, sql, properties)

  const database = cluster.backupJobs.at(-1)?.database
  return until(() =>
    show(cluster, 'SHOW RESTORE').find((row) => row.DbName === database && row.Label === label && ended(row)),
  )
}

export async function sendRestore(
  cluster: LabCluster,
  repository: string,
  label: string,
  sql: string,
  properties = "'replication_num' = '1'",
): Promise<void> {
  const timestamp = await timestampOf(cluster, repository, label)
  const more = properties === '' ? '' : `, ${properties}`
  await cluster.run(`${sql.replace('REPO', repository)} PROPERTIES ('backup_timestamp' = '${timestamp}'${more})`)
}

/** The states that a job goes through, as somebody sees them who asks all the time. */
export async function stateChanges(cluster: LabCluster, sql: string): Promise<string[]> {
  const states: string[] = []
  await until(() => {
    const row = show(cluster, sql)[0]
    const state = row?.State ?? ''
    if (states.at(-1) !== state) states.push(state)
    return ended(row)
  })
  return states
}

export async function until<T>(look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 45_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`Waited too long for ${look.toString()}`)
    await sleep(2)
  }
}

export function labTable(cluster: LabCluster, name: string): LabTable {
  const [database = '', table = ''] = name.split('.')
  const found = cluster.state.databases.get(database)?.objects.get(table)
  if (found?.kind !== 'table') throw new Error(`There is no table ${name}`)
  return found
}

/** Rows of a table as texts, sorted. */
export function rowsOf(cluster: LabCluster, table: string): string[] {
  return cluster
    .execute(`SELECT * FROM ${table}`)
    .rows.map((row) => row.map((cell) => cell ?? 'NULL').join(','))
    .sort()
}
