import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { temporal as api } from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { workflowCode } from '../../workers/workflow-code.ts'
import { quietRuntime } from '../support/temporal.ts'

const directory = path.join(import.meta.dirname, 'recorded')

/** Called `<type> <number> <workflow id>.gz`; inside is the history as Temporal's API encodes it. */
const recorded = readdirSync(directory).map((file) => {
  const [type, , id = ''] = file.replace(/\.gz$/, '').split(' ')
  const history = api.api.history.v1.History.decode(gunzipSync(readFileSync(path.join(directory, file))))
  return { type, workflowId: decodeURIComponent(id), history }
})

const EXPECTED = [
  ...['backup', 'backupPlan', 'backups', 'backupSet', 'clusterSettings', 'doctor', 'migrate', 'plan', 'prune'],
  ...['replicateTable', 'repositories', 'restore', 'restorePlan', 'syncMetadata', 'tables', 'verifyBackups'],
]

/** Workflows of these runs may be in flight when a new version is deployed: its code must go on where they are. */
test('every recorded history replays on the present code', async () => {
  quietRuntime()
  const types = new Set(recorded.map(({ type }) => type))
  for (const type of EXPECTED) expect(types).toContain(type)
  const failures: string[] = []
  let replayed = 0
  for await (const { workflowId, error } of Worker.runReplayHistories(workflowCode(), recorded)) {
    replayed++
    if (error) failures.push(`${workflowId}: ${error.message}`)
  }
  expect(failures).toEqual([])
  expect(replayed).toBe(recorded.length)
})

test('a history that the code does not fit is told', async () => {
  quietRuntime()
  const [doctor] = recorded.filter(({ type }) => type === 'doctor')
  if (!doctor) throw new Error('no history of doctor')
  const other = api.api.history.v1.History.decode(api.api.history.v1.History.encode(doctor.history).finish())
  const started = other.events[0]?.workflowExecutionStartedEventAttributes
  if (started?.workflowType) started.workflowType.name = 'tables'
  const results = []
  for await (const { error } of Worker.runReplayHistories(workflowCode(), [{ workflowId: 'x', history: other }])) {
    results.push(error === undefined)
  }
  expect(results).toEqual([false])
})
