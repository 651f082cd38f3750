import { Context } from '@temporalio/activity'
import type { Verification, VerifyInput } from '../../contract/backup/repository-api.ts'
import { recordRows } from '../../planning/backup/catalogue.ts'
import type { Dependencies } from '../dependencies.ts'
import { refused } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { protectSnapshots, releaseSnapshots } from './leases.ts'
import { readHoldings } from './read-holdings.ts'
import { objectsOf } from './repository-objects.ts'
import { repositoryFailure } from './storage-failure.ts'
import { type VerifiedLabel, verifyLabel } from './verify-label.ts'

/** A page is part of a history, and so are its labels once more as the next activity's input. */
const BACKUPS_PER_PAGE = 50
const LABELS_PER_PAGE = 400

export interface LabelToVerify {
  label: string
  md5?: string
}

export interface VerifyPage {
  labels: LabelToVerify[]
  /** `needs`: indices into `labels`. */
  backups: { id: string; needs: number[] }[]
  /** The last id, when there are more. */
  next?: string
}

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
      const signal = Context.current().cancellationSignal
      return beating(async () => {
        try {
          const repository = await deps.repository(input.repository).open(signal)
          const holdings = await readHoldings(repository, signal)
          const heads = new Map(holdings.records.map((head) => [head.id, head]))
          const unknown = (input.ids ?? []).find(
            (id) => !holdings.records.some((head) => head.id === id || head.labels.includes(id)),
          )
          if (unknown !== undefined) throw refused(`Repository ${input.repository} holds no backup '${unknown}'`)
          const wanted = input.ids && new Set(input.ids)
          const rows = recordRows(holdings, input).filter(
            ({ id, state, labels }) =>
              state !== 'being deleted' && (!wanted || wanted.has(id) || labels.some((label) => wanted.has(label))),
          )
          const page: VerifyPage = { labels: [], backups: [] }
          const places = new Map<string, number>()
          const start = input.after === undefined ? 0 : rows.findIndex(({ id }) => id === input.after) + 1
          for (const { id } of rows.slice(start, start + BACKUPS_PER_PAGE)) {
            const head = heads.get(id)
            if (!head || (page.backups.length > 0 && places.size + head.labels.length > LABELS_PER_PAGE)) break
            const needs = head.labels.map((label, i) => {
              const place = places.get(label) ?? page.labels.push({ label, md5: head.md5?.[i] }) - 1
              places.set(label, place)
              return place
            })
            page.backups.push({ id, needs })
          }
          const last = page.backups.at(-1)
          return { ...page, next: last && start + page.backups.length < rows.length ? last.id : undefined }
        } catch (error) {
          throw repositoryFailure(error, `verifying repository ${input.repository}`)
        }
      })
    },

    /** Verifies snapshots one after the other; a next attempt goes on behind those that the former one is known to have done. */
    async verifyLabels({ repository: name, labels, mode, holder }: VerifyLabelsInput): Promise<VerifiedLabel[]> {
      const context = Context.current()
      const signal = context.cancellationSignal
      const before = context.info.heartbeatDetails as { results?: VerifiedLabel[] } | undefined
      const results = before?.results ?? []
      return beating(
        async (report) => {
          try {
            const repository = await deps.repository(name).open(signal)
            const { deleting } = await protectSnapshots(
              repository,
              { holder, why: 'verified', labels: labels.map(({ label }) => label) },
              signal,
            )
            const doomed =
              deleting.length > 0 ? await objectsOf(repository).deleting({ signal }) : new Map<string, string[]>()
            const gone = new Set(deleting.flatMap((id) => doomed.get(id) ?? []))
            const done = new Set(results.map(({ label }) => label))
            for (const { label, md5 } of labels) {
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
              results.push(await verifyLabel(repository, label, { mode, md5, signal, onProgress }))
              report({ results })
            }
            await releaseSnapshots(repository, holder, signal)
            return results
          } catch (error) {
            throw repositoryFailure(error, `verifying repository ${name}`)
          }
        },
        { results },
      )
    },

    /** Writes beside the records what was found. One that is gone meanwhile gets none. */
    async writeVerifications(input: {
      repository: string
      backups: { id: string; verification: Omit<Verification, 'at'> }[]
    }): Promise<void> {
      const signal = Context.current().cancellationSignal
      await beating(async () => {
        try {
          const repository = await deps.repository(input.repository).open(signal)
          const objects = objectsOf(repository)
          const { records, marked } = await readHoldings(repository, signal)
          const heads = new Map(records.map((head) => [head.id, head]))
          const at = (await repository.store.now({ signal })).toISOString()
          for (const { id, verification } of input.backups) {
            const head = heads.get(id)
            if (!head || marked.has(id)) continue
            await objects.putVerification(id, { at, ...verification }, { signal })
            deps.metrics.count('verified_total', { outcome: verification.ok ? 'ok' : 'failed' })
            deps.metrics.gauge('last_verification_ok', verification.ok ? 1 : 0, {
              cluster: head.cluster,
              database: head.database,
              policy: head.name,
            })
          }
        } catch (error) {
          throw repositoryFailure(error, `verifying repository ${input.repository}`)
        }
      })
    },
  }
}
