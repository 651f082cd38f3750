import { randomUUID } from 'node:crypto'
import { repositoryKeys } from '../../contract/backup/record.ts'
import { type OwnObjects, type PutResult, StorageError } from '../../repository/index.ts'

interface Abortable {
  signal?: AbortSignal
}

/** Somebody is about to delete a backup, or what a failed one left, or does so. */
export interface DeletionMark {
  /** Of the record, or the label where there is none. */
  id: string
  /** What goes. */
  labels: string[]
  /**
   * False: who wrote it still looks whether anybody needs it, and it may be taken back. True: nobody did, and from now on it counts as gone: it is never
   * taken back by another, who cannot know how far deleting has come.
   */
  decided: boolean
  /** Of the mark as it was read or written. */
  etag: string | undefined
  writtenAt: Date
}

interface Body {
  labels: string[]
  state: 'looking' | 'decided' | 'released'
  /** Made anew for each write, so that a write whose answer was lost is known again. */
  token: string
}

/**
 * Marks below `deleting/`. Every change is bound to what was seen before, and where the store has conditional writes two processes can never both make
 * one: who stood still while another took over finds that out in this write, which comes before anything is deleted.
 */
export class DeletionMarks {
  readonly #own: OwnObjects

  constructor(own: OwnObjects) {
    this.#own = own
  }

  /** Those in force, by id. Errors: StorageError. */
  async list(options: Abortable = {}): Promise<Map<string, DeletionMark>> {
    const marks = new Map<string, DeletionMark>()
    for await (const [mark, state] of this.#read(options)) if (state !== 'released') marks.set(mark.id, mark)
    return marks
  }

  /** Announces that somebody looks whether this can go. `seen`: a mark that stands already. Errors: StorageError Unknown when another one was faster. */
  async announce(
    id: string,
    labels: readonly string[],
    seen: DeletionMark | undefined,
    options: Abortable = {},
  ): Promise<DeletionMark> {
    return this.#change(id, [...labels], 'looking', seen ? seen.etag : await this.#released(id, options), options)
  }

  /** From here on it goes, whatever comes. Errors: StorageError Unknown when it was taken back, or taken over, by another. */
  decide(mark: DeletionMark, options: Abortable = {}): Promise<DeletionMark> {
    return this.#change(mark.id, mark.labels, 'decided', mark.etag, options)
  }

  /** Takes it back. False: it was changed by another meanwhile, and stands. */
  async release(mark: DeletionMark, options: Abortable = {}): Promise<boolean> {
    try {
      await this.#change(mark.id, mark.labels, 'released', mark.etag, options)
      return true
    } catch (error) {
      if (error instanceof Overtaken) return false
      throw error
    }
  }

  /** Removes the mark of what is no more. */
  async remove(id: string, options: Abortable = {}): Promise<void> {
    const { failures, stopped } = await this.#own.delete([keyOf(id)], options)
    const error = stopped ?? failures[0]?.error
    if (error) throw error
  }

  /** Removes those taken back before a time; sooner, somebody who stood still could take their absence for something else. */
  async sweep(before: Date, options: Abortable = {}): Promise<void> {
    const old: string[] = []
    for await (const [mark, state] of this.#read(options)) {
      if (state === 'released' && mark.writtenAt < before) old.push(keyOf(mark.id))
    }
    if (old.length > 0) await this.#own.delete(old, options)
  }

  /** One that was taken back earlier stays as an object for a while, to be written over. Any other was written after we looked. */
  async #released(id: string, options: Abortable): Promise<string | undefined> {
    const there = await this.#own.head(keyOf(id), options)
    const body = there && ((await this.#own.getJson(keyOf(id), options)) as Partial<Body> | undefined)
    if (body && body.state !== 'released') throw new Overtaken(keyOf(id))
    return there?.etag
  }

  async *#read(options: Abortable): AsyncGenerator<[DeletionMark, Body['state']]> {
    for await (const { key, etag, lastModified } of this.#own.list('deleting/', options)) {
      const body = (await this.#own.getJson(key, options)) as Partial<Body> | undefined
      if (!body) continue
      const id = key.slice('deleting/'.length, -'.json'.length)
      const { labels = [], state = 'looking' } = body
      yield [{ id, labels, decided: state === 'decided', etag, writtenAt: lastModified }, state]
    }
  }

  async #change(
    id: string,
    labels: string[],
    state: Body['state'],
    before: string | undefined,
    options: Abortable,
  ): Promise<DeletionMark> {
    const key = keyOf(id)
    const body: Body = { labels, state, token: randomUUID() }
    const condition = before === undefined ? { ifAbsent: true } : { ifMatch: before }
    const result = await this.#own.putJson(key, body, { ...condition, ...options })
    const etag = (await this.#etagOf(key, body, result, options)) ?? undefined
    return { id, labels, decided: state === 'decided', etag, writtenAt: new Date() }
  }

  /** The answer to a write may be lost, and the write be done again: then the condition fails because of ourselves. */
  async #etagOf(key: string, { token }: Body, { written, etag, atomic }: PutResult, options: Abortable) {
    if (written && etag !== undefined && atomic) return etag
    const there = await this.#own.head(key, options)
    const body = (await this.#own.getJson(key, options)) as Partial<Body> | undefined
    if (body?.token === token) return there?.etag
    throw new Overtaken(key)
  }
}

class Overtaken extends StorageError {
  constructor(key: string) {
    super('Unknown', `The mark ${key} was changed by somebody else, who deletes backups here, too`)
  }
}

/** Relative to starferry's directory. */
const keyOf = (id: string) => repositoryKeys.deleting('', id).slice(repositoryKeys.root('').length)
