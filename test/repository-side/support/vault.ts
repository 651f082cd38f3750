import { objectsOf, type RepositoryObjects } from '../../../activities/repository/repository-objects.ts'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import { type BackupIntent, type BackupRecord, backupRecordSchema } from '../../../contract/backup/record.ts'
import type { RepositoryConfig } from '../../../contract/worker-config.ts'
import { type ObjectStore, openStore, type Repository, readRepository } from '../../../repository/index.ts'
import { writeRepositoryInfo, writeSnapshot } from '../../repository/support/write-snapshot.ts'
import { startTestS3 } from '../../support/s3-server.ts'

export interface BackupShape {
  id: string
  cluster?: string
  database?: string
  name?: string
  kind?: BackupRecord['kind']
  /** Labels of before, then `own` new ones; the id's alone unless given. */
  labels?: string[]
  own?: number
  baseline?: string
  base?: string
  finishedAt?: string
  bytes?: number
  tablets?: number
  /** Write only the record. */
  recordOnly?: boolean
  /** What the record says besides. */
  more?: Partial<BackupRecord>
}

/** A repository called `vault` in a real S3 server, filled by hand: snapshots in StarRocks' layout and records beside them. */
export class Vault {
  readonly server: S3Server
  readonly location: string
  readonly store: ObjectStore
  readonly repository: Repository
  readonly objects: RepositoryObjects

  private constructor(server: S3Server, location: string, store: ObjectStore, repository: Repository) {
    this.server = server
    this.location = location
    this.store = store
    this.repository = repository
    this.objects = objectsOf(repository)
  }

  static async on(server: S3Server, path: string): Promise<Vault> {
    const location = `s3a://backups/${path}`
    const store = openStore({ location, properties: server.properties })
    await writeRepositoryInfo(store, 'vault')
    return Vault.at(server, location, store)
  }

  /** One that is there already. */
  static async at(server: S3Server, location: string, store: ObjectStore): Promise<Vault> {
    return new Vault(server, location, store, await readRepository(store, 'vault'))
  }

  /** As in `repositories` of starferry.yaml. */
  get config(): { vault: Pick<RepositoryConfig, 'location' | 'properties'> } {
    return { vault: { location: this.location, properties: this.server.properties } }
  }

  async backup(shape: BackupShape): Promise<BackupRecord> {
    const record = await this.record(shape)
    await this.objects.putRecord(record)
    return record
  }

  /** Its snapshots are written, the record is not. */
  async record(shape: BackupShape): Promise<BackupRecord> {
    const { id, labels = [id], own = 1, tablets = 2, recordOnly } = shape
    const fresh = own === 0 ? [] : labels.slice(-own)
    if (!recordOnly) for (const label of fresh) await writeSnapshot(this.store, { repository: 'vault', label, tablets })
    return backupRecordSchema.parse({
      format: 1,
      id,
      repository: 'vault',
      cluster: shape.cluster ?? 'east',
      database: shape.database ?? 'd',
      name: shape.name ?? 'nightly',
      set: `${shape.name ?? 'nightly'}-1`,
      kind: shape.kind ?? (labels.length > fresh.length ? 'differential' : 'full'),
      baseline: shape.baseline,
      base: shape.base,
      startedAt: '2026-03-01T00:00:00.000Z',
      finishedAt: shape.finishedAt ?? '2026-03-01T00:00:00.000Z',
      version: '3.5.8',
      labels: labels.map((label) => ({ label, timestamp: '2026-11-20-19-49-08-084' })),
      own,
      tables: {
        t: {
          id: '11',
          partitioning: 'range',
          fingerprint: 'f',
          ddl: 'CREATE TABLE t',
          partitions: { p1: { physical: [['13', '7']], at: labels.length - 1, rows: '42' } },
        },
      },
      materializedViews: {},
      views: { v: { ddl: 'CREATE VIEW v' } },
      functions: {},
      bytes: shape.bytes,
      notIncluded: [{ object: 'ext', reason: 'an external table' }],
      ...shape.more,
    })
  }

  async intent(shape: BackupShape, workflowId = 'backup/nightly/d', runId = ''): Promise<BackupIntent> {
    const intent = { label: shape.id, workflowId, runId, record: await this.record({ recordOnly: true, ...shape }) }
    await this.objects.putIntent(intent)
    return intent
  }

  async labels(): Promise<string[]> {
    const labels: string[] = []
    for await (const label of this.repository.listSnapshots()) labels.push(label)
    return labels.sort()
  }

  async ids(): Promise<string[]> {
    return (await this.objects.heads()).heads.map(({ id }) => id).sort()
  }

  /** Keys of starferry's own, and nothing of StarRocks. */
  async ownKeys(): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of this.repository.own.list('')) keys.push(key)
    return keys.sort()
  }
}

export const startVaults = () => startTestS3()
