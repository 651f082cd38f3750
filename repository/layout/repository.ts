import { createHash } from 'node:crypto'
import type { DeletePrefixOptions, DeleteResult, ObjectStore } from '../object-store.ts'
import { Leases } from '../own/leases.ts'
import { OwnObjects } from '../own/own-objects.ts'
import { isNotFound, StorageError } from '../storage-error.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import {
  CONTENT,
  INFO,
  infoName,
  isPart,
  labelOf,
  legacyDirectory,
  META,
  REPO_INFO,
  repositoryDirectory,
  SNAPSHOT,
  splitMd5,
} from './names.ts'
import { SnapshotError } from './snapshot-error.ts'

/** A manifest object by its name. */
export interface InfoObject {
  /** Relative to the location. */
  key: string
  /** As SHOW SNAPSHOT prints it; what RESTORE wants as backup_timestamp. */
  timestamp: string
  md5: string
  size: number
  lastModified: Date
}

/** What the names alone tell of a snapshot: one listing. */
export interface SnapshotNames {
  label: string
  /** complete: one manifest and its meta are there. The others as SnapshotProblem. */
  state: 'complete' | 'missing' | 'incomplete' | 'several-manifests' | 'no-meta'
  infos: InfoObject[]
  metas: { key: string; md5: string; size: number }[]
  /** Unfinished uploads beside them, and what has no place there. */
  strays: string[]
  hasContent: boolean
}

export interface ReadSnapshot {
  info: InfoObject
  manifest: Manifest
}

export interface SnapshotSize {
  objects: number
  bytes: number
  /** When something was written last, by the store's clock; undefined when nothing is there. */
  newest: Date | undefined
}

export interface DeleteSnapshotOptions {
  signal?: AbortSignal
  onProgress?: DeletePrefixOptions['onProgress']
  /** Keys below starferry's own directory that go when all else has gone; the record of that label unless given. */
  then?: readonly string[]
}

/** Manifests of a million tablets have some 60 MB. */
const LARGEST_MANIFEST = 400 * 1024 * 1024

interface Abortable {
  signal?: AbortSignal
}

/**
 * Opens a repository of StarRocks by its name. Errors: StorageError NotFound when nothing in the location says that it is one; others of the
 * store.
 */
export async function readRepository(
  store: ObjectStore,
  name: string,
  { signal }: Abortable = {},
): Promise<Repository> {
  for (const directory of [legacyDirectory(name), repositoryDirectory(name)]) {
    try {
      const text = (await store.getBytes(directory + REPO_INFO, 64 * 1024, { signal })).toString()
      const { create_time = '' } = JSON.parse(text) as { create_time?: string }
      return new Repository(store, name, directory, create_time)
    } catch (error) {
      if (isNotFound(error)) continue
      if (!(error instanceof SyntaxError)) throw error
      throw new StorageError('Unknown', `${directory}${REPO_INFO} in ${store.description} is no JSON: ${error.message}`)
    }
  }
  throw new StorageError(
    'NotFound',
    `There is no repository '${name}' in ${store.description}`,
    'its path contains its name: check the location and the name, or create it on a cluster first',
  )
}

/** A repository of StarRocks seen from outside, and what starferry keeps beside it. */
export class Repository {
  readonly store: ObjectStore
  readonly name: string
  /** Relative to the location, with a slash at its end. */
  readonly directory: string
  /** As StarRocks wrote it, in its time zone. */
  readonly createTime: string
  readonly own: OwnObjects
  readonly leases: Leases

  constructor(store: ObjectStore, name: string, directory = repositoryDirectory(name), createTime = '') {
    this.store = store
    this.name = name
    this.directory = directory
    this.createTime = createTime
    this.own = new OwnObjects(store, name)
    this.leases = new Leases(this.own, store)
  }

  /** Labels of all snapshots, whatever their state. */
  async *listSnapshots({ signal }: Abortable = {}): AsyncGenerator<string> {
    for await (const { prefixes } of this.store.list(this.directory + SNAPSHOT, { delimiter: '/', signal })) {
      for (const prefix of prefixes) {
        const label = labelOf(prefix.slice(this.directory.length))
        if (label !== undefined) yield label
      }
    }
  }

  /** What the names alone tell. */
  async lookAt(label: string, { signal }: Abortable = {}): Promise<SnapshotNames> {
    const directory = this.snapshotDirectory(label)
    const infos: InfoObject[] = []
    const metas: SnapshotNames['metas'] = []
    const strays: string[] = []
    let hasContent = false
    for await (const { objects, prefixes } of this.store.list(directory, { delimiter: '/', signal })) {
      hasContent ||= prefixes.includes(directory + CONTENT)
      strays.push(...prefixes.filter((prefix) => prefix !== directory + CONTENT))
      for (const { key, size, lastModified } of objects) {
        const name = key.slice(directory.length)
        const info = infoName(name)
        const md5 = splitMd5(name)?.md5
        if (info) infos.push({ key, ...info, size, lastModified })
        else if (name.startsWith(META) && md5 && !isPart(name)) metas.push({ key, md5, size })
        else strays.push(key)
      }
    }
    return { label, state: stateOf({ infos, metas, strays, hasContent }), infos, metas, strays, hasContent }
  }

  /**
   * The manifest, with its content proven by its md5.
   *
   * Errors: SnapshotError for everything that is wrong with the snapshot, StorageError for the store.
   */
  async readManifest(label: string, options: Abortable = {}): Promise<ReadSnapshot> {
    const names = await this.lookAt(label, options)
    const [info] = names.infos
    const where = `${this.store.description}, ${this.snapshotDirectory(label)}`
    if (names.state === 'missing') throw new SnapshotError('missing', label, `No snapshot ${label} is there: ${where}`)
    if (names.infos.length > 1) {
      const several = names.infos.map(({ key }) => key).join(', ')
      throw new SnapshotError(
        'several-manifests',
        label,
        `Snapshot ${label} has ${names.infos.length} manifests, so two backups took the same label and their objects are mixed: ${several}`,
      )
    }
    if (!info) {
      throw new SnapshotError(
        'incomplete',
        label,
        `Snapshot ${label} has no manifest: it is being written, or it is what a failed backup left (${where})`,
      )
    }
    return { info, manifest: await this.#read(label, info, options) }
  }

  async #read(label: string, { key, md5 }: InfoObject, { signal }: Abortable): Promise<Manifest> {
    const bytes = await this.store.getBytes(key, LARGEST_MANIFEST, { signal })
    const found = createHash('md5').update(bytes).digest('hex')
    if (found !== md5) {
      throw new SnapshotError('md5', label, `The manifest ${key} is damaged: its content has the md5 ${found}`, key)
    }
    let manifest: Manifest
    try {
      manifest = parseManifest(bytes.toString())
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new SnapshotError('unparsable', label, `The manifest ${key} cannot be read: ${why}`, key)
    }
    if (manifest.result !== 'succeed') {
      throw new SnapshotError(
        'failed',
        label,
        `The manifest ${key} says that the backup ended with '${manifest.result}'`,
        key,
      )
    }
    if (manifest.label !== label) {
      throw new SnapshotError(
        'unparsable',
        label,
        `The manifest ${key} is that of another snapshot, ${manifest.label}`,
        key,
      )
    }
    return manifest
  }

  /** Objects and bytes of a snapshot, in any state. */
  async measure(label: string, { signal }: Abortable = {}): Promise<SnapshotSize> {
    const size: SnapshotSize = { objects: 0, bytes: 0, newest: undefined }
    for await (const { objects } of this.store.list(this.snapshotDirectory(label), { signal })) {
      for (const object of objects) {
        size.objects++
        size.bytes += object.size
        if (!size.newest || object.lastModified > size.newest) size.newest = object.lastModified
      }
    }
    return size
  }

  /**
   * Deletes a snapshot in an order in which it is at no moment taken for good: the manifest, then the meta, then the content; what is kept
   * beside it last. Can be repeated until nothing is left. The caller knows that nobody writes or reads it.
   *
   * Never throws half-way: what could not be deleted, and why, is in the result. Nothing else is deleted while the manifest cannot be.
   */
  async deleteSnapshot(label: string, options: DeleteSnapshotOptions = {}): Promise<DeleteResult> {
    const { signal, onProgress, then = [`records/${label}.json.gz`] } = options
    const directory = this.snapshotDirectory(label)
    const first = [directory + INFO, directory + META]
    const result = await this.store.deletePrefix(directory, { first, signal, onProgress })
    if (result.failed === 0 && !result.stopped) {
      const last = await this.own.delete(then, { signal })
      result.failed += last.failed
      result.failures.push(...last.failures)
      result.stopped ??= last.stopped
    }
    return result
  }

  /** Relative to the location, with a slash at its end. */
  snapshotDirectory(label: string): string {
    // An empty label, or one with a slash, would be the way to other snapshots.
    if (label === '' || label.includes('/')) {
      throw new StorageError('Unsupported', `'${label}' cannot be the label of a snapshot`)
    }
    return `${this.directory}${SNAPSHOT}${label}/`
  }
}

function stateOf({ infos, metas, strays, hasContent }: Omit<SnapshotNames, 'label' | 'state'>): SnapshotNames['state'] {
  if (infos.length > 1) return 'several-manifests'
  if (infos.length === 1) return metas.length > 0 ? 'complete' : 'no-meta'
  return hasContent || metas.length > 0 || strays.length > 0 ? 'incomplete' : 'missing'
}
