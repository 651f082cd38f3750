import { ZodError } from 'zod'
import {
  type BackupIntent,
  type BackupRecord,
  type RecordCounts,
  recordCountsSchema,
  repositoryKeys,
} from '../../contract/backup/record.ts'
import type { Verification } from '../../contract/backup/repository-api.ts'
import { type RecordHead, readHead, UNREADABLE } from '../../planning/backup/head.ts'
import { readRecord } from '../../planning/backup/read-record.ts'
import { withCounts } from '../../planning/backup/record-counts.ts'
import { DamagedObject, isUnreadable, RecordReader, type Repository, StorageError } from '../../repository/index.ts'
import { DeletionMarks } from './deletion-marks.ts'

interface Abortable {
  signal?: AbortSignal
}

export interface FoundIntent {
  intent: BackupIntent
  /** By the store's clock. */
  writtenAt: Date
}

/** Objects of starferry that are damaged: named, and never taken for absent. */
export interface Damaged {
  /** Of the record, by the name of its object. */
  id: string
  key: string
  problem: string
}

type VerifiedShortly = NonNullable<RecordHead['verified']>

/** Undefined: there is none. */
export type StoredVerification = Verification | typeof UNREADABLE | undefined

/** What starferry keeps in a repository, by its meaning. Errors: StorageError. */
export class RepositoryObjects {
  readonly repository: Repository
  readonly marks: DeletionMarks
  readonly #heads: RecordReader<RecordHead>
  readonly #intents: RecordReader<BackupIntent>
  readonly #verified: RecordReader<VerifiedShortly>

  constructor(repository: Repository) {
    this.repository = repository
    const { own } = repository
    this.marks = new DeletionMarks(own)
    this.#heads = new RecordReader(own, { pick: readHead, cost: costOf })
    this.#intents = new RecordReader(own)
    this.#verified = new RecordReader(own, {
      pick: (json): VerifiedShortly => {
        if (!isVerification(json)) throw new Error('it is no verification')
        const { at, mode, ok } = json
        return { at, mode, ok }
      },
      cost: () => 100,
    })
  }

  /** All records in short, in no order, with their last verification; one that cannot be read may have found damage. Records that cannot be read are in `damaged`. */
  async heads(options: Abortable = {}): Promise<{ heads: RecordHead[]; damaged: Damaged[] }> {
    const verified = new Map<string, VerifiedShortly>()
    const notes = this.#verified.read(this.#relative(repositoryKeys.verifications), options)
    for await (const { key, object, value } of notes) {
      const unread = { at: object.lastModified.toISOString(), mode: UNREADABLE, ok: false }
      verified.set(nameOf(key, '.json'), value ?? unread)
    }
    const heads: RecordHead[] = []
    const damaged: Damaged[] = []
    for await (const { key, value, problem } of this.#heads.read(this.#relative(repositoryKeys.records), options)) {
      if (value) heads.push({ ...value, verified: verified.get(value.id) ?? value.verified })
      else damaged.push({ id: nameOf(key, '.json.gz'), key, problem: problem ?? 'it cannot be read' })
    }
    return { heads, damaged }
  }

  /** With what was counted later. Undefined when there is none of that id. Errors: StorageError Unknown when it is damaged. */
  async record(id: string, options: Abortable = {}): Promise<BackupRecord | undefined> {
    const key = this.#own(repositoryKeys.record, id)
    const json = await this.repository.own.getJson(key, options)
    if (json === undefined) return undefined
    const record = this.#read(key, readRecord, json)
    const counts = await this.counts(id, options)
    return counts ? withCounts(record, counts) : record
  }

  /** What was counted after the record was written. A backup is good without it, so what cannot be read is as good as none. Errors: StorageError. */
  async counts(id: string, options: Abortable = {}): Promise<RecordCounts | undefined> {
    try {
      const json = await this.repository.own.getJson(this.#own(repositoryKeys.counts, id), options)
      return recordCountsSchema.safeParse(json).data
    } catch (error) {
      if (error instanceof StorageError && error.kind === 'Unknown') return undefined
      throw error
    }
  }

  async putCounts(id: string, counts: RecordCounts, options: Abortable = {}): Promise<void> {
    await this.repository.own.putJson(this.#own(repositoryKeys.counts, id), counts, options)
  }

  /** What a record begins with, for those who do not need its partitions. Undefined when there is none of that id. Errors: as `record`. */
  async head(id: string, options: Abortable = {}): Promise<RecordHead | undefined> {
    const key = this.#own(repositoryKeys.record, id)
    const json = await this.repository.own.getJson(key, options)
    if (json === undefined) return undefined
    return this.#read(key, readHead, json)
  }

  async hasRecord(id: string, options: Abortable = {}): Promise<boolean> {
    return (await this.repository.own.head(this.#own(repositoryKeys.record, id), options)) !== undefined
  }

  /** Records never change: false when there is one of that id already. */
  async putRecord(record: BackupRecord, options: Abortable = {}): Promise<boolean> {
    return (
      await this.repository.own.putJson(this.#own(repositoryKeys.record, record.id), record, {
        ifAbsent: true,
        ...options,
      })
    ).written
  }

  /** Takes back a record that was written this moment, and leaves everything else of its id. */
  async withdrawRecord(id: string, options: Abortable = {}): Promise<void> {
    await this.#delete([this.#own(repositoryKeys.record, id)], options)
  }

  /**
   * Announces a snapshot: until it is removed, nothing is deleted that its record names. Which of these are being deleted already is returned:
   * then the backup must not build on them, and is to be planned anew.
   */
  async putIntent(intent: BackupIntent, options: Abortable = {}): Promise<string[]> {
    await this.repository.own.putJson(this.#own(repositoryKeys.intent, intent.label), intent, options)
    // Written first, looked at second; who deletes does it the other way round: at least one of the two sees the other.
    const doomed = await this.deleting(options)
    const { labels, baseline, base } = intent.record
    const needed = new Set([...labels.map(({ label }) => label), baseline, base])
    return [...doomed].flatMap(([id, gone]) => (needed.has(id) || gone.some((label) => needed.has(label)) ? [id] : []))
  }

  async intent(label: string, options: Abortable = {}): Promise<BackupIntent | undefined> {
    return (await this.repository.own.getJson(this.#own(repositoryKeys.intent, label), options)) as
      | BackupIntent
      | undefined
  }

  async removeIntent(label: string, options: Abortable = {}): Promise<void> {
    await this.removeIntents([label], options)
  }

  async removeIntents(labels: Iterable<string>, options: Abortable = {}): Promise<void> {
    await this.#delete(
      [...labels].map((label) => this.#own(repositoryKeys.intent, label)),
      options,
    )
  }

  async intents(options: Abortable = {}): Promise<FoundIntent[]> {
    const found: FoundIntent[] = []
    for await (const { key, object, value, problem } of this.#intents.read(
      this.#relative(repositoryKeys.intents),
      options,
    )) {
      // What it protects is not known: nothing may be deleted as long as it is there.
      if (!value)
        throw new StorageError(
          'Unknown',
          `The intent ${key} cannot be read: ${problem}`,
          'if no backup is being made, delete it',
        )
      found.push({ intent: value, writtenAt: object.lastModified })
    }
    return found
  }

  /** What is being deleted, or about to be: id → labels. */
  async deleting(options: Abortable = {}): Promise<Map<string, string[]>> {
    const marks = await this.marks.list(options)
    return new Map([...marks].map(([id, { labels }]) => [id, labels]))
  }

  /** What was found around a backup that no snapshot holds; nothing where that was not written down. */
  async report(id: string, options: Abortable = {}): Promise<{ object: string; reason: string }[]> {
    const json = await this.repository.own.getJson(this.#own(repositoryKeys.report, id), options)
    return (json as { notIncluded?: { object: string; reason: string }[] } | undefined)?.notIncluded ?? []
  }

  /** Undefined when there is none. Errors: StorageError Unknown when it is damaged. */
  async verification(id: string, options: Abortable = {}): Promise<Verification | undefined> {
    const key = this.#own(repositoryKeys.verification, id)
    const json = await this.repository.own.getJson(key, options)
    if (json === undefined || isVerification(json)) return json
    throw new DamagedObject(`The verification ${key} in ${this.repository.store.description} is damaged`)
  }

  /** The same, of one that is damaged that it is so. Errors: StorageError. */
  async storedVerification(id: string, options: Abortable = {}): Promise<StoredVerification> {
    try {
      return await this.verification(id, options)
    } catch (error) {
      if (isUnreadable(error)) return UNREADABLE
      throw error
    }
  }

  /**
   * Writes what verifying a backup found beside its record. `settle` decides by what stands there, and is asked again when somebody else has written meanwhile;
   * where it says nothing, what stands is left.
   */
  async changeVerification(
    id: string,
    settle: (stored: StoredVerification) => Promise<Verification | undefined>,
    options: Abortable = {},
  ): Promise<void> {
    const key = this.#own(repositoryKeys.verification, id)
    const { own, store } = this.repository
    for (let round = 0; round < 5; round++) {
      const seen = await own.head(key, options)
      const settled = await settle(seen && (await this.storedVerification(id, options)))
      if (settled === undefined) return
      const condition = seen ? { ifMatch: seen.etag ?? '' } : { ifAbsent: true }
      if ((await own.putJson(key, settled, { ...condition, ...options })).written) return
    }
    throw new StorageError('Unknown', `${key} in ${store.description} changes faster than it can be written`)
  }

  /**
   * Everything of a record but its snapshots, with what announced these and was left behind: without the record it would pass for a backup that is being made.
   * The record itself goes last: as long as it is there, deleting is taken up again.
   */
  async removeRecord(id: string, labels: readonly string[], options: Abortable = {}): Promise<void> {
    const beside = [repositoryKeys.companion, repositoryKeys.report, repositoryKeys.verification, repositoryKeys.counts]
    await this.#delete(
      [
        ...beside.map((key) => this.#own(key, id)),
        ...[...new Set([...labels, id])].map((label) => this.#own(repositoryKeys.intent, label)),
      ],
      options,
    )
    await this.#delete([this.#own(repositoryKeys.record, id)], options)
    await this.marks.remove(id, options)
  }

  #read<T>(key: string, read: (json: unknown) => T, json: unknown): T {
    try {
      return read(json)
    } catch (error) {
      if (!(error instanceof ZodError)) throw error
      const { message } = error.issues[0] ?? {}
      throw new DamagedObject(`The record ${key} in ${this.repository.store.description} is damaged: ${message}`)
    }
  }

  async #delete(keys: string[], options: Abortable): Promise<void> {
    const { failures, stopped } = await this.repository.own.delete(keys, options)
    const error = stopped ?? failures[0]?.error
    if (error) throw error
  }

  #own(key: (repository: string, id: string) => string, id: string): string {
    return this.#below(key(this.repository.name, id))
  }

  #relative(prefix: (repository: string) => string): string {
    return this.#below(prefix(this.repository.name))
  }

  /** Contract's keys are relative to the location, those of OwnObjects to starferry's directory in it. */
  #below(key: string): string {
    return key.slice(this.repository.own.directory.length)
  }
}

function isVerification(json: unknown): json is Verification {
  const { at, mode, ok, problems } = (json ?? {}) as Partial<Verification>
  return typeof at === 'string' && typeof mode === 'string' && typeof ok === 'boolean' && Array.isArray(problems)
}

const nameOf = (key: string, suffix: string) => key.slice(key.lastIndexOf('/') + 1, -suffix.length)

/** Bytes in memory, about. */
const costOf = (head: RecordHead) => 500 + head.labels.length * 100

const known = new WeakMap<Repository, RepositoryObjects>()

/** All of this process share one: what was read once is not read again. */
export function objectsOf(repository: Repository): RepositoryObjects {
  let objects = known.get(repository)
  if (!objects) {
    objects = new RepositoryObjects(repository)
    known.set(repository, objects)
  }
  return objects
}
