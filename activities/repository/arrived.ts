import type { Repository } from '../../repository/index.ts'

/** What has arrived of a snapshot: another text when more has, files that are still being written included. Errors: StorageError. */
export async function arrivedIn(
  repository: Repository | undefined,
  label: string,
  signal?: AbortSignal,
): Promise<string> {
  const size = await repository?.measure(label, { signal })
  return `${size?.objects} objects, ${size?.bytes} bytes, ${size?.newest?.getTime()}`
}
