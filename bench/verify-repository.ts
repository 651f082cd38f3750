import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { S3Server } from '../client/s3-server/s3-server.ts'
import { openStore, Repository, type Verification, verifySnapshot } from '../repository/index.ts'
import { atLeast, atMost, type Figure } from './figure.ts'
import { peakResidentMiB } from './memory.ts'

const BUCKET = 'backups'
const REPOSITORY = 'bench'
const MIB = 1024 ** 2
const OBJECT_MIB = 16

/** Verifying snapshots in an S3 server of this machine: reading every byte of a large one, and looking through one of many objects. */
export async function run(scale: number): Promise<Figure[]> {
  const server = await S3Server.start({ accessKey: 'bench-access', secretKey: 'bench-secret', buckets: [BUCKET] })
  const store = openStore({ location: `s3a://${BUCKET}/base`, properties: server.properties })
  const repository = new Repository(store, REPOSITORY)
  try {
    const large = Math.max(2, Math.round(128 * scale))
    writeSnapshot(server, 'large', large, OBJECT_MIB * MIB)
    const started = performance.now()
    const deep = await verifySnapshot(repository, 'large', { deep: true })
    const seconds = (performance.now() - started) / 1000
    expectGood(deep, large * 2)
    const megabytes = deep.readBytes / 1e6

    const tablets = Math.max(100, Math.round(50_000 * scale))
    writeSnapshot(server, 'many', tablets, 100)
    const looked = performance.now()
    const light = await verifySnapshot(repository, 'many', { sample: 64 })
    const perSecond = light.objects / ((performance.now() - looked) / 1000)
    expectGood(light, 64)
    const size = `${light.objects} objects`
    return [
      atLeast(
        'verify deep',
        megabytes / seconds,
        200,
        'MB/s',
        `${Math.round(megabytes)} MB, objects of ${OBJECT_MIB} MiB`,
      ),
      atLeast('verify names', perSecond, 2_000, 'objects/s', size),
      atMost('verify memory', peakResidentMiB(), 512, 'MiB', `${size}; the whole process`),
    ]
  } finally {
    store.close()
    await server.stop()
  }
}

/** Writes the files that the server takes for objects: much faster than through it, and what is measured is reading. */
function writeSnapshot({ dir }: S3Server, label: string, tablets: number, bytes: number): void {
  const root = path.join(dir, BUCKET, 'base', `__starrocks_repository_${REPOSITORY}`, `__ss_${label}`)
  const data = Buffer.alloc(bytes, 'rows of a segment, of which there are many more; ')
  const header = Buffer.from('header')
  const dataMd5 = md5(data)
  const ids = Array.from({ length: tablets }, (_, i) => 10_000_000 + i)
  for (const id of ids) {
    const directory = path.join(root, '__ss_content/__db_1/__tbl_2/__part_4/__idx_5', `__${id}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(path.join(directory, `0200000000000001_${id}_0.dat.${dataMd5}`), data)
    writeFileSync(path.join(directory, `${id}.hdr.${md5(header)}`), header)
  }
  writeFileSync(path.join(root, `__meta.${md5('meta')}`), 'meta')
  const tabletFiles = Object.fromEntries(ids.map((id) => [id, []]))
  const index = { id: 5, schema_hash: 1, tablets: tabletFiles, tablets_order: ids.map(String) }
  const physical = { id: 4, version: 7, indexes: { t: index } }
  const partition = { id: 3, version: 7, indexes: {}, subPartitions: { 4: physical } }
  const objects = { t: { id: 2, partitions: { p: partition } } }
  const info = { name: label, database: 'd', id: 1, backup_result: 'succeed', backup_objects: objects }
  const text = JSON.stringify(info)
  writeFileSync(path.join(root, `__info_2026-11-20-19-49-08-084.${md5(text)}`), text)
}

const md5 = (content: Uint8Array | string) => createHash('md5').update(content).digest('hex')

function expectGood({ ok, readObjects, findings }: Verification, read: number): void {
  if (!ok || readObjects !== read) {
    throw new Error(`${readObjects} objects were read, not ${read}: ${JSON.stringify(findings.slice(0, 3))}`)
  }
}
