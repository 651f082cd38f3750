import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import type { LabCluster } from '../../../lab/index.ts'

/** CREATE REPOSITORY in the bucket of a test's server. */
export async function attach(cluster: LabCluster, s3: S3Server, name: string, path = 'base'): Promise<void> {
  await cluster.run(
    `CREATE REPOSITORY ${name} WITH BROKER ON LOCATION 's3a://backups/${path}' PROPERTIES (${s3Properties(s3)})`,
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

/** The row of a job once it has ended. */
export async function finished(cluster: LabCluster, sql: string): Promise<Row> {
  return until(() => show(cluster, sql).find((row) => row.State === 'FINISHED' || row.State === 'CANCELLED'))
}

/** The states that a job goes through, as somebody who asks all the time sees them. */
export async function statesOf(cluster: LabCluster, sql: string): Promise<string[]> {
  const states: string[] = []
  await until(() => {
    const state = show(cluster, sql)[0]?.State ?? ''
    if (states.at(-1) !== state) states.push(state)
    return state === 'FINISHED' || state === 'CANCELLED'
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

/** Rows of a table as texts, sorted. */
export function rowsOf(cluster: LabCluster, table: string): string[] {
  return cluster
    .execute(`SELECT * FROM ${table}`)
    .rows.map((row) => row.map((cell) => cell ?? '').join(','))
    .sort()
}
