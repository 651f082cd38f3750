import {
  type Client,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
} from '@temporalio/client'
import type { Workflow } from '@temporalio/common'
import {
  holdSignal,
  type MigrationSpec,
  metadataScheduleId,
  metadataWorkflowId,
  migrationId,
  type SyncMetadataInput,
  TASK_QUEUE,
  WORKFLOW_TYPES,
} from '../contract/index.ts'
import { isClosed } from './closed-workflows.ts'
import type { Dependencies } from './dependencies.ts'

export interface MetadataScheduleInput {
  spec: MigrationSpec
  /** See `SyncMetadataInput`. */
  checkedAs?: string
  paused: boolean
}

export function createScheduleActivities({ client }: Dependencies) {
  return {
    /** The migration's metadata Schedule: made when there is none, else brought to this state. */
    async putMetadataSchedule({ spec, checkedAs, paused }: MetadataScheduleInput): Promise<void> {
      const handle = client.schedule.getHandle(metadataScheduleId(spec.name))
      const wanted = {
        spec: { intervals: [{ every: spec.intervals.metadata * 1000 }] },
        action: actionOf(spec, checkedAs),
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute', pauseOnFailure: false },
      }
      const note = `Metadata differences of migration ${spec.name}`
      try {
        await handle.update(({ state, ...previous }) => {
          // Paused by hand, in the UI for instance: that is for whoever did it to end.
          const byHand = state.paused && state.note !== note
          return { ...previous, ...wanted, state: byHand ? state : { ...state, paused, note } }
        })
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error
        await create(client, { scheduleId: metadataScheduleId(spec.name), ...wanted, state: { paused, note } })
      }
      if (paused) await holdRunning(client, handle)
    },

    /** Removes it; one that is not there is no error. `unlessOpen`: on behalf of a migration that is gone, if no other of its name runs by now. */
    async deleteMetadataSchedule({ name, unlessOpen }: { name: string; unlessOpen?: boolean }): Promise<void> {
      if (unlessOpen && !(await isClosed(client, migrationId(name)))) return
      const handle = client.schedule.getHandle(metadataScheduleId(name))
      try {
        await holdRunning(client, handle)
        await handle.delete()
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error
      }
    },
  }
}

/**
 * Pausing or deleting a Schedule starts nothing new; what it has started already is told to stop after its batch. Of this version's Schedules
 * that is next to nothing; those of older ones ran whole differences.
 */
async function holdRunning(client: Client, handle: ScheduleHandle): Promise<void> {
  for (const { workflow } of (await handle.describe()).info.runningActions) {
    await client.workflow
      .getHandle(workflow.workflowId)
      .signal(holdSignal)
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      })
  }
}

/** Approvals do not go along: what they are worth is known to the migration alone, and only in the moment when they are used. */
function actionOf(spec: MigrationSpec, checkedAs: string | undefined): ScheduleOptionsStartWorkflowAction<Workflow> {
  const input: SyncMetadataInput = { spec, checkedAs, migrationId: migrationId(spec.name) }
  return {
    type: 'startWorkflow',
    workflowType: WORKFLOW_TYPES.syncMetadata,
    workflowId: metadataWorkflowId(spec.name),
    taskQueue: TASK_QUEUE,
    args: [input],
    staticSummary: `Metadata of migration ${spec.name}`,
  }
}

async function create(client: Client, options: Parameters<Client['schedule']['create']>[0]): Promise<void> {
  try {
    await client.schedule.create(options)
  } catch (error) {
    // Made by a former attempt of this activity whose answer was lost.
    if (!(error instanceof Error && error.name === 'ScheduleAlreadyRunning')) throw error
  }
}
