import { check, InputError } from '../contract/check.ts'
import { type MigrationSpec, type MigrationSpecInput, migrationSpecSchema } from '../contract/migration-spec.ts'
import { readSyncProperties } from '../workers/properties/read-directory.ts'
import { mapping } from './mapping.ts'

export interface SpecOptions {
  properties?: string
  name?: string
  oneTime?: boolean
}

/**
 * The migration spec of a command: from a YAML file (`-`: standard input), or from StarRocks' own files. As it was written, so that defaults
 * are filled in by who runs it; checked, so that a mistake is told here. Errors: InputError.
 */
export function readSpec(
  file: string | undefined,
  options: SpecOptions,
): { input: MigrationSpecInput; spec: MigrationSpec } {
  if ((file === undefined) === (options.properties === undefined)) {
    throw new InputError('Which migration', [
      'give a SPEC file, or --properties DIR with StarRocks’ own files; one of the two',
    ])
  }
  const raw = file === undefined ? readSyncProperties(options.properties ?? '', options.name).spec : mapping(file)
  const what = file ?? 'sync.properties'
  const input = {
    ...raw,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.oneTime === undefined ? {} : { oneTime: options.oneTime }),
  }
  return { input: input as MigrationSpecInput, spec: check(migrationSpecSchema, input, what) }
}
