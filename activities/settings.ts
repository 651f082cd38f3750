import { Context, log } from '@temporalio/activity'
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
import { frontendSetting, type StarRocksCluster, setFrontendSetting } from '../starrocks/index.ts'
import { isClosed } from './closed-workflows.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure } from './failures.ts'
import { beating, pause } from './heartbeat.ts'

/** How often the holders of leases are looked at, and who leads with what settings. */
const HOLDERS_MS = 15_000
/** A frontend that just started may be known by its former start for a few seconds: one look alone does not tell that somebody set a value. */
const LOOKS_TO_TELL = 2

type LeasedValue = Pick<LeasedSetting, 'key' | 'value' | 'original'>

export interface KeepSettingsInput {
  cluster: string
  /** The process that took them. */
  leader: string
  settings: LeasedValue[]
}

export interface KeptSettings {
  leader: string
  again: string[]
  /** Keys that somebody gave another value under the same process; unset by versions that did not look. */
  taken?: string[]
}

export function createSettingsActivities(deps: Dependencies) {
  /** Of each cluster, when its settings were last looked at. */
  const lookedAt = new Map<string, number>()
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

    /** The process that leads: its address, and since when it runs. Null where the cluster does not tell. */
    async leaderProcess({ cluster }: { cluster: string }): Promise<string | null> {
      try {
        return await leaderOf(deps.cluster(cluster).cluster)
      } catch (error) {
        throw asFailure(error, `asking who leads ${cluster}`)
      }
    },

    /**
     * Watches over leased settings, which frontends forget when they start: when another process leads than the one that took them, and says what it
     * was before, they are set again. Some other value is somebody's own, as is the former one under the same process. Returns when another leads,
     * or when somebody took a setting over.
     */
    async keepSettings({ cluster, leader, settings }: KeepSettingsInput): Promise<KeptSettings> {
      const signal = Context.current().cancellationSignal
      const strange = new Map<string, number>()
      return beating(async () => {
        for (;;) {
          // The first look comes at once: where workers come and go, the second never might.
          const wait = (lookedAt.get(cluster) ?? Number.NEGATIVE_INFINITY) + HOLDERS_MS - deps.clock.now()
          if (wait > 0) await pause(wait, signal)
          signal.throwIfAborted()
          lookedAt.set(cluster, deps.clock.now())
          try {
            const sessions = deps.cluster(cluster).cluster
            const now = await leaderOf(sessions)
            if (now === null) continue
            if (now !== leader) {
              const again = await setForgotten(sessions, settings, signal)
              if (again.length > 0)
                log.warn('the frontend had forgotten settings; they are set again', { cluster, again })
              return { leader: now, again }
            }
            const taken: string[] = []
            for (const { key, value } of settings) {
              signal.throwIfAborted()
              const times = (await frontendSetting(sessions, key))?.value === value ? 0 : (strange.get(key) ?? 0) + 1
              strange.set(key, times)
              if (times >= LOOKS_TO_TELL) taken.push(key)
            }
            if (taken.length === 0) continue
            log.info('somebody changed settings; they are left alone', { cluster, taken })
            return { leader, again: [], taken }
          } catch (error) {
            signal.throwIfAborted()
            log.info('settings cannot be looked at', {
              cluster,
              error: error instanceof Error ? error.message : String(error),
            })
          }
        }
      })
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

/** Sets those again that are what they were before. Which. */
async function setForgotten(
  cluster: StarRocksCluster,
  settings: readonly LeasedValue[],
  signal: AbortSignal,
): Promise<string[]> {
  const again: string[] = []
  for (const { key, original, value } of settings) {
    signal.throwIfAborted()
    if ((await frontendSetting(cluster, key))?.value !== original) continue
    await setFrontendSetting(cluster, key, value)
    again.push(key)
  }
  return again
}

async function leaderOf(cluster: StarRocksCluster): Promise<string | null> {
  const leader = (await cluster.frontends()).find(({ role }) => role === 'LEADER')
  return leader?.startTime ? `${leader.printed.host}:${leader.printed.queryPort} since ${leader.startTime}` : null
}

const startSettings = (cluster: string) =>
  new WithStartWorkflowOperation(WORKFLOW_TYPES.clusterSettings, {
    workflowId: settingsWorkflowId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Settings of ${cluster} that migrations changed`,
  })
