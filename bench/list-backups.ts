import { listBackups } from '../activities/repository/list-backups.ts'
import { planPrune } from '../activities/repository/plan-prune.ts'
import { objectsOf } from '../activities/repository/repository-objects.ts'
import { readSituation } from '../activities/repository/situation.ts'
import { S3Server } from '../client/s3-server/s3-server.ts'
import { type BackupRecord, backupRecordSchema } from '../contract/backup/record.ts'
import { createRepositories } from '../workers/repositories.ts'
import { atMost, type Figure } from './figure.ts'

const TABLES = 20
const PARTITIONS = 10
const CHAIN = 7

/** A page of what a repository holds, and the plan of its retention, with everything that is read for it. */
export async function run(scale: number): Promise<Figure[]> {
  const backups = Math.max(CHAIN, Math.round(5_000 * scale))
  const server = await S3Server.start({ accessKey: 'bench-access', secretKey: 'bench-secret', buckets: ['backups'] })
  const vault = { location: 's3a://backups/base', properties: server.properties, access: { enabled: true } }
  const fill = createRepositories({ repositories: { vault }, webhooks: {} })
  // Another process, as far as what is kept in memory is concerned.
  const measured = createRepositories({ repositories: { vault }, webhooks: {} })
  try {
    const store = fill.get('vault').store()
    const directory = '__starrocks_repository_vault/'
    await store.put(`${directory}__repo_info`, JSON.stringify({ name: 'vault', create_time: '2026-01-01 00:00:00' }))
    const objects = objectsOf(await fill.get('vault').open())
    const left = Array.from({ length: backups }, (_, i) => i)
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let i = left.pop(); i !== undefined; i = left.pop()) {
          const record = recordOf(i)
          await objects.putRecord(record)
          await store.put(`${directory}__ss_${record.id}/__info_2026-01-01-00-00-00-000.${'0'.repeat(32)}`, '{}')
        }
      }),
    )
    const handle = measured.get('vault')
    const repository = await handle.open()
    const listing = await timed(async () => {
      let count = 0
      for await (const _ of repository.own.list('records/')) count++
      for await (const _ of repository.listSnapshots()) count++
      if (count !== 2 * backups) throw new Error(`${count} records and snapshots were listed, of ${backups} each`)
    })
    const page = () =>
      timed(async () => {
        const { totals } = await listBackups(handle, { repository: 'vault' })
        if (totals.backups !== backups) throw new Error(`${totals.backups} backups were listed, of ${backups}`)
      })
    const first = await page()
    const again = await page()
    const plan = await timed(async () => {
      const clusters = {
        cluster: () => {
          throw new Error('there is none')
        },
        clusterNames: () => [],
      }
      const retention = { last: 2 * CHAIN, daily: 7, weekly: 4, monthly: 12, yearly: 0 }
      const full = planPrune(await readSituation(clusters, repository, { leftovers: true }), {
        retention,
        leftovers: true,
      })
      if (full.delete.length + full.keep.length !== backups) throw new Error('the plan does not name all backups')
    })
    const size = `${backups} backups in chains of ${CHAIN}, ${TABLES} tables x ${PARTITIONS} partitions; the listing calls take ${listing.toFixed(2)} s`
    return [
      atMost('list backups after listing', Math.max(0, first - listing), 5, 's', size),
      atMost('list backups again after listing', Math.max(0, again - listing), 1, 's', size),
      atMost('plan retention', plan, 10, 's', size),
    ]
  } finally {
    await Promise.all([fill.close(), measured.close()])
    await server.stop()
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

function recordOf(i: number): BackupRecord {
  const id = (n: number) => `sf_db_${String(n).padStart(6, '0')}`
  const base = i - (i % CHAIN)
  const labels = Array.from({ length: i - base + 1 }, (_, n) => ({
    label: id(base + n),
    timestamp: '2026-01-01-00-00-00-000',
  }))
  const partitions = Object.fromEntries(
    Array.from({ length: PARTITIONS }, (_, p) => [
      `p${p}`,
      {
        physical: [[`${1_000_000 + p}`, `${p + 2}`]],
        at: labels.length - 1,
        value: `[types: [DATE]; keys: [2026-01-${p + 10}]; )`,
        rows: `${p * 1000}`,
      },
    ]),
  )
  const ddl =
    'CREATE TABLE `t` (`id` bigint NOT NULL, `v` varchar(65533)) DUPLICATE KEY(`id`) DISTRIBUTED BY HASH(`id`)'
  const time = new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString()
  return backupRecordSchema.parse({
    format: 1,
    id: id(i),
    repository: 'vault',
    cluster: 'c',
    database: `db${Math.floor(i / CHAIN) % 50}`,
    name: 'nightly',
    set: `nightly-${i}`,
    kind: i === base ? 'full' : 'incremental',
    base: i === base ? undefined : id(base),
    baseline: i === base ? undefined : id(i - 1),
    startedAt: time,
    finishedAt: time,
    version: '3.5.8',
    labels,
    own: 1,
    tables: Object.fromEntries(
      Array.from({ length: TABLES }, (_, t) => [
        `t${t}`,
        { id: `${5000 + t}`, partitioning: 'range', fingerprint: 'f', ddl, partitions },
      ]),
    ),
    materializedViews: {},
    views: {},
    functions: {},
    bytes: 1_000_000,
    notIncluded: [],
  })
}
