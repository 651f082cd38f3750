import { ApplicationFailure } from '@temporalio/workflow'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import type { Finding } from '../../contract/findings.ts'
import { interactive, work } from '../activities.ts'
import { type SetMemory, warn } from './set-memory.ts'

/** Findings go through every continue-as-new. */
const MOST_FINDINGS = 30
const MOST_TOLD = 10

/**
 * Looks whether the set can be backed up, before anything is sent. Warnings are noted; throws `Refused`, with everything that is fatal, unless the spec
 * says to go on. A policy waits for a cluster that cannot be talked to; whoever runs a backup by hand is told.
 */
export async function preflightSet(memory: SetMemory): Promise<void> {
  const { spec } = memory
  const scheduled = 'schedule' in spec
  const activities = scheduled ? work : interactive
  const { findings } = await activities.preflightBackup({ spec, patient: scheduled })
  memory.findings = findings.slice(0, MOST_FINDINGS)
  const ignored = new Set(spec.ignore)
  const fatal = findings.filter(({ level, code }) => level === 'fatal' && !ignored.has(code))
  for (const finding of findings) {
    if (finding.level === 'info' || fatal.includes(finding)) continue
    warn(memory, finding.message)
  }
  if (fatal.length === 0) return
  const more = fatal.length > MOST_TOLD ? `; and ${fatal.length - MOST_TOLD} more` : ''
  const text = `${fatal.slice(0, MOST_TOLD).map(sentence).join('; ')}${more}`
  throw ApplicationFailure.nonRetryable(text, BACKUP_ERRORS.refused)
}

const sentence = ({ message, remedy, code }: Finding) => `${message}${remedy ? `. ${remedy}` : ''} (${code})`
