import { Context } from '@temporalio/activity'
import type { Verification, VerifyInput } from '../../contract/backup/repository-api.ts'
import type { KeptFailure, VerifiedSnapshot } from '../../planning/backup/verify-summary.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { protectSnapshots, releaseSnapshots } from './leases.ts'
import { createOwnRuns } from './own-runs.ts'
import { readHoldings } from './read-holdings.ts'
import { objectsOf } from './repository-objects.ts'
import { type LabelToVerify, selectToVerify, type VerifyPage } from './select-to-verify.ts'
import { createSettling, damageOfOthers, withDamage } from './settle-verification.ts'
import { endingFailure } from './storage-failure.ts'
import { verifyLabel } from './verify-label.ts'

const WRITES_AT_ONCE = 8

export interface VerifyLabelsInput {
  repository: string
  labels: LabelToVerify[]
  mode: Verification['mode']
  /** A workflow's id; holds the lease. */
  holder: string
}

export function createVerifyActivities(deps: Dependencies) {
  return {
    /** The next backups to verify, newest first, and the snapshots that they need. */
    async backupsToVerify(input: VerifyInput & { after?: string }): Promise<VerifyPage> {
      const signal = manyListeners(Context.current().cancellationSignal)
      return beating(async () => {
        try {
          const repository = await deps.repository(input.repository).open(signal)
          return await selectToVerify(repository, input, signal)
        } catch (error) {
          throw endingFailure(error, `verifying repository ${input.repository}`, Context.current().info.attempt)
        }
      })
    },

    /** Verifies snapshots one after the other; a next attempt goes on behind those that the former one is known to have done. */
    async verifyLabels({ repository: name, labels, mode, holder }: VerifyLabelsInput): Promise<VerifiedSnapshot[]> {
      const context = Context.current()
      const signal = manyListeners(context.cancellationSignal)
      const runId = context.info.workflowExecution?.runId
      const before = context.info.heartbeatDetails as { results?: VerifiedSnapshot[] } | undefined
      const results = before?.results ?? []
      return beating(
        async (report) => {
          try {
            const repository = await deps.repository(name).open(signal)
            const { deleting } = await protectSnapshots(
              repository,
              {
                holder,
                runId,
                why: 'verified',
                labels: labels.map(({ label }) => label),
              },
              signal,
            )
            const doomed =
              deleting.length > 0 ? await objectsOf(repository).deleting({ signal }) : new Map<string, string[]>()
            const gone = new Set(deleting.flatMap((id) => doomed.get(id) ?? []))
            const done = new Set(results.map(({ label }) => label))
            for (const { label, md5, size } of labels) {
              if (done.has(label)) continue
              if (gone.has(label)) {
                results.push({
                  label,
                  ok: false,
                  objects: 0,
                  bytes: 0,
                  problems: [{ problem: 'retention deletes it' }],
                  more: 0,
                })
                continue
              }
              const onProgress = (progress: object) => report({ results, label, ...progress })
              results.push(await verifyLabel(repository, label, { mode, md5, size, signal, onProgress }))
              report({ results })
            }
            const isOurs = createOwnRuns(deps.client, holder, runId)
            await releaseSnapshots(repository, holder, { isOurs, signal })
            return results
          } catch (error) {
            throw endingFailure(error, `verifying repository ${name}`, context.info.attempt)
          }
        },
        { results },
      )
    },

    /**
     * Writes beside the records what was found. One that is gone meanwhile gets none. Where a more thorough verification has found damage before, that stays
     * unless this one can tell that it is mended; which ones these are is returned. Damage of a snapshot is written beside every record that needs it.
     */
    async writeVerifications(input: {
      repository: string
      backups: { id: string; verification: Omit<Verification, 'at'> }[]
    }): Promise<{ kept: KeptFailure[] }> {
      const signal = manyListeners(Context.current().cancellationSignal)
      return beating(async () => {
        try {
          const repository = await deps.repository(input.repository).open(signal)
          const objects = objectsOf(repository)
          const { records, marked } = await readHoldings(repository, signal)
          const known = new Set(records.map((head) => head.id))
          const at = (await repository.store.now({ signal })).toISOString()
          const settle = createSettling(repository, signal)
          const failures: KeptFailure[] = []
          for (const { id, verification } of input.backups) {
            if (!known.has(id) || marked.has(id)) continue
            let kept: KeptFailure | undefined
            await objects.changeVerification(
              id,
              async (stored) => {
                const settled = await settle(id, stored, { at, ...verification })
                kept = settled.kept
                return settled.stands
              },
              { signal },
            )
            if (kept) failures.push(kept)
            deps.metrics.count('verified_total', { outcome: verification.ok && !kept ? 'ok' : 'failed' })
          }
          const asked = new Set(input.backups.map(({ id }) => id))
          const others = records.filter(({ id }) => !asked.has(id) && !marked.has(id))
          const damage = damageOfOthers(
            others,
            input.backups.map(({ verification }) => ({ at, ...verification })),
          )
          await mapConcurrently([...damage], WRITES_AT_ONCE, ([id, found]) =>
            objects.changeVerification(id, async (stored) => withDamage(stored, found), { signal }),
          )
          return { kept: failures }
        } catch (error) {
          throw endingFailure(error, `verifying repository ${input.repository}`, Context.current().info.attempt)
        }
      })
    },
  }
}
