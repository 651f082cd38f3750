import { InputError } from '../contract/check.ts'
import { readYaml } from '../workers/yaml-file.ts'

/** The mapping that a YAML file holds. Errors: InputError. */
export function mapping(file: string): Record<string, unknown> {
  const raw = readYaml(file)
  if (raw === undefined || raw === null) throw new InputError(file, ['is empty'])
  if (!isMapping(raw)) throw new InputError(file, ['is no mapping of keys to values'])
  return raw
}

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is no mapping stays, for the schema to tell of: spread, each letter of a text would be a key. */
export const amended = (
  given: unknown,
  amend: (values: Record<string, unknown>) => Record<string, unknown>,
): unknown => {
  const values = given ?? {}
  return isMapping(values) ? amend(values) : values
}

export const defined = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** Without a file only flags can say these, and they have no default. Errors: InputError. */
export function requireFlags(what: string, flags: Record<string, unknown>): void {
  const missing = Object.keys(flags).filter((flag) => flags[flag] === undefined)
  if (missing.length > 0) throw new InputError(what, [`give ${missing.join(' and ')}, or a FILE that says it`])
}
