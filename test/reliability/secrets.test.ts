import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { Traffic } from '../../lab/traffic/traffic.ts'
import { httpGet } from '../../workers/http-get.ts'
import { starferryHere } from '../client/run-starferry.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { accessTo } from '../support/lab-worker.ts'
import { plainTables } from '../support/plain-tables.ts'
import { historyTexts, secretsIn } from '../support/secret-search.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

const PASSWORD = 'pw-Zr7-"quoted"-Qx91-source'
const TARGET_PASSWORD = 'pw-Zr7-plain-Qx92-target'
const WRONG_PASSWORD = 'pw-Zr7-wrong-Qx93'
const TOKEN = 'tk-Zr7-11112222-3333-token'
const WRONG_TOKEN = 'tk-Zr7-44445555-6666-wrong'
const TABLE_PASSWORD = 'pw-Zr7-of-an-external-table'
const SECRETS = [PASSWORD, TARGET_PASSWORD, WRONG_PASSWORD, TOKEN, WRONG_TOKEN, TABLE_PASSWORD]

let temporal: TestTemporal
let migration: LabMigration
let stage: WorkerStage
beforeAll(async () => {
  temporal = await startTemporal({ durable: true })
  migration = await LabMigration.prepare(
    {
      name: 'secrets',
      source: { version: '3.3', rootPassword: PASSWORD },
      target: { version: '3.5', frontends: 2, rootPassword: TARGET_PASSWORD },
      spec: { parkAfter: 2 },
    },
    temporal,
  )
  const { source, target } = migration
  source.state.token = TOKEN
  stage = await startWorkerProcess(temporal, [migration], {
    logLevel: 'debug',
    clusters: {
      [source.state.name]: accessTo(source, { password: PASSWORD }),
      [target.state.name]: accessTo(target, { password: TARGET_PASSWORD }),
      'wrong-password': accessTo(target, { password: WRONG_PASSWORD }),
      'wrong-token': accessTo(source, { password: PASSWORD, token: WRONG_TOKEN }),
    },
  })
})
afterAll(async () => {
  await migration?.stop()
  await stage?.stop()
  await temporal?.stop()
})

const found = (text: string) => secretsIn(text, SECRETS)

describe('secrets', () => {
  it('are in no history, log, output or metric after a run in which everything went wrong', async () => {
    const { source, target, name } = migration
    const tables = plainTables(6)
    migration.fill(tables)
    source.execute(
      `CREATE EXTERNAL TABLE app.ext (id INT) ENGINE=mysql PROPERTIES ("host" = "127.0.0.1", "port" = "3306", "user" = "u", "password" = "${TABLE_PASSWORD}", "database" = "d", "table" = "t")`,
    )
    target.execute('CREATE DATABASE app')
    target.execute(
      'CREATE TABLE app.t1 (id INT NOT NULL, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")',
    )
    target.execute("INSERT INTO app.t1 VALUES (1, 'of others')")
    for (const cluster of [source, target]) {
      cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', probability: 0.03 })
      cluster.faults.inject({ kind: 'drop-mysql', cut: 'connect', probability: 0.2 })
    }
    target.faults.inject({ kind: 'drop-rpc', cut: 'after', method: 'startTableReplication', times: 3 })
    target.faults.inject({ kind: 'abort-job', error: 'Replicate snapshot failed', times: 4 })
    target.faults.inject({ kind: 'drop-http', cut: 'before', times: 2 })
    const output: string[] = []
    const run = async (...args: string[]) => {
      const { stdout, stderr } = await starferryHere([...args, '--temporal', temporal.server.address])
      output.push(`$ ${args.join(' ')}`, stdout, stderr)
    }
    const specFile = (spec: object, file: string) => {
      const full = path.join(temporal.directory, file)
      writeFileSync(full, stringify(spec))
      return full
    }
    const good = specFile(migration.spec, 'good.yaml')
    const wrongPassword = specFile(
      { ...migration.spec, name: 'wrong-password', target: 'wrong-password' },
      'password.yaml',
    )
    const wrongToken = specFile({ ...migration.spec, name: 'wrong-token', source: 'wrong-token' }, 'token.yaml')
    const forced = specFile(
      { ...migration.spec, name: 'forced', source: 'wrong-token', include: ['app.t5'], ignore: ['token-wrong'] },
      'forced.yaml',
    )
    const traffic = new Traffic((sql) => source.execute(sql), tables, { seed: 5 })
    traffic.start(200)
    await run('migrate', 'start', good)
    // Its preflight would refuse it beside one that has not failed yet, and copies into the same tables.
    await migration.untilStatus('its preflight is over', () => migration.jobs.sent > 0)
    for (const file of [wrongPassword, wrongToken]) {
      await run('doctor', file, '--json')
      await run('migrate', 'start', file, '--watch')
    }
    await migration.untilStatus('some jobs were sent', () => migration.jobs.committed > 3)
    await stage.worker.kill()
    await stage.worker.start()
    await traffic.stop()
    await migration.untilStatus(
      'the others are copied',
      () => migration.compare(tables.slice(1).map((table) => `app.${table.name}`)).differing.length === 0,
    )
    for (const json of [[], ['--json']]) {
      await run('plan', good, ...json)
      await run('doctor', good, ...json)
      for (const verb of ['status', 'tables', 'changes']) await run('migrate', verb, name, ...json)
      await run('migrate', 'list', ...json)
    }
    await run('migrate', 'stop', name, '--cancel-jobs')
    await migration.untilStatus('stopped', ({ state }) => state === 'stopped')
    // A job that the target aborts because of the token, in spite of the finding. Dropped any earlier, the table would be copied with the right one.
    target.execute('DROP TABLE app.t5 FORCE')
    const aborted = migration.jobs.aborted
    await run('migrate', 'start', forced)
    await until('a job with the wrong token failed', () => migration.jobs.aborted > aborted, {
      explain: async () => {
        for (const verb of ['status', 'tables', 'changes']) await run('migrate', verb, 'forced')
        return output.slice(-16).join('\n')
      },
    })
    await run('migrate', 'status', 'forced')
    await run('migrate', 'stop', 'forced', '--cancel-jobs')

    const histories = await historyTexts(temporal.client)
    const { body: metrics } = await httpGet(`http://${stage.metrics}/metrics`, 60_000)
    // SQLite's journal comes and goes.
    const files = readdirSync(temporal.directory).filter((file) => !file.endsWith('-journal'))
    const stored = files.map((file) => readFileSync(path.join(temporal.directory, file), 'latin1'))

    // The search finds what is there: names of tables and users, that is.
    expect(histories.length).toBeGreaterThan(10)
    for (const text of [histories.join('\n'), output.join('\n'), stored.join('\n')]) expect(text).toContain('app.t2')
    expect(stage.log()).toContain('wrong-password')
    expect(metrics).toContain('starferry')

    expect(found(histories.join('\n'))).toEqual([])
    expect(found(stored.join('\n'))).toEqual([])
    expect(found(stage.log())).toEqual([])
    expect(found(output.join('\n'))).toEqual([])
    expect(found(metrics)).toEqual([])
  })
})
