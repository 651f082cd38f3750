import type { ObjectStore } from '../object-store.ts'
import { checkContent } from './check-content.ts'
import { Findings } from './findings.ts'

/**
 * Whether an object that was found damaged is so still, by its content. One that is gone is not: what is missing a listing tells, and every verification makes
 * one. Errors: StorageError where the store fails.
 */
export async function isStillDamaged(
  store: ObjectStore,
  key: string,
  options: { signal?: AbortSignal } = {},
): Promise<boolean> {
  if (!(await store.head(key, options))) return false
  const findings = new Findings()
  await checkContent(store, key, findings, options)
  return findings.errors > 0
}
