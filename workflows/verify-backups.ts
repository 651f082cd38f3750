import { setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import { type VerifyInput, type VerifyResult, verifyInputSchema } from '../contract/backup/repository-api.ts'
import { check } from '../contract/check.ts'
import { VerifySummary } from '../planning/backup/verify-summary.ts'
import { waits, work } from './activities.ts'
import { checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** Snapshots of one activity: what a next attempt may have to read again, at the most. */
const BATCH = 20

/** Verifies backups with all snapshots that they need, each of these once, and writes beside each record what was found. */
export async function verifyBackups(input: VerifyInput): Promise<VerifyResult> {
  const wanted = checked(() => check(verifyInputSchema, input, 'verifyBackups, give {"repository": …}'))
  setSearchAttributes({ kind: 'verify' })
  const mode = wanted.deep ? 'deep' : wanted.manifestOnly ? 'manifest' : 'sample'
  const { repository } = wanted
  const holder = workflowInfo().workflowId
  const started = Date.now()
  const summary = new VerifySummary()
  for (let after: string | undefined; ; ) {
    const page = await work.backupsToVerify({ ...wanted, after })
    const open = page.labels.filter(({ label }) => !summary.has(label))
    for (let from = 0; from < open.length; from += BATCH) {
      const labels = open.slice(from, from + BATCH)
      setCurrentDetails(`${summary.result(0).backups} backups verified; now ${labels[0]?.label}`)
      for (const one of await waits.verifyLabels({ repository, labels, mode, holder })) summary.add(one)
    }
    const backups = summary.judge(page, mode)
    // Workers of before answer nothing.
    if (backups.length > 0) summary.keep((await work.writeVerifications({ repository, backups }))?.kept ?? [])
    after = page.next
    if (after === undefined) break
  }
  const result = summary.result((Date.now() - started) / 1000)
  setCurrentDetails(
    result.ok
      ? `${result.backups} backups verified, all whole`
      : `${result.backups - result.whole} of ${result.backups} backups are damaged: ${result.broken.slice(0, 20).join(', ')}`,
  )
  return result
}
