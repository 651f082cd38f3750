import { temporal as api } from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { workflowCode } from '../../workers/workflow-code.ts'
import { quietRuntime } from '../support/temporal.ts'
import { patchesInUse, patchesOf } from './support/patches.ts'
import { recordedHistories } from './support/recorded-histories.ts'

const recorded = recordedHistories()

const EXPECTED = [
  ...[
    'backup',
    'backupDoctor',
    'backupPlan',
    'backups',
    'backupSet',
    'clusterSettings',
    'companion',
    'doctor',
    'migrate',
  ],
  ...[
    'plan',
    'prune',
    'replicateTable',
    'repositories',
    'restore',
    'restorePlan',
    'syncMetadata',
    'tables',
    'verifyBackups',
  ],
]

/** Patches of which there is no history, each with the reason. */
const UNRECORDED: Record<string, string> = {
  'started-differences-are-awaited':
    'the server tells of a started child at once: a task in between, in which the history has just become long enough, comes by chance alone',
}

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

test('there is one of every way that the workflows take since they are patched', () => {
  const taken = new Set(recorded.flatMap(({ history }) => [...patchesOf(history)]))
  const open = [...patchesInUse()].filter((patch) => !taken.has(patch) && !(patch in UNRECORDED))
  expect(open).toEqual([])
  // What is recorded, or gone, is no exception any more.
  expect(Object.keys(UNRECORDED).filter((patch) => taken.has(patch) || !patchesInUse().has(patch))).toEqual([])
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
