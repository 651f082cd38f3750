import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab } from '../../lab/lab.ts'
import type { LabTable, LabVersion } from '../../lab/model.ts'
import { replicationRequest } from './support/request.ts'
import { waitFor } from './support/wait.ts'
import { call } from './support/wire.ts'

type Side = 'source' | 'target'
/** Id, version, epoch, type of each partition; ids and epochs are names that stand for equal numbers. */
type PartitionState = [id: string, version: string, epoch: string, type: string]
type Step =
  | { kind: 'sql'; table: string; side: Side; sql: string }
  | {
      kind: 'send'
      table: string
      note: string
      status: string
      message?: string
      epoch?: 'unset' | 'zero'
      partitions?: number[]
      job?: [string, string]
    }
  | {
      kind: 'state'
      table: string
      note: string
      source: Record<string, PartitionState>
      target: Record<string, PartitionState>
    }

interface SchemaStep {
  sql: string
  note: string
  changed: string[]
  schemaVersion: string
  columns: string[]
}

const recorded: { steps: Step[]; schema: SchemaStep[] } = JSON.parse(
  readFileSync(new URL('../fixtures/lab/divergence.json', import.meta.url), 'utf8'),
)

/** RECOVER is beyond the lab. */
const tables = [...new Set(recorded.steps.map((one) => one.table))].filter((name) => name !== 'm' && name !== 'n')

let lab: Lab

const cluster = (side: Side) => lab.get(side)
const find = (side: Side, name: string): LabTable => {
  const table = cluster(side).state.databases.get('db')?.objects.get(name)
  if (table?.kind !== 'table') throw new Error(`There is no table ${name} on the ${side}`)
  return table
}

const create = (name: string) =>
  `CREATE TABLE db.${name} (id INT NOT NULL, v STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

/** Loads of the recording that are not written in it are seen by the versions that they left. */
function loadUpTo(side: Side, name: string, expected: Record<string, PartitionState>): void {
  for (const [partition, [, version]] of Object.entries(expected)) {
    const key = partition === 'p1' ? 1 : 11
    for (;;) {
      const found = find(side, name).partitions.find((one) => one.name === partition)?.physical[0]
      if (!found || found.dataVersion >= BigInt(version)) break
      cluster(side).execute(`INSERT INTO db.${name} PARTITION(${partition}) VALUES (${key}, 'load')`)
    }
  }
}

function statesOf(side: Side, name: string): Record<string, PartitionState> {
  return Object.fromEntries(
    find(side, name).partitions.flatMap((one) =>
      one.physical.map((p) => [
        one.name,
        [String(p.id), String(p.dataVersion), String(p.versionEpoch), p.versionTxnType],
      ]),
    ),
  )
}

/** Names for ids and epochs in the order in which they come: equal structures give equal texts. */
class Symbols {
  private readonly names = new Map<string, string>()

  of(states: Record<string, PartitionState>, scope: string): Record<string, PartitionState> {
    const name = (kind: string, value: string) => {
      const key = `${kind} ${value}`
      if (!this.names.has(key)) this.names.set(key, `${kind}${this.names.size}`)
      return this.names.get(key) ?? ''
    }
    return Object.fromEntries(
      Object.entries(states)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([partition, [id, version, epoch, type]]) => [
          partition,
          [name(`${scope} id`, id), version, name('epoch', epoch), type] as PartitionState,
        ]),
    )
  }
}

async function send(step: Step & { kind: 'send' }): Promise<void> {
  const [table, original] = [find('target', step.table), find('source', step.table)]
  const db = cluster('target').state.databases.get('db')
  if (!db) throw new Error('There is no database')
  const epochs = { unset: () => undefined, zero: () => 0n, real: (p: { versionEpoch: bigint }) => p.versionEpoch }
  const request = replicationRequest({
    db,
    table,
    source: { state: cluster('source').state, table: original },
    epoch: epochs[step.epoch ?? 'real'],
    partitions: step.partitions,
  })
  const answer = await call(cluster('target').endpoints.frontends[0]?.rpcPort ?? 0, 'startTableReplication', request)
  expect(answer, step.note).toEqual({ status: step.status, ...(step.message ? { message: step.message } : {}) })
  if (step.status !== 'OK') return
  const { state } = cluster('target')
  const job = await waitFor(
    () => state.replicationJobs.find((one) => one.tableId === table.id && one.finishedMs !== undefined),
    'the job to end',
  )
  expect([job.state, job.error], step.note).toEqual(step.job)
  await waitFor(() => state.transactions.every((one) => one.status !== 'COMMITTED'), 'the publish')
}

describe.each(['3.5', '4.1'] as LabVersion[])('ids, versions and epochs as recorded, on %s', (version) => {
  beforeAll(async () => {
    lab = await Lab.start({ name: 'source', version }, { name: 'target', version, timeFactor: 20 })
    for (const side of ['source', 'target'] as const) cluster(side).execute('CREATE DATABASE db')
  })
  afterAll(() => lab.stop())

  test.each(tables)('table %s', async (name) => {
    const steps = recorded.steps.filter((one) => one.table === name)
    for (const side of ['source', 'target'] as const) cluster(side).execute(create(name))
    if (name === 'd') {
      cluster('source').execute(create('d_other'))
      loadUpTo('source', 'd_other', { p1: ['', '6', '', ''], p2: ['', '6', '', ''] })
    }
    if (name === 'l') cluster('target').execute(create('l2'))
    const [ours, theirs] = [new Symbols(), new Symbols()]
    for (const [i, step] of steps.entries()) {
      if (step.kind === 'sql') {
        cluster(step.side).execute(step.sql)
        continue
      }
      const next = steps.slice(i).find((one) => one.kind === 'state')
      if (next?.kind === 'state' && (step.kind === 'send' || !('l3' in next))) loadUpTo('source', name, next.source)
      if (step.kind === 'send') {
        // A send that follows a local write over which it goes shows that write in the state before it.
        await send(step)
        continue
      }
      if (step.note === 'INSERT on target') loadUpTo('target', name, step.target)
      expect(ours.of(statesOf('source', name), 'source'), `${step.note}: source`).toEqual(
        theirs.of(step.source, 'source'),
      )
      // Some states were recorded before a commit was visible.
      const former = steps.slice(0, i).findLast((one) => one.kind === 'state')
      const isLate = steps[i - 1]?.kind === 'send' && JSON.stringify(former?.target) === JSON.stringify(step.target)
      if (isLate) continue
      expect(ours.of(statesOf('target', name), 'target'), `${step.note}: target`).toEqual(
        theirs.of(step.target, 'target'),
      )
    }
  })
})

describe('schema changes as recorded', () => {
  beforeAll(async () => {
    lab = await Lab.start({ name: 'source', version: '3.5' })
    const { execute } = { execute: (sql: string) => cluster('source').execute(sql) }
    execute('CREATE DATABASE db')
    for (const fast of ['true', 'false']) {
      execute(
        `CREATE TABLE db.t_${fast} (k1 INT, v1 INT, v2 INT, s VARCHAR(20)) DUPLICATE KEY(k1) DISTRIBUTED BY HASH(k1) BUCKETS 1 PROPERTIES ('replication_num' = '1', 'fast_schema_evolution' = '${fast}')`,
      )
      execute(`INSERT INTO db.t_${fast} VALUES (1, 2, 3, 'x')`)
    }
  })
  afterAll(() => lab.stop())

  const look = (name: string) => {
    const table = find('source', name)
    const [index] = table.indexes
    const [physical] = table.partitions[0]?.physical ?? []
    return {
      partitions: `${physical?.id} ${physical?.dataVersion} ${physical?.versionEpoch}`,
      index_schema: `${index?.id} ${index?.schemaVersion} ${index?.schemaHash}`,
      tablets: [...(physical?.tablets ?? [])].flatMap(([id, tablets]) => [id, ...tablets.map((one) => one.id)]).join(),
      columns: (index?.columns ?? []).map((one) => `${one.name}:${one.type.replace(/^(int|bigint)\(\d+\)/, '$1')}`),
      schemaVersion: String(index?.schemaVersion),
    }
  }

  test.each(recorded.schema.map((one) => [`${/t_\w+/.exec(one.sql)?.[0]}: ${one.note}`, one] as const))(
    '%s',
    (_, step) => {
      const name = /t_(true|false)/.exec(step.sql)?.[0] ?? ''
      const before = look(name)
      cluster('source').execute(step.sql)
      const after = look(name)
      const parts = ['index_schema', 'tablets', 'columns'] as const
      expect(parts.filter((part) => String(before[part]) !== String(after[part]))).toEqual(step.changed)
      expect(after.partitions).toBe(before.partitions)
      expect([after.schemaVersion, after.columns]).toEqual([step.schemaVersion, step.columns])
    },
  )
})
