import { eachBounded } from '../bounded.ts'
import { CONTENT, splitMd5 } from '../layout/names.ts'
import type { Repository } from '../layout/repository.ts'
import { SnapshotError } from '../layout/snapshot-error.ts'
import { listObjects, type StoredObject } from '../object-store.ts'
import { checkContent } from './check-content.ts'
import { checkTablet } from './check-tablet.ts'
import { ExpectedTablets } from './expected-tablets.ts'
import { type Finding, Findings } from './findings.ts'
import { Sample } from './sample.ts'

export interface VerifyOptions {
  /** Read every object; otherwise a sample. */
  deep?: boolean
  /** Objects to read when not deep; 64 unless given, none when 0. */
  sample?: number
  /** Objects read at once. */
  parallel?: number
  signal?: AbortSignal
  onProgress?: (progress: VerifyProgress) => void
}

export interface VerifyProgress {
  /** Listed so far. */
  objects: number
  bytes: number
  /** Read so far. */
  readObjects: number
  readBytes: number
}

export interface Verification extends VerifyProgress {
  label: string
  /** No finding is an error. */
  ok: boolean
  timestamp?: string
  tablets: number
  findings: Finding[]
  errors: number
  warnings: number
  /** Findings beyond those listed. */
  more: number
}

const PARALLEL = 8
const PROGRESS_EVERY_MS = 500

/**
 * Whether a snapshot could be restored, as far as the objects tell: its manifest and its meta by their md5; every tablet of the manifest with
 * its objects, a header, one content for each name, no unfinished uploads; and the md5 of every object, or of a sample.
 *
 * Memory: the manifest, and what one page of the listing holds, however many objects there are.
 * Errors: StorageError where the store as a whole fails; all that is wrong with the snapshot is in the result.
 */
export async function verifySnapshot(
  repository: Repository,
  label: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { deep = false, sample = 64, parallel = PARALLEL, signal, onProgress } = options
  const { store } = repository
  const directory = repository.snapshotDirectory(label)
  const findings = new Findings()
  const progress: VerifyProgress = { objects: 0, bytes: 0, readObjects: 0, readBytes: 0 }
  const tell = throttled(() => onProgress?.({ ...progress }))

  const read = await readManifest(repository, label, findings, signal)
  const expected = read && new ExpectedTablets(read.manifest)
  const tablets = expected?.count ?? 0
  const readObject = async (key: string) => {
    await checkContent(store, key, findings, {
      signal,
      onBytes: (count) => {
        progress.readBytes += count
        tell()
      },
    })
    progress.readObjects++
    tell()
  }

  const chosen = new Sample<string>(deep ? 0 : sample)
  const odd: string[] = []
  async function* toRead(): AsyncGenerator<string> {
    const groups = new TabletGroups(directory, expected, findings)
    for await (const object of listObjects(store, directory, { signal })) {
      progress.objects++
      progress.bytes += object.size
      tell()
      if (!groups.take(object)) continue
      if (deep) yield object.key
      else if (sample > 0 && attestedOtherwise(object) && odd.length < sample) odd.push(object.key)
      else chosen.offer(object.key)
    }
    groups.end()
    yield* new Set([...odd, ...chosen.items])
  }
  await eachBounded(toRead(), parallel, readObject, signal)

  onProgress?.({ ...progress })
  const { list, errors, warnings, more } = findings
  const ok = errors === 0
  const timestamp = read ? { timestamp: read.info.timestamp } : {}
  return { label, ok, ...timestamp, tablets, ...progress, findings: list, errors, warnings, more }
}

async function readManifest(
  repository: Repository,
  label: string,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<Awaited<ReturnType<Repository['readManifest']>> | undefined> {
  const { metas, strays, state } = await repository.lookAt(label, { signal })
  for (const key of strays) {
    if (key.endsWith('.part')) findings.add('part', key, 'an upload that did not end')
    else findings.add('stray', key, 'StarRocks keeps nothing under this name')
  }
  if (metas.length === 0 && state !== 'missing') {
    findings.add('meta', repository.snapshotDirectory(label), 'the definitions of the tables (__meta) are missing')
  }
  if (metas.length > 1) {
    const keys = metas.map(({ key }) => key).join(', ')
    findings.add('meta', repository.snapshotDirectory(label), `there are ${metas.length} metas: ${keys}`)
  }
  for (const { key } of metas) await checkContent(repository.store, key, findings, { signal })
  try {
    return await repository.readManifest(label, { signal })
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error
    findings.add('manifest', error.key ?? repository.snapshotDirectory(label), error.message)
    return undefined
  }
}

/** Collects the objects of one tablet, which a listing gives one after the other, and checks them when the next tablet begins. */
class TabletGroups {
  readonly #root: string
  readonly #expected: ExpectedTablets | undefined
  readonly #findings: Findings
  #directory = ''
  #objects: StoredObject[] = []

  constructor(root: string, expected: ExpectedTablets | undefined, findings: Findings) {
    this.#root = root
    this.#expected = expected
    this.#findings = findings
  }

  /** False for what is not content. */
  take(object: StoredObject): boolean {
    const { key } = object
    if (!key.startsWith(this.#root + CONTENT)) return false
    const directory = key.slice(0, key.lastIndexOf('/') + 1)
    if (directory !== this.#directory) {
      this.#check()
      this.#directory = directory
    }
    this.#objects.push(object)
    return true
  }

  /** After the last object. */
  end(): void {
    this.#check()
    for (const { directory, table, partition } of this.#expected?.missing() ?? []) {
      const problem = `a tablet of table ${table}, partition ${partition}, has no objects`
      this.#findings.add('missing-tablet', this.#root + directory, problem)
    }
  }

  #check(): void {
    if (this.#objects.length === 0) return
    const below = this.#directory.slice(this.#root.length)
    const tablet = this.#expected?.meet(below)
    if (this.#expected && !tablet) {
      this.#findings.add('stray', this.#directory, 'the manifest names no such tablet')
    } else checkTablet(this.#directory, this.#objects, tablet?.files, this.#findings)
    this.#objects = []
  }
}

/** Many stores have the md5 of the content as etag: where it is another one, the object is worth reading. */
function attestedOtherwise({ key, etag }: StoredObject): boolean {
  const attested = /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1]
  return attested !== undefined && attested !== splitMd5(key)?.md5
}

function throttled(tell: () => void): () => void {
  let last = performance.now()
  return () => {
    const now = performance.now()
    if (now - last < PROGRESS_EVERY_MS) return
    last = now
    tell()
  }
}
