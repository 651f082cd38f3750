import { patched } from '@temporalio/workflow'
import type { BackupSetInput } from '../../contract/backup/backup-api.ts'
import { backupSpecSchema, policySchema, whyNotOfKind } from '../../contract/backup/policy.ts'
import { check } from '../../contract/check.ts'
import { badInput, checked } from '../check-input.ts'

/** A spec beyond this does not belong into every child's input; globs say the same in a line. */
const LONGEST_SPEC = 32 * 1024

/** The spec or policy with defaults filled in. Throws a non-retryable failure `BadInput`; nothing has been changed then. */
export function checkBackupInput(who: string, input: { spec?: unknown; kind?: unknown } | undefined): BackupSetInput {
  const given = input?.spec
  if (typeof given !== 'object' || given === null) throw badInput(`${who}: give {"spec": …}`)
  const kind = input?.kind ?? 'auto'
  if (kind !== 'auto' && kind !== 'full' && kind !== 'incremental') {
    throw badInput(`${who}: kind is auto, full or incremental`)
  }
  const spec = checked(() =>
    'schedule' in given
      ? check(policySchema, given, 'This is no backup policy')
      : check(backupSpecSchema, given, 'This is no backup spec'),
  )
  const wrong = whyNotOfKind(spec, kind)
  if (wrong !== undefined && patched('refuses-incremental')) throw badInput(`${who}: ${wrong}`)
  const { databases, tables, catalogs, functions } = spec.objects
  if ([databases, tables, catalogs, Array.isArray(functions) ? functions : []].every(({ length }) => length === 0)) {
    throw badInput(
      'The spec names nothing to back up: give objects.databases, objects.tables, objects.functions or objects.catalogs',
    )
  }
  const size = JSON.stringify(spec).length
  if (size > LONGEST_SPEC) {
    throw badInput(`The spec is ${Math.ceil(size / 1024)} KiB long and may be ${LONGEST_SPEC / 1024}: use globs`)
  }
  const bad = [...tables, ...(Array.isArray(functions) ? functions : [])].find((table) => !/^[^.]+\../s.test(table))
  if (bad !== undefined) throw badInput(`objects: '${bad}' is no name of an object: write it as database.name`)
  return { spec, kind }
}
