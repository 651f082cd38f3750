import { expect, test } from 'vitest'
import { snapshotsDoneSignal } from '../../contract/backup/backup-api.ts'
import { backupId } from '../../contract/names.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()
const TABLE = `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

test('the next database begins when the cluster is through with one, not when that is verified; never two jobs at once', async () => {
  const cluster = await stage.cluster()
  for (const name of ['d0', 'd1', 'd2']) {
    cluster.execute(`CREATE DATABASE ${name}`)
    cluster.execute(`CREATE TABLE ${name}.t ${TABLE}`)
  }
  const spec = stage.spec(cluster, { objects: { databases: ['d*'] }, parallelDatabases: 1 })
  const handle = await stage.startSet({ spec })
  expect(await handle.result()).toMatchObject({ ok: true, databases: 3, failed: [] })

  const { events } = await handle.fetchHistory()
  const signals: number[] = []
  const begun: number[] = []
  const ended: number[] = []
  for (const [place, event] of (events ?? []).entries()) {
    if (event.workflowExecutionSignaledEventAttributes?.signalName === snapshotsDoneSignal.name) signals.push(place)
    if (event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name === 'backup') begun.push(place)
    if (event.childWorkflowExecutionCompletedEventAttributes?.workflowType?.name === 'backup') ended.push(place)
  }
  expect([signals, begun, ended].map((places) => places.length)).toEqual([3, 3, 3])
  // The second one waits for the first one's signal, and not for its end.
  expect(begun[1]).toBeGreaterThan(signals[0] ?? Number.NaN)
  expect(begun[1]).toBeLessThan(ended[0] ?? Number.NaN)
  // Whoever made the snapshot told it already, before its record was written: it is told once.
  const { client } = stage.temporal
  for (const name of ['d0', 'd1', 'd2']) {
    const child = await client.workflow.getHandle(backupId(spec.name, name)).fetchHistory()
    expect(child.events?.filter((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes)).toEqual([])
  }

  const jobs = cluster.backupJobs.map(({ label, acceptedMs }) => {
    const job = [...cluster.state.snapshotJobs.values()].find((one) => one.label === label)
    return { acceptedMs, finishedMs: job?.finishedMs ?? Number.NaN }
  })
  expect(jobs).toHaveLength(3)
  for (const [i, { acceptedMs }] of jobs.entries()) {
    const before = jobs[i - 1]
    if (before) expect(acceptedMs).toBeGreaterThanOrEqual(before.finishedMs)
  }
})
