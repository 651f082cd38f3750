import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import type {
  CompanionApplied,
  CompanionInput,
  CompanionPage,
  SavedCompanion,
} from '../../contract/backup/companion-api.ts'
import { repositoryKeys } from '../../contract/backup/record.ts'
import { kindsNotIncluded } from '../../planning/companion/not-included.ts'
import { type CompanionEntry, readCompanion } from '../../planning/companion/script.ts'
import type { Dependencies } from '../dependencies.ts'
import { asFailure } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { applyCompanion } from './apply.ts'
import { collectCompanion, type SaveCompanionInput } from './save.ts'
import { readScript, writeReport, writeScript } from './script-object.ts'

export type { SaveCompanionInput } from './save.ts'

/** Characters of a page: it goes through a workflow's history, and payloads stay under 64 KiB, as JSON. */
const PAGE = 48 * 1024

/** The script beside a backup: users, grants, views and whatever else is in no snapshot. */
export function createCompanionActivities(deps: Dependencies) {
  return {
    /** Writes the companion of a backup, and what is not in it; again and again, if need be. Where the spec wants none, tells only which kinds are not in the backup. */
    saveCompanion: (input: SaveCompanionInput): Promise<SavedCompanion> =>
      guarded(`The companion file of backup ${input.id}`, async (signal) => {
        const { repository } = input.spec
        if (!input.spec.companion) {
          const notIncluded = kindsNotIncluded()
          await writeReport(deps.repository(repository), input.id, notIncluded, signal)
          return { statements: 0, byHand: 0, notIncluded, warnings: [] }
        }
        const { text, ...saved } = await collectCompanion(deps, input, signal)
        await writeReport(deps.repository(repository), input.id, saved.notIncluded, signal)
        await writeScript(deps.repository(repository), input.id, text, signal)
        return { ...saved, key: repositoryKeys.companion(repository, input.id) }
      }),

    /** A page of the script. */
    companionPage: (input: Extract<CompanionInput, { op: 'print' }>): Promise<CompanionPage> =>
      guarded(`The companion file of backup ${input.id}`, async (signal) => {
        const { repository, id, from = 0 } = input
        const text = await scriptOf(repository, id, signal)
        const entries = entriesOf(text, id)
        const next = from + PAGE
        return {
          key: repositoryKeys.companion(repository, id),
          text: text.slice(from, next),
          ...(next < text.length ? { next } : {}),
          statements: entries.reduce((sum, { statements }) => sum + statements.length, 0),
          byHand: entries.filter(({ byHand }) => byHand !== undefined).length,
        }
      }),

    /** Runs the script on a cluster, statement by statement. */
    applyCompanion: (input: Extract<CompanionInput, { op: 'apply' }>): Promise<CompanionApplied> =>
      guarded(`The companion file of backup ${input.id}`, async (signal, report) => {
        const text = await scriptOf(input.repository, input.id, signal)
        const { cluster } = deps.cluster(input.cluster)
        const { kinds } = input
        return applyCompanion(cluster, entriesOf(text, input.id), { kinds, signal, tell: report })
      }),
  }

  async function scriptOf(repository: string, id: string, signal: AbortSignal): Promise<string> {
    const text = await readScript(deps.repository(repository), id, signal)
    if (text !== undefined) return text
    throw ApplicationFailure.nonRetryable(
      `Backup ${id} in repository ${repository} has no companion file: there is no such backup, or it was made with companion set to false`,
      BACKUP_ERRORS.refused,
    )
  }
}

function entriesOf(text: string, id: string): CompanionEntry[] {
  try {
    return readCompanion(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw ApplicationFailure.nonRetryable(
      `The companion file of backup ${id} cannot be read: ${why}`,
      BACKUP_ERRORS.corrupt,
    )
  }
}

function guarded<T>(
  what: string,
  work: (signal: AbortSignal, report: (doing: string) => void) => Promise<T>,
): Promise<T> {
  return beating(async (report) => {
    try {
      return await work(manyListeners(Context.current().cancellationSignal), report)
    } catch (error) {
      throw repositoryFailure(asFailure(error, what), what)
    }
  })
}
