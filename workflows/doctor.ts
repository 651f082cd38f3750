import { setCurrentDetails } from '@temporalio/workflow'
import type { DoctorResult } from '../contract/findings.ts'
import type { MigrationSpecInput } from '../contract/migration-spec.ts'
import { interactive } from './activities.ts'
import { checkSpec } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** The checks that a migration makes before it starts; changes nothing. */
export async function doctor(input: MigrationSpecInput): Promise<DoctorResult> {
  const spec = checkSpec(input)
  setSearchAttributes({ kind: 'doctor', migration: spec.name })
  const result = await interactive.preflight({ spec })
  setCurrentDetails(
    result.findings
      .map(({ level, code, subject, message }) => `- **${level}** \`${code}\` ${subject}: ${message}`)
      .join('\n') || 'No findings',
  )
  return result
}
