import { setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { VerifiedLabel } from '../activities/repository/verify-label.ts'
import { type VerifyInput, type VerifyResult, verifyInputSchema } from '../contract/backup/repository-api.ts'
import { check } from '../contract/check.ts'
import { waits, work } from './activities.ts'
import { checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** Snapshots of one activity: what a next attempt may have to read again, at the most. */
const BATCH = 20
const MOST_PROBLEMS = 100
const MOST_BROKEN = 200
const PROBLEMS_PER_BACKUP = 20

/** Verifies backups with all snapshots that they need, each of these once, and writes beside each record what was found. */
export async function verifyBackups(input: VerifyInput): Promise<VerifyResult> {
  const wanted = checked(() => check(verifyInputSchema, input, 'verifyBackups'))
  setSearchAttributes({ kind: 'verify' })
  const mode = wanted.deep ? 'deep' : wanted.manifestOnly ? 'manifest' : 'sample'
  const { repository } = wanted
  const started = Date.now()
  const result: VerifyResult = {
    ok: true,
    backups: 0,
    objects: 0,
    bytes: 0,
    seconds: 0,
    problems: [],
    more: 0,
    whole: 0,
    broken: [],
  }
  const seen = new Map<string, VerifiedLabel>()
  for (let after: string | undefined; ; ) {
    const page = await work.backupsToVerify({ ...wanted, after })
    const open = page.labels.filter(({ label }) => !seen.has(label))
    for (let from = 0; from < open.length; from += BATCH) {
      const labels = open.slice(from, from + BATCH)
      setCurrentDetails(`${result.backups} backups verified, ${seen.size} snapshots; now ${labels[0]?.label}`)
      for (const one of await waits.verifyLabels({ repository, labels, mode, holder: workflowInfo().workflowId })) {
        seen.set(one.label, one)
        result.objects += one.objects
        result.bytes += one.bytes
      }
    }
    const backups = page.backups.map(({ id, needs }) => {
      const snapshots = needs.flatMap((place) => seen.get(page.labels[place]?.label ?? '') ?? [])
      const ok = snapshots.length === needs.length && snapshots.every((one) => one.ok)
      const problems = snapshots.flatMap(({ label, problems: found }) =>
        found.map((problem) => ({ label, ...problem })),
      )
      add(
        id,
        ok,
        problems,
        sum(snapshots, (one) => one.more),
      )
      const size = { objects: sum(snapshots, (one) => one.objects), bytes: sum(snapshots, (one) => one.bytes) }
      return { id, verification: { mode, ok, ...size, problems: problems.slice(0, PROBLEMS_PER_BACKUP) } } as const
    })
    if (backups.length > 0) await work.writeVerifications({ repository, backups })
    after = page.next
    if (after === undefined) break
  }
  result.seconds = Math.round((Date.now() - started) / 1000)
  setCurrentDetails(
    result.ok
      ? `${result.backups} backups verified, all whole`
      : `${result.broken.length} of ${result.backups} backups are damaged: ${result.broken.slice(0, 20).join(', ')}`,
  )
  return result

  function add(id: string, ok: boolean, problems: Omit<VerifyResult['problems'][number], 'id'>[], more: number): void {
    result.backups++
    if (ok) {
      result.whole++
      return
    }
    result.ok = false
    if (result.broken.length < MOST_BROKEN) result.broken.push(id)
    const room = Math.max(0, MOST_PROBLEMS - result.problems.length)
    result.problems.push(...problems.slice(0, room).map((problem) => ({ id, ...problem })))
    result.more += problems.length - Math.min(problems.length, room) + more
  }
}

const sum = <T>(list: readonly T[], of: (one: T) => number) => list.reduce((total, one) => total + of(one), 0)
