import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { failureText } from '../../client/workflow-calls.ts'
import { TASK_QUEUE, WORKFLOW_TYPES } from '../../contract/names.ts'
import { LabCluster } from '../../lab/index.ts'
import type { TableSpec } from '../../lab/scenario/table-spec.ts'
import { starferryHere } from '../client/run-starferry.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

let temporal: TestTemporal
let worker: LabWorker
let good: LabMigration
let lake: LabCluster
let directory: string
beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-bad-input-'))
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
  good = await LabMigration.prepare(
    { name: 'bad', source: { version: '3.3' }, target: { version: '3.5' } },
    temporal,
    worker,
  )
  good.fill(plainTables(2))
  lake = await LabCluster.start({ name: 'lake', version: '4.1', runMode: 'shared_data' })
  good.target.execute("CREATE USER 'small' IDENTIFIED BY 'small-password'")
  worker.configure({
    lake: accessTo(lake),
    'wrong-password': accessTo(good.target, { password: 'not the password' }),
    'wrong-token': accessTo(good.source, { token: '00000000-0000-0000-0000-000000000000' }),
    'no-token': accessTo(good.source, { token: undefined }),
    'no-privilege': accessTo(good.target, { user: 'small', password: 'small-password' }),
    unreachable: { frontends: ['127.0.0.1:1'], connectTimeout: 2 },
  })
})
afterAll(async () => {
  await good?.stop()
  await lake?.stop()
  await worker?.stop()
  await temporal?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** What a migration could have changed on a cluster. */
function contentOf({ state, sentJobs }: LabCluster): unknown {
  return {
    databases: [...state.databases.values()].map(({ name, objects }) => [name, [...objects.keys()]]),
    config: [...state.config].map(([key, { value }]) => [key, value]),
    jobs: sentJobs.length,
  }
}

const SOURCE = 'bad-source'
const TARGET = 'bad-target'

/** A spec and what must be said about it. */
const CASES: { what: string; spec: Record<string, unknown>; said: RegExp; usage?: boolean }[] = [
  {
    what: 'an unknown key',
    spec: { sourse: SOURCE, target: TARGET },
    said: /unknown key 'sourse'.*'source'/s,
    usage: true,
  },
  { what: 'a wrong type', spec: { source: SOURCE, target: TARGET, oneTime: 'yes' }, said: /oneTime/, usage: true },
  {
    what: 'a wrong size',
    spec: { source: SOURCE, target: TARGET, limits: { bytesPerJob: 'much' } },
    said: /limits\.bytesPerJob.*'much' is no size/s,
    usage: true,
  },
  {
    what: 'the same cluster twice',
    spec: { source: SOURCE, target: SOURCE },
    said: /source and target are the same/,
    usage: true,
  },
  {
    what: 'a name that is none',
    spec: { name: 'a/b; DROP', source: SOURCE, target: TARGET },
    said: /name/,
    usage: true,
  },
  { what: 'an unknown cluster', spec: { source: SOURCE, target: 'bad-targer' }, said: /no cluster 'bad-targer'/ },
  {
    what: 'a wrong password',
    spec: { source: SOURCE, target: 'wrong-password' },
    said: /wrong-password refuses the login/,
  },
  {
    what: 'a missing privilege',
    spec: { source: SOURCE, target: 'no-privilege' },
    said: /privilege (OPERATE|NODE|cluster_admin)/,
  },
  {
    what: 'a wrong token',
    spec: { source: 'wrong-token', target: TARGET },
    said: /do not take the configured cluster token/,
  },
  { what: 'no token', spec: { source: 'no-token', target: TARGET }, said: /no cluster token/ },
  {
    what: 'an unreachable address',
    spec: { source: SOURCE, target: 'unreachable' },
    said: /unreachable cannot be talked to/,
  },
  {
    what: 'shared-data to shared-nothing',
    spec: { source: 'lake', target: TARGET },
    said: /shared-data cluster and .* shared-nothing/,
  },
]

describe('bad input gets one clear error and changes nothing', () => {
  it.each(CASES)('$what, as JSON of a plain client', async ({ what, spec, said }) => {
    const before = [good.source, good.target, lake].map(contentOf)
    const name = `json-${what.replaceAll(' ', '-')}`
    const handle = await temporal.client.workflow.start('migrate', {
      taskQueue: TASK_QUEUE,
      workflowId: `migrate/${name}`,
      args: [{ name, ...spec }],
    })
    const error = await handle.result().then(
      () => undefined,
      (failure: unknown) => failure,
    )
    expect(error).toBeDefined()
    expect(failureText(error)).toMatch(said)
    expect([good.source, good.target, lake].map(contentOf)).toEqual(before)
  })

  it.each(CASES)('$what, on the command line', async ({ what, spec, said, usage }) => {
    const before = [good.source, good.target, lake].map(contentOf)
    const name = `cli-${what.replaceAll(' ', '-')}`
    const file = path.join(directory, `${name}.yaml`)
    writeFileSync(file, stringify({ name, ...spec }))
    const { env } = temporal
    const doctor = await starferryHere(['doctor', file], { env })
    expect(doctor.code, doctor.stderr).toBe(usage ? 2 : 1)
    expect(unwrapped(doctor.stdout + doctor.stderr)).toMatch(said)
    const started = await starferryHere(['migrate', 'start', file, '--watch'], { env })
    expect(started.code, started.stderr).toBe(usage ? 2 : 1)
    expect(unwrapped(started.stdout + started.stderr)).toMatch(said)
    expect(`${doctor.stderr}${started.stderr}`).not.toMatch(/\n\s+at /)
    expect([good.source, good.target, lake].map(contentOf)).toEqual(before)
  })

  it('YAML that is none', async () => {
    const file = path.join(directory, 'broken.yaml')
    writeFileSync(file, 'name: x\n  source: [')
    const run = await starferryHere(['migrate', 'start', file], { env: temporal.env })
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/broken\.yaml/)
    expect(run.stderr).not.toMatch(/\n\s+at /)
  })

  it.each(['nothing', 'null', '"text"', '42', '[]', '{}'])('%s as input of any workflow', async (json) => {
    for (const type of Object.values(WORKFLOW_TYPES)) {
      const handle = await temporal.client.workflow.start(type, {
        taskQueue: TASK_QUEUE,
        workflowId: `nonsense/${type}/${json}`,
        args: json === 'nothing' ? [] : [JSON.parse(json)],
      })
      const error = await handle.result().catch((failure: unknown) => failure)
      expect(error, type).toBeInstanceOf(WorkflowFailedError)
      expect(failureText(error), type).toMatch(/spec|source|name|give/)
    }
  })
})

const unwrapped = (text: string) => text.replaceAll(/\s+/g, ' ')

const HOSTILE = [
  'app`.`canary',
  "quote'quote",
  'double"quote',
  'semi;DROP TABLE app.canary',
  'two words',
  '$dollar',
  'select',
  '数据😀',
  '-- comment',
  'back\\slash',
  '%s {x} ${env:HOME}',
  'x'.repeat(64),
]

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``

describe('a migration started without an id', () => {
  it('runs under its own all the same, cannot run twice, and is stopped by a signal to either', async () => {
    const name = 'anyhow'
    const start = (workflowId: string) =>
      temporal.client.workflow.start('migrate', {
        taskQueue: TASK_QUEUE,
        workflowId,
        args: [{ name, source: SOURCE, target: TARGET, include: ['app'], intervals: { metadata: 2, stale: 0.5 } }],
      })
    const first = await start('7d0f7a52-typed-into-the-ui')
    await until(
      'caught up',
      async () => (await good.starferry.status(name).catch(() => undefined))?.state === 'caughtUp',
    )
    const second = await start('another-id')
      .then((handle) => handle.result())
      .catch((failure: unknown) => failure)
    expect(failureText(second)).toMatch(/'anyhow' runs already, as migrate\/anyhow/)
    await expect(first.query('status')).rejects.toThrow(/runs as migrate\/anyhow/)
    await expect(first.executeUpdate('approve', { args: [{ tables: ['a.b'] }] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('runs as migrate/anyhow') },
    })
    await first.signal('stop')
    expect(await first.result()).toMatchObject({ name, state: 'stopped', progress: 1 })
    expect((await good.starferry.status(name)).state).toBe('stopped')
  })
})

describe.concurrent('names', () => {
  it('that are hostile never become SQL', async () => {
    const tables = HOSTILE.map(
      (name): TableSpec => ({
        db: 'app',
        name,
        body: `(id INT NOT NULL, ${quoted(name)} STRING COMMENT ${JSON.stringify(name)}) DUPLICATE KEY(id) COMMENT ${JSON.stringify(name)} DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
        row: (n) => [n, name],
        rows: 3,
      }),
    )
    const migration = await LabMigration.prepare(
      { name: 'hostile', source: { version: '3.5' }, target: { version: '3.5' } },
      temporal,
      worker,
    )
    try {
      migration.target.execute('CREATE DATABASE app')
      migration.target.execute(
        'CREATE TABLE app.canary (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
      )
      migration.target.execute('INSERT INTO app.canary VALUES (1)')
      migration.fill(tables)
      await migration.start()
      await migration.untilStatus('every table is copied', () => migration.compare().differing.length === 0)
      const tablesOf = ({ state }: LabCluster) => [...(state.databases.get('app')?.objects.keys() ?? [])].sort()
      expect(tablesOf(migration.target)).toEqual([...tablesOf(migration.source), 'canary'].sort())
      expect(tablesOf(migration.source)).toHaveLength(HOSTILE.length)
      expect([...migration.target.state.databases.keys()].sort()).toEqual(
        [...migration.source.state.databases.keys()].sort(),
      )
      expect(migration.target.execute('SELECT * FROM app.canary').rows).toHaveLength(1)
    } finally {
      await migration.stop()
    }
  })

  it('of tables that vanish while they are copied disappear, and the rest goes on', async () => {
    const migration = await LabMigration.prepare(
      {
        name: 'vanish',
        source: { version: '3.3' },
        target: { version: '3.5' },
        // A copy that was finished before the table vanished would wait for an approval.
        spec: { allow: { dropTargetOnlyTables: true } },
      },
      temporal,
      worker,
    )
    try {
      const { source, target } = migration
      migration.fill(plainTables(5))
      const slow = target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
      await migration.start()
      await until('jobs run', () => target.replication.jobs().length === 5)
      source.execute('DROP TABLE app.t1 FORCE')
      target.execute('DROP TABLE app.t2 FORCE')
      slow.clear()
      await migration.settled()
      expect((await migration.status()).tables.total).toBe(4)
      source.execute('DROP DATABASE app FORCE')
      await migration.untilStatus('nothing left', ({ state, tables }) => state === 'caughtUp' && tables.total === 0)
    } finally {
      await migration.stop()
    }
  })
})
