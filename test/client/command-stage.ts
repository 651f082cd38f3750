import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { stringify } from 'yaml'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster } from '../../lab/index.ts'
import { accessTo } from '../support/lab-worker.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'
import { type Run, starferryHere } from './run-starferry.ts'

export const PASSWORD = 'unspeakable-password'
export const PATIENCE = { timeout: 90_000, interval: 300 }

/** What the commands about backups are run against: Temporal, a worker and an S3 server as processes, lab clusters here. */
export interface CommandStage {
  readonly directory: string
  readonly temporal: TestTemporal
  readonly s3: S3Server
  /** Of the worker; commands do not get it unless `--config` names it. */
  readonly configFile: string
  /** Everything that commands printed. */
  readonly printed: string
  cluster(name: string): LabCluster
  workerLog(): string
  run(...args: string[]): Promise<Run>
  /** With --json; its last line, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a command answers
  json(...args: string[]): Promise<any>
  file(name: string, content: object): void
}

/** The same for all tests of a file. The repository `vault` is configured, and on no cluster yet unless `attached`. */
export function commandStage(names: readonly string[], { attached = true } = {}): CommandStage {
  let temporal: TestTemporal
  let s3: S3Server
  let worker: WorkerStage
  const clusters = new Map<string, LabCluster>()
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-commands-'))
  let printed = ''

  beforeAll(async () => {
    ;[temporal, s3] = await Promise.all([
      startTemporal(),
      startTestS3(),
      ...names.map(async (name) => {
        clusters.set(name, await LabCluster.start({ name, version: '3.5', timeFactor: 60, rootPassword: PASSWORD }))
      }),
    ])
    const location = 's3a://backups/base'
    if (attached) {
      const properties = Object.entries(s3.properties).map(([key, value]) => `'${key}' = '${value}'`)
      for (const cluster of clusters.values()) {
        await cluster.run(
          `CREATE REPOSITORY vault WITH BROKER ON LOCATION '${location}' PROPERTIES (${properties.join(', ')})`,
        )
      }
    }
    worker = await startWorkerProcess(temporal, [], {
      clusters: Object.fromEntries([...clusters].map(([name, one]) => [name, accessTo(one, { password: PASSWORD })])),
      repositories: {
        vault: { location, properties: s3.properties },
        scheme: {
          location: 's3a://backups/scheme',
          properties: { ...s3.properties, 'aws.s3.endpoint': s3.endpoint.replace(/^http:\/\//, '') },
        },
      },
    })
  })
  afterAll(async () => {
    await worker?.stop()
    await Promise.all([...clusters.values()].map((cluster) => cluster.stop()))
    await Promise.all([temporal?.stop(), s3?.stop()])
    rmSync(directory, { recursive: true, force: true })
  })

  const stage: CommandStage = {
    directory,
    get temporal() {
      return temporal
    },
    get s3() {
      return s3
    },
    get configFile() {
      return worker.configFile
    },
    get printed() {
      return printed
    },
    cluster(name) {
      const found = clusters.get(name)
      if (!found) throw new Error(`there is no cluster ${name} on this stage`)
      return found
    },
    workerLog: () => readFileSync(path.join(path.dirname(worker.configFile), 'worker.log'), 'utf8'),
    async run(...args) {
      const env = { ...temporal.env, STARFERRY_CONFIG: '' }
      const result = await starferryHere(args, { env, cwd: directory })
      printed += result.stdout + result.stderr
      return result
    },
    async json(...args) {
      const { stdout, stderr } = await stage.run(...args, '--json')
      const last = stdout.trim().split('\n').at(-1) ?? ''
      if (last === '') throw new Error(`starferry ${args.join(' ')} printed nothing: ${stderr}`)
      return JSON.parse(last)
    },
    file: (name, content) => writeFileSync(path.join(directory, name), stringify(content)),
  }
  return stage
}

/** A database `shop`: a table with two partitions, one without, a view. */
export function fillShop(cluster: LabCluster): void {
  const end = "DUPLICATE KEY(id) $ DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"
  const ranges = "PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20'))"
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) ${end.replace('$', ranges)}`,
    "INSERT INTO shop.orders VALUES (1, 'a'), (11, 'b')",
    `CREATE TABLE shop.customers (id INT NOT NULL, v VARCHAR(20)) ${end.replace('$', '')}`,
    "INSERT INTO shop.customers VALUES (1, 'x')",
    'CREATE VIEW shop.names AS SELECT v FROM shop.customers',
  ])
    cluster.execute(statement)
}
