import { patched } from '@temporalio/workflow'
import type { BackupSetInput } from '../../contract/backup/backup-api.ts'
import { backupSpecSchema, policySchema, whyNotOfKind } from '../../contract/backup/policy.ts'
import { check, InputError, unknownKeys } from '../../contract/check.ts'
import { objectProblems } from '../../planning/backup/object-problems.ts'
import { badInput, checked, type KeysOf } from '../check-input.ts'

/** A spec beyond this does not belong into every child's input; globs say the same in a line. */
const LONGEST_SPEC = 32 * 1024

/** The spec or policy with defaults filled in. Throws a non-retryable failure `BadInput`; nothing has been changed then. */
export function checkBackupInput<T extends { spec?: unknown; kind?: unknown }>(
  who: string,
  input: T | undefined,
  known: KeysOf<T>,
): BackupSetInput {
  const given = input?.spec
  if (typeof given !== 'object' || given === null) throw badInput(`${who}: give {"spec": …}`)
  const unknown = unknownKeys(input ?? {}, Object.keys(known))
  // Runs of former versions may have been started with some.
  if (unknown.length > 0 && patched('refuses-unknown-keys')) throw badInput(`${who}: ${unknown.join('; ')}`)
  const kind = input?.kind ?? 'auto'
  if (kind !== 'auto' && kind !== 'full' && kind !== 'incremental') {
    throw badInput(`${who}: kind is auto, full or incremental`)
  }
  const spec = checkBackupSpec(given)
  const wrong = whyNotOfKind(spec, kind)
  if (wrong !== undefined && patched('refuses-incremental')) throw badInput(`${who}: ${wrong}`)
  const size = JSON.stringify(spec).length
  if (size > LONGEST_SPEC) {
    throw badInput(`The spec is ${Math.ceil(size / 1024)} KiB long and may be ${LONGEST_SPEC / 1024}: use globs`)
  }
  return { spec, kind }
}

/** As above, of the spec or policy alone. */
export function checkBackupSpec(given: unknown): BackupSetInput['spec'] {
  const scheduled = typeof given === 'object' && given !== null && 'schedule' in given
  const what = scheduled ? 'This is no backup policy' : 'This is no backup spec'
  return checked(() => {
    const spec = scheduled ? check(policySchema, given, what) : check(backupSpecSchema, given, what)
    const problems = objectProblems(spec.objects)
    if (problems.length > 0) throw new InputError(what, problems)
    return spec
  })
}
