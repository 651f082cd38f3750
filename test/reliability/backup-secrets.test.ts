import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { heartbeatOf } from '../../client/heartbeats.ts'
import { S3Server } from '../../client/s3-server/s3-server.ts'
import type { JobProgress } from '../../contract/backup/backup-api.ts'
import { backupId } from '../../contract/names.ts'
import { LabCluster } from '../../lab/index.ts'
import { httpGet } from '../../workers/http-get.ts'
import { fillShop } from '../client/command-stage.ts'
import { starferryHere } from '../client/run-starferry.ts'
import { accessTo } from '../support/lab-worker.ts'
import { historyTexts, secretsIn, strings, textOf } from '../support/secret-search.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { webhook } from '../support/webhook.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

const PASSWORD = 'pw-Bk4-"quoted"-Ty61-root'
const WRONG_PASSWORD = 'pw-Bk4-wrong-Ty62'
const ACCESS_KEY = 'ak-Bk4-Ty63-access'
const SECRET_KEY = 'sk-Bk4/Ty64+slashes-secret'
const WRONG_KEY = 'sk-Bk4-Ty65-of-the-cluster-wrong'
const WORKER_KEY = 'sk-Bk4-Ty66-of-the-worker-wrong'
const HOOK_TOKEN = 'tk-Bk4-1111-2222-of-a-webhook'
const DEAD_TOKEN = 'tk-Bk4-3333-4444-of-one-that-is-gone'
/** What the worker's configuration holds. */
const CONFIGURED = [PASSWORD, WRONG_PASSWORD, ACCESS_KEY, SECRET_KEY, WRONG_KEY, WORKER_KEY, HOOK_TOKEN, DEAD_TOKEN]
const USER_PASSWORD = 'pw-Bk4-Ty67-of-a-user'
const CATALOG_KEY = 'sk-Bk4-Ty68-of-a-catalog'
const SECRETS = [...CONFIGURED, USER_PASSWORD, CATALOG_KEY]

const CLUSTER = 'production'
const hook = webhook<unknown>()
const directory = mkdtempSync(path.join(tmpdir(), 'starferry-backup-secrets-'))

let temporal: TestTemporal
let s3: S3Server
let cluster: LabCluster
let stage: WorkerStage
beforeAll(async () => {
  ;[temporal, s3, cluster] = await Promise.all([
    startTemporal({ durable: true }),
    S3Server.start({ accessKey: ACCESS_KEY, secretKey: SECRET_KEY, buckets: ['backups'] }),
    LabCluster.start({ name: CLUSTER, version: '3.5', timeFactor: 60, rootPassword: PASSWORD }),
  ])
  const properties = { ...s3.properties }
  stage = await startWorkerProcess(temporal, [], {
    logLevel: 'debug',
    clusters: {
      [CLUSTER]: accessTo(cluster, { password: PASSWORD }),
      'wrong-password': accessTo(cluster, { password: WRONG_PASSWORD }),
    },
    repositories: {
      vault: { location: 's3a://backups/vault', properties, clusters: [CLUSTER] },
      'wrong-keys': { location: 's3a://backups/wrong', properties: { ...properties, 'aws.s3.secret_key': WRONG_KEY } },
      // The cluster can, the worker cannot.
      unread: {
        location: 's3a://backups/unread',
        properties,
        access: { accessKey: ACCESS_KEY, secretKey: WORKER_KEY },
      },
    },
    webhooks: { chat: `${hook.url}/${HOOK_TOKEN}`, gone: `http://127.0.0.1:9/hook?token=${DEAD_TOKEN}` },
  })
})
afterAll(async () => {
  await stage?.stop()
  await cluster?.stop()
  await Promise.all([temporal?.stop(), s3?.stop()])
  rmSync(directory, { recursive: true, force: true })
})

const found = (text: string) => secretsIn(text, SECRETS)

describe('secrets of backups and restores', () => {
  it('are in no history, heartbeat, log, output, metric or object after a run in which much went wrong', async () => {
    fillShop(cluster)
    cluster.execute(`CREATE USER auditor IDENTIFIED BY '${USER_PASSWORD}'`)
    cluster.execute(
      `CREATE EXTERNAL CATALOG lake PROPERTIES ("type" = "hive", "hive.metastore.uris" = "thrift://127.0.0.1:9083", "aws.s3.access_key" = "AKIA", "aws.s3.secret_key" = "${CATALOG_KEY}")`,
    )
    const output: string[] = []
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await starferryHere([...args, '--temporal', temporal.server.address], {
        cwd: directory,
      })
      output.push(`$ ${args.join(' ')}`, stdout, stderr)
      return { code, text: stdout + stderr }
    }
    const both = async (...args: string[]) => {
      await run(...args)
      return run(...args, '--json')
    }
    const file = (name: string, repository: string, webhook: string) => {
      const notify = { webhook: `\${webhook:${webhook}}`, on: ['success', 'warning', 'failure'] }
      const schedule = { cron: '0 3 * * *' }
      const objects = { databases: ['shop'], catalogs: ['*'] }
      const policy = { name, cluster: CLUSTER, repository, objects, schedule, notify }
      writeFileSync(path.join(directory, `${name}.yaml`), stringify(policy))
      return `${name}.yaml`
    }

    // Repositories: one that works, one with wrong keys, one that the worker cannot read, and a cluster that lets nobody in.
    expect((await run('repo', 'create', 'vault', '--cluster', CLUSTER)).code).toBe(0)
    expect((await both('repo', 'create', 'wrong-keys', '--cluster', CLUSTER)).code).not.toBe(0)
    await run('repo', 'create', 'unread', '--cluster', CLUSTER)
    expect((await run('repo', 'create', 'vault', '--cluster', 'wrong-password')).code).not.toBe(0)
    await run('repo', 'check', 'unread', '--cluster', CLUSTER, '--json')
    await run('repo', 'list', '--cluster', CLUSTER, '--json')

    // A backup whose webhook refuses, and one after it.
    hook.answers.push(500, 403)
    expect((await run('backup', 'run', file('good', 'vault', 'chat'), '--watch')).text).toMatch(/^backed up good/m)
    await until('the webhook was told', () => hook.told.length > 1)
    cluster.execute("INSERT INTO shop.orders PARTITION (p1) VALUES (2, 'c')")
    expect((await run('backup', 'run', 'good.yaml', '--watch', '--json')).code).toBe(0)
    // Where the keys are wrong.
    for (const name of ['wrong-keys', 'unread']) {
      expect((await run('backup', 'run', file(`to-${name}`, name, 'gone'), '--watch')).code).not.toBe(0)
      await run('backup', 'list', '--repository', name)
    }

    // Uploads fail, and what failed spells the keys out.
    const said = `Fail to upload: S3 403 for ${ACCESS_KEY} with ${SECRET_KEY}, aws.s3.secret_key=${SECRET_KEY}`
    const failing = cluster.faults.inject({ kind: 'fail-snapshot-task', state: 'UPLOADING', error: said })
    await run('backup', 'run', file('failing', 'vault', 'gone'), '--full')
    const handle = temporal.client.workflow.getHandle(backupId('failing', 'shop'))
    const heartbeat = await until('what failed is told', async () => {
      const told = await heartbeatOf<JobProgress>(handle)
      return told?.problems ? told : undefined
    })
    const pending = [...strings((await handle.describe()).raw)].join('\n')
    await both('backup', 'status', 'failing')
    await run('backup', 'cancel', 'failing')
    await run('backup', 'status', 'failing', '--watch')
    failing.clear()

    // Looked at, restored beside the live table, published.
    await run('backup', 'verify', '--repository', 'vault')
    const listed = JSON.parse((await run('backup', 'list', '--repository', 'vault', '--json')).text)
    const [{ id }] = listed.rows.filter(({ database }: { database: string }) => database === 'shop')
    await run('backup', 'show', id, '--repository', 'vault', '--json')
    await run('restore', 'companion', id, '--repository', 'vault', '--cluster', CLUSTER, '--apply')
    const from = ['--cluster', CLUSTER, '--repository', 'vault', '--database', 'shop', '--table', 'orders']
    await run('restore', 'plan', ...from, '--json')
    await run('restore', 'run', ...from, '--name', 'rescue', '--watch')
    await both('restore', 'status', 'rescue')
    expect((await run('restore', 'publish', 'rescue')).text).toMatch(/^restored rescue/m)

    const histories = (await historyTexts(temporal.client)).join('\n')
    const { body: metrics } = await httpGet(`http://${stage.metrics}/metrics`, 60_000)
    // SQLite's journal comes and goes.
    const files = readdirSync(temporal.directory).filter((name) => !name.endsWith('-journal'))
    const stored = files.map((name) => readFileSync(path.join(temporal.directory, name), 'latin1')).join('\n')
    const keys = readdirSync(s3.dir, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const full = path.join(entry.parentPath, entry.name)
      return entry.isFile() && full.includes('__starferry_') ? [full] : []
    })
    const objects = keys.map((key) => `${key}\n${textOf(readFileSync(key))}`).join('\n')

    // The search finds what is there: secrets where they belong, names everywhere.
    expect(secretsIn(readFileSync(stage.configFile, 'utf8'), CONFIGURED)).toEqual(CONFIGURED)
    for (const text of [histories, stored, output.join('\n'), objects]) expect(text).toContain('orders')
    expect(objects).toContain('lake')
    expect(objects).toContain('auditor')
    expect(stage.log()).toContain('wrong-password')
    expect(metrics).toContain('starferry')
    expect(JSON.stringify(heartbeat)).toContain('Fail to upload')

    expect(found(histories)).toEqual([])
    expect(found(JSON.stringify(heartbeat))).toEqual([])
    expect(found(pending)).toEqual([])
    expect(found(stored)).toEqual([])
    expect(found(stage.log())).toEqual([])
    expect(found(output.join('\n'))).toEqual([])
    expect(found(metrics)).toEqual([])
    expect(found(objects)).toEqual([])
  })
})
