import { Context } from '@temporalio/activity'
import { WithStartWorkflowOperation } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import {
  type LeaseAnswer,
  type LeasedSetting,
  type LeaseRequest,
  leaseUpdate,
  type ReleaseAnswer,
  type ReleaseRequest,
  releaseUpdate,
  settingsWorkflowId,
  TASK_QUEUE,
  WORKFLOW_TYPES,
} from '../contract/index.ts'
import { frontendSetting, setFrontendSetting } from '../starrocks/index.ts'
import { isClosed } from './closed-workflows.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure } from './failures.ts'
import { beating, pause } from './heartbeat.ts'

/** How often the holders of leases are looked at. */
const HOLDERS_MS = 15_000

type LeasedValue = Pick<LeasedSetting, 'key' | 'value' | 'original'>

export function createSettingsActivities(deps: Dependencies) {
  return {
    /** The present value of a frontend setting; null when this version does not have it. */
    async readSetting({ cluster, key }: { cluster: string; key: string }): Promise<string | null> {
      try {
        return (await frontendSetting(deps.cluster(cluster).cluster, key))?.value ?? null
      } catch (error) {
        throw asFailure(error, `reading ${key} of ${cluster}`)
      }
    },

    /** Sets a frontend setting, unless it has the value already, and reads it back. */
    async writeSetting({ cluster, key, value }: { cluster: string; key: string; value: string }): Promise<void> {
      const sessions = deps.cluster(cluster).cluster
      try {
        if ((await frontendSetting(sessions, key))?.value === value) return
        await setFrontendSetting(sessions, key, value)
      } catch (error) {
        throw asFailure(error, `setting ${key} of ${cluster}`)
      }
    },

    /**
     * Puts a frontend setting back that could not be put back before: on some frontends it may be already, so it is written whatever the one that
     * is asked says. Unless somebody set it to something else. Every failure is one of now: tried again until it works.
     */
    async restoreSetting({ cluster, key, value, original }: LeasedValue & { cluster: string }): Promise<void> {
      try {
        const sessions = deps.cluster(cluster).cluster
        const now = (await frontendSetting(sessions, key))?.value
        if (now === value || now === original) await setFrontendSetting(sessions, key, original)
      } catch (error) {
        throw ApplicationFailure.create({
          type: 'NotRestored',
          message: `${key} of ${cluster} is not back at ${original} yet: ${error instanceof Error ? error.message : String(error)}`,
        })
      }
    },

    /** Asks the cluster's entity workflow, started when there is none, for changed settings. Twice is as good as once. */
    async leaseSettings({ cluster, ...request }: LeaseRequest & { cluster: string }): Promise<LeaseAnswer> {
      return deps.client.workflow.executeUpdateWithStart(leaseUpdate, {
        args: [request],
        startWorkflowOperation: startSettings(cluster),
      })
    },

    /** Gives back what the holder leased. */
    async releaseSettings({ cluster, ...request }: ReleaseRequest & { cluster: string }): Promise<ReleaseAnswer> {
      return deps.client.workflow.executeUpdateWithStart(releaseUpdate, {
        args: [request],
        startWorkflowOperation: startSettings(cluster),
      })
    },

    /** Waits until one of these workflows is closed – ended, terminated, or gone – and says which. */
    async awaitClosed({ workflowIds }: { workflowIds: string[] }): Promise<string[]> {
      const signal = Context.current().cancellationSignal
      return beating(async () => {
        for (;;) {
          const closed: string[] = []
          for (const id of workflowIds) {
            signal.throwIfAborted()
            if (await isClosed(deps.client, id)) closed.push(id)
          }
          if (closed.length > 0) return closed
          await pause(HOLDERS_MS, signal)
          signal.throwIfAborted()
        }
      })
    },
  }
}

const startSettings = (cluster: string) =>
  new WithStartWorkflowOperation(WORKFLOW_TYPES.clusterSettings, {
    workflowId: settingsWorkflowId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Settings of ${cluster} that migrations changed`,
  })
