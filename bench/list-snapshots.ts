import { S3Server } from '../client/s3-server/s3-server.ts'
import { openStore, RecordReader, Repository } from '../repository/index.ts'
import { atMost, type Figure } from './figure.ts'

const TABLES = 20
const PARTITIONS = 10

/** Reading what a repository holds from its records, the first time and again. */
export async function run(scale: number): Promise<Figure[]> {
  const records = Math.max(10, Math.round(5_000 * scale))
  const server = await S3Server.start({ accessKey: 'bench-access', secretKey: 'bench-secret', buckets: ['backups'] })
  const store = openStore({ location: 's3a://backups/base', properties: server.properties })
  const { own } = new Repository(store, 'bench')
  try {
    const left = Array.from({ length: records }, (_, i) => `sf_db_${String(i).padStart(6, '0')}`)
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let id = left.pop(); id !== undefined; id = left.pop()) {
          await own.putJson(`records/${id}.json.gz`, recordOf(id))
        }
      }),
    )
    const listingStarted = performance.now()
    let listed = 0
    for await (const _ of own.list('records/')) listed++
    const listing = (performance.now() - listingStarted) / 1000

    const reader = new RecordReader(own, { pick: (json) => (json as { id: string }).id, cost: () => 100 })
    const [first, firstCount] = await timed(reader)
    const [again, againCount] = await timed(reader)
    if (listed !== records || firstCount !== records || againCount !== records) {
      throw new Error(`${listed}, ${firstCount} and ${againCount} records were read, of ${records}`)
    }
    const size = `${records} records of ${TABLES} tables x ${PARTITIONS} partitions; listing them takes ${listing.toFixed(2)} s`
    return [
      atMost('list snapshots after listing', Math.max(0, first - listing), 5, 's', size),
      atMost('list snapshots again after listing', Math.max(0, again - listing), 1, 's', size),
    ]
  } finally {
    store.close()
    await server.stop()
  }
}

async function timed(reader: RecordReader<string>): Promise<[seconds: number, count: number]> {
  const started = performance.now()
  let count = 0
  for await (const { value } of reader.read('records/')) if (value !== undefined) count++
  return [(performance.now() - started) / 1000, count]
}

/** As large as a real one. */
function recordOf(id: string) {
  const partitions = Object.fromEntries(
    Array.from({ length: PARTITIONS }, (_, p) => [
      `p${p}`,
      {
        physical: [[`${1_000_000 + p}`, `${p + 2}`]],
        at: 0,
        value: `[types: [DATE]; keys: [2026-01-${p + 10}]; )`,
        rows: `${p * 1000}`,
      },
    ]),
  )
  const ddl =
    'CREATE TABLE `t` (`id` bigint NOT NULL, `v` varchar(65533)) DUPLICATE KEY(`id`) DISTRIBUTED BY HASH(`id`)'
  const tables = Object.fromEntries(
    Array.from({ length: TABLES }, (_, t) => [`t${t}`, { id: `${5000 + t}`, fingerprint: id, ddl, partitions }]),
  )
  return { format: 1, id, repository: 'bench', cluster: 'c', database: 'db', labels: [{ label: id }], tables }
}
