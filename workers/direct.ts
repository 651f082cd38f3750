import { ApplicationFailure } from '@temporalio/common'
import { clusterJobs, clustersOf } from '../activities/repository/cluster-jobs.ts'
import { listBackups } from '../activities/repository/list-backups.ts'
import { planPrune, shownPlan } from '../activities/repository/plan-prune.ts'
import { objectsOf } from '../activities/repository/repository-objects.ts'
import { selectToVerify } from '../activities/repository/select-to-verify.ts'
import { createSettling } from '../activities/repository/settle-verification.ts'
import { readSituation } from '../activities/repository/situation.ts'
import { verifyLabel } from '../activities/repository/verify-label.ts'
import {
  type BackupsInput,
  type BackupsPage,
  type PruneInput,
  type PrunePlan,
  pruneInputSchema,
  type VerifyInput,
  type VerifyResult,
} from '../contract/backup/repository-api.ts'
import { check, InputError } from '../contract/check.ts'
import { type KeptFailure, VerifySummary } from '../planning/backup/verify-summary.ts'
import { StorageError } from '../repository/index.ts'
import { createClusters } from './clusters.ts'
import { type ConfigurationOptions, loadConfiguration } from './configuration.ts'
import { createRepositories } from './repositories.ts'
import { createMask, maskError, secretsOf } from './secrets.ts'

/** Reading repositories from here, without Temporal and without a worker: for the hour in which these are lost. Nothing is ever written. */
export interface Direct {
  backups(input: BackupsInput, signal?: AbortSignal): Promise<BackupsPage>
  /** What is found is not written beside the records. */
  verify(
    input: VerifyInput,
    options?: { signal?: AbortSignal; onProgress?(label: string, bytesRead: number): void },
  ): Promise<VerifyResult>
  /** Without Temporal nothing is known of workflows: whatever they announced counts as needed. */
  planPrune(input: PruneInput, signal?: AbortSignal): Promise<PrunePlan>
  close(): Promise<void>
}

/** With the worker's own starferry.yaml. Errors: InputError for the configuration; what it reads with fails as activities do. */
export async function openDirect(options: ConfigurationOptions): Promise<Direct> {
  const configuration = loadConfiguration(options)
  const mask = createMask(secretsOf(configuration))
  const repositories = createRepositories(configuration)
  const clusters = createClusters(configuration)
  const clusterNames = () => Object.keys(configuration.clusters)

  /** Whoever waits sees which repository it is, and whether the configuration is wrong or the storage does not answer. */
  async function reading<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      maskError(mask, error)
      if (error instanceof ApplicationFailure && error.type === 'UnknownRepository') {
        throw new InputError('--repository', [error.message])
      }
      if (!(error instanceof StorageError)) throw error
      if (error.kind === 'Unsupported') throw new InputError(`repositories.${name}`, [error.message])
      throw new Error(`Repository ${name}: ${error.message}`, { cause: error })
    }
  }

  return {
    backups: (input, signal) =>
      reading(input.repository, () => listBackups(repositories.get(input.repository), input, signal)),
    verify: (input, { signal, onProgress } = {}) =>
      reading(input.repository, async () => {
        const mode = input.deep ? 'deep' : input.manifestOnly ? 'manifest' : 'sample'
        const started = performance.now()
        const repository = await repositories.get(input.repository).open(signal)
        const settle = createSettling(repository, signal)
        const summary = new VerifySummary()
        for (let after: string | undefined; ; ) {
          const page = await selectToVerify(repository, { ...input, after }, signal)
          for (const { label, md5, size } of page.labels) {
            if (summary.has(label)) continue
            const progress = ({ readBytes }: { readBytes: number }) => onProgress?.(label, readBytes)
            summary.add(await verifyLabel(repository, label, { mode, md5, size, signal, onProgress: progress }))
          }
          const kept: KeptFailure[] = []
          for (const { id, verification } of summary.judge(page, mode)) {
            const stored = await objectsOf(repository).storedVerification(id, { signal })
            const settled = await settle(id, stored, { at: '', ...verification })
            if (settled.kept) kept.push(settled.kept)
          }
          summary.keep(kept)
          after = page.next
          if (after === undefined) return summary.result((performance.now() - started) / 1000)
        }
      }),
    planPrune: (input, signal) =>
      reading(input.repository, async () => {
        const order = check(pruneInputSchema, input, 'prune')
        const repository = await repositories.get(order.repository).open(signal)
        const deps = { cluster: clusters.get, clusterNames, repository: repositories.get }
        const situation = await readSituation(deps, repository, {
          leftovers: order.leftovers,
          jobs: () => clusterJobs(deps, clustersOf(deps, order.repository), signal),
          signal,
        })
        return shownPlan(planPrune(situation, order))
      }),
    close: async () => {
      await Promise.all([repositories.close(), clusters.close()])
    },
  }
}
