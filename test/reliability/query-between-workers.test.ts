import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ASK_AGAIN } from '../../contract/ask-again.ts'
import { migrationId } from '../../contract/names.ts'
import { workflowCode } from '../../workers/workflow-code.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

let temporal: TestTemporal
let migration: LabMigration
const stages: WorkerStage[] = []
beforeAll(async () => {
  temporal = await startTemporal({ durable: true })
  const kind = { name: 'between', source: { version: '3.3' as const }, target: { version: '3.5' as const } }
  // Quiet, so that nothing but this test makes events.
  migration = await LabMigration.prepare(
    { ...kind, spec: { intervals: { metadata: 600, stale: 600, park: 600 } } },
    temporal,
  )
})
afterAll(async () => {
  await migration?.stop()
  for (const stage of stages) await stage.stop()
  await temporal?.stop()
})

/** Whether a worker was handed events whose task had not begun; its log has the refusal then. */
const refused = () => stages.some((stage) => stage.log().includes(ASK_AGAIN))

describe('a query that was sent to a dead worker', () => {
  it('is answered by the next one, and the events that came in meanwhile are worked on once, in their task', async () => {
    migration.fill(plainTables(2))
    stages.push(await startWorkerProcess(temporal, [migration]))
    await migration.start()
    await migration.caughtUp()
    // Whether the query comes to the next worker before the task does is the server's to decide: mostly so, but not in every round.
    for (let round = 0; round < 5 && !refused(); round++) {
      const next = await startWorkerProcess(temporal, [migration])
      await stages.at(-1)?.worker.kill()
      stages.push(next)
      // The server gives the dead worker three seconds for each, the query first.
      const asked = migration.status()
      await sleep(1_000)
      await migration.starferry.pause(migration.name)
      await asked
      await migration.starferry.resume(migration.name)
      await migration.caughtUp()
    }
    expect(refused()).toBe(true)

    const workflowId = migrationId(migration.name)
    const history = await temporal.client.workflow.getHandle(workflowId).fetchHistory()
    await Worker.runReplayHistory(workflowCode(), history, workflowId)
    expect(migration.compare().differing).toEqual([])
  })
})
