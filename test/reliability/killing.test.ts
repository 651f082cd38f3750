import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tableWorkflowId } from '../../contract/names.ts'
import { randomInt, seededRandom } from '../../lab/faults/random.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { Traffic } from '../../lab/traffic/traffic.ts'
import { LabMigration, type LabMigrationOptions } from '../support/lab-migration.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

let temporal: TestTemporal
let stage: WorkerStage
let migrations: LabMigration[]
beforeEach(async () => {
  temporal = await startTemporal({ durable: true })
  migrations = []
})
afterEach(async () => {
  await Promise.all(migrations.map((one) => one.stop()))
  await stage?.stop()
  await temporal?.stop()
})

async function prepare(name: string, options: Partial<LabMigrationOptions> = {}): Promise<LabMigration> {
  const migration = await LabMigration.prepare(
    { name, source: { version: '3.3' }, target: { version: '3.5', frontends: 3 }, ...options },
    temporal,
  )
  migrations.push(migration)
  return migration
}

/** Attempts of the activity that a table's workflow waits for. */
async function attemptOf(migration: LabMigration, table: string): Promise<number> {
  const handle = temporal.client.workflow.getHandle(tableWorkflowId(migration.name, table))
  const { raw } = await handle.describe()
  const [pending] = raw.pendingActivities ?? []
  // PENDING_ACTIVITY_STATE_STARTED
  return pending?.state === 2 ? (pending.attempt ?? 0) : 0
}

describe('whatever is killed, the migration goes on by itself', () => {
  it('a worker killed while jobs run: the next adopts those that run, and sends again those that were lost', async () => {
    const adopted = await prepare('kill-adopted')
    const ended = await prepare('kill-ended')
    const lost = await prepare('kill-lost')
    stage = await startWorkerProcess(temporal, migrations)
    const slow = new Map(
      migrations.map((one) => [one, one.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })]),
    )
    for (const one of migrations) {
      one.fill(plainTables(3))
      await one.start()
    }
    for (const one of migrations) await until('jobs run', () => one.target.replication.jobs().length === 3)

    await stage.worker.kill()
    // While nobody follows them, the jobs of one come to their end, and those of another are lost with the frontend that led.
    slow.get(ended)?.clear()
    await until('its jobs ended', () => ended.jobs.committed === 3)
    await lost.target.killFrontend(0)
    slow.get(lost)?.clear()
    await until('its jobs are aborted', () => lost.jobs.aborted === 3)
    await stage.worker.start()
    await until('another worker took over', async () => (await attemptOf(adopted, 'app.t1')) >= 2)
    expect(adopted.target.replication.jobs()).toHaveLength(3)
    slow.get(adopted)?.clear()

    for (const one of migrations) await one.settled()
    expect(adopted.jobs).toMatchObject({ sent: 3, committed: 3, aborted: 0 })
    expect(ended.jobs).toMatchObject({ sent: 3, committed: 3, aborted: 0 })
    expect(lost.jobs).toMatchObject({ sent: 6, committed: 3, aborted: 3 })
  })

  it.each([1, 2])('everything killed in turn, at moments of chance: seed %i', async (seed) => {
    const migration = await prepare(`kill-all-${seed}`, {
      source: { version: '3.3', seed },
      target: { version: '3.5', frontends: 3, seed },
    })
    stage = await startWorkerProcess(temporal, migrations)
    const random = seededRandom(seed)
    const tables = demoScenario({ version: '3.3', runMode: 'shared_nothing' }, seed).tables.slice(seed, seed + 10)
    migration.fill(tables, seed)
    const slow = migration.target.faults.inject({ kind: 'slow-jobs', factor: 150 })
    const traffic = new Traffic((sql) => migration.source.execute(sql), tables, { seed })
    const story: string[] = []
    const tell = (text: string) =>
      story.push(`after ${traffic.log.length} writes, ${migration.jobs.sent} jobs: ${text}`)

    const worker = async () => {
      await stage.worker.kill()
      tell('the worker is killed')
      await sleep(randomInt(random, 0, 1_000))
      await stage.worker.start()
    }
    const server = async () => {
      await temporal.server.kill()
      tell('the Temporal server is killed')
      await sleep(randomInt(random, 0, 2_000))
      await temporal.server.restart()
    }
    const onlyFrontend = async () => {
      await migration.source.killFrontend(0)
      tell('the only frontend of the source is killed')
      await sleep(randomInt(random, 500, 3_000))
      await migration.source.restartFrontend(0)
    }
    const leader = async () => {
      const at = migration.target.state.frontends.findIndex((one) => one.role === 'LEADER')
      await migration.target.killFrontend(at)
      tell('the leading frontend of the target is killed')
      await sleep(randomInt(random, 0, 1_000))
      await migration.target.restartFrontend(at)
    }
    const another = async () => {
      const at = migration.target.state.frontends.findIndex((one) => one.role === 'LEADER')
      await migration.target.switchLeader((at + 1) % 3)
      tell('another frontend of the target leads')
    }
    const events = [worker, server, onlyFrontend, leader, another, worker]
      .map((event) => ({ event, order: random() }))
      .sort((a, b) => a.order - b.order)

    try {
      await migration.start()
      traffic.start(100)
      await until('jobs run', () => migration.target.replication.jobs().length > 0)
      for (const { event } of events) {
        await sleep(randomInt(random, 0, 1_500))
        await event()
      }
      await traffic.stop()
      slow.clear()
      await migration.settled(undefined, 120_000)
    } catch (error) {
      throw new Error(
        [error instanceof Error ? error.message : error, ...story, stage.worker.logTail(3).slice(0, 1000)].join('\n'),
      )
    } finally {
      await traffic.stop()
    }
    expect(migration.jobs.sentTwice()).toEqual([])
    expect(migration.jobs.needless()).toEqual([])
    expect(migration.compare()).toMatchObject({ rowsDifferent: 0, tables: 10 })
  })
})
