import { check, InputError, unknownKeys } from '../contract/check.ts'
import { type MigrationSpec, migrationSpecSchema } from '../contract/migration-spec.ts'
import { badInput } from './bad-input.ts'

export { badInput } from './bad-input.ts'

/** A spec as JSON beyond this does not belong into every child's input; globs say the same in a line. */
const LONGEST_SPEC = 32 * 1024

/** The spec with defaults filled in. Throws a non-retryable failure `BadInput` with one clear message; nothing has been changed then. */
export function checkSpec(input: unknown): MigrationSpec {
  const spec = checked(() => check(migrationSpecSchema, input, 'This is no migration spec'))
  const size = JSON.stringify(spec).length
  if (size > LONGEST_SPEC) {
    throw badInput(
      `The migration spec is ${Math.ceil(size / 1024)} KiB long and may be ${LONGEST_SPEC / 1024}: name tables by globs`,
    )
  }
  return spec
}

/** All keys of an input, so that one that is added later is not refused. */
export type KeysOf<T> = Readonly<Record<keyof T & string, true>>

/** Of the object that a spec comes in. */
export function refuseUnknownKeys<T extends object>(who: string, input: T, known: KeysOf<T>): void {
  const unknown = unknownKeys(input, Object.keys(known))
  if (unknown.length > 0) throw badInput(`${who}: ${unknown.join('; ')}`)
}

export function checked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof InputError) throw badInput(error.message)
    throw error
  }
}
