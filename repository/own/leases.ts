import { randomUUID } from 'node:crypto'
import { eachBounded } from '../bounded.ts'
import type { ObjectStore, StoredObject } from '../object-store.ts'
import { StorageError } from '../storage-error.ts'
import type { OwnObjects } from './own-objects.ts'

/** Somebody's word that he works on something, good for a limited time: others leave it alone. */
export interface Lease {
  kind: string
  id: string
  /** Who and what for; no secrets. */
  info: Record<string, string>
  ttlSeconds: number
  /** By the store's clock. */
  renewedAt: Date
  expiresAt: Date
  expired: boolean
  /** Made anew for each holder. */
  holder: string
}

export interface HeldLease {
  readonly lease: Lease
  /** False: the store has no conditional writes, so that two may hold it who ask within the same moment. */
  readonly exclusive: boolean
  /** Prolongs it. False: it is lost, because it ran out and somebody else took it, or removed it. */
  renew(options?: Abortable): Promise<boolean>
  /** Gives it up; does nothing when it is lost. */
  release(options?: Abortable): Promise<void>
}

interface Abortable {
  signal?: AbortSignal
}

interface LeaseBody {
  kind: string
  id: string
  info: Record<string, string>
  ttlSeconds: number
  holder: string
  /** So that no two contents are alike, and neither are their etags. */
  renewals: number
}

const READS_AT_ONCE = 16

/** Leases below `leases/<kind>/<id>.json`. Whether one has run out is judged by the store's clock alone: when it was written, and what time it is there. */
export class Leases {
  readonly #own: OwnObjects
  readonly #store: ObjectStore

  constructor(own: OwnObjects, store: ObjectStore) {
    this.#own = own
    this.#store = store
  }

  /**
   * Takes a lease that nobody holds, or whose time has run out, or that `takes` says to take from its holder, who then finds it lost. Returns the lease of
   * whoever holds it otherwise.
   */
  async acquire(
    kind: string,
    id: string,
    info: Record<string, string>,
    ttlSeconds: number,
    { takes, ...options }: Abortable & { takes?: (lease: Lease) => boolean } = {},
  ): Promise<HeldLease | { heldBy: Lease }> {
    const body: LeaseBody = { kind, id, info, ttlSeconds, holder: randomUUID(), renewals: 0 }
    const key = keyOf(kind, id)
    // Another round when it is released, or taken, between the look and the write.
    for (let round = 0; round < 5; round++) {
      const made = await this.#own.putJson(key, body, { ifAbsent: true, ...options })
      if (made.written && (made.atomic || (await this.#holderOf(key, options)) === body.holder)) {
        return this.#held(body, made, options)
      }
      const there = await this.#own.head(key, options)
      if (!there) continue
      const lease = await this.#read(there, options)
      if (!lease) continue
      // The answer to our own write was lost, and the SDK wrote once more.
      if (lease.holder === body.holder) return this.#held(body, { etag: there.etag, atomic: made.atomic }, options)
      if (!lease.expired && !takes?.(lease)) return { heldBy: lease }
      const taken = await this.#own.putJson(key, body, { ifMatch: there.etag ?? '', ...options })
      if (taken.written && (taken.atomic || (await this.#holderOf(key, options)) === body.holder)) {
        return this.#held(body, taken, options)
      }
    }
    throw new StorageError(
      'Unknown',
      `The lease ${key} in ${this.#store.description} changes faster than it can be taken`,
    )
  }

  /** All leases, those that have run out included. */
  async list(kind?: string, options: Abortable = {}): Promise<Lease[]> {
    const leases: Lease[] = []
    const prefix = kind === undefined ? 'leases/' : `leases/${kind}/`
    await eachBounded(this.#own.list(prefix, options), READS_AT_ONCE, async (object) => {
      const lease = await this.#read(object, options)
      if (lease) leases.push(lease)
    })
    // Stores tell times in whole seconds, and answer in any order.
    const place = ({ kind, id }: Lease) => keyOf(kind, id)
    return leases.sort((a, b) => a.renewedAt.getTime() - b.renewedAt.getTime() || (place(a) < place(b) ? -1 : 1))
  }

  /** Whoever holds them. Those that are gone already are no error. */
  async remove(leases: readonly Pick<Lease, 'kind' | 'id'>[], options: Abortable = {}): Promise<void> {
    const keys = leases.map(({ kind, id }) => keyOf(kind, id))
    const { stopped, failures } = await this.#own.delete(keys, options)
    const error = stopped ?? failures[0]?.error
    if (error) throw error
  }

  /** Removes what has run out for longer than the given time, unless somebody still counts on it. */
  async sweep(
    olderThanSeconds: number,
    { unless, ...options }: Abortable & { unless?: (lease: Lease) => Promise<boolean> } = {},
  ): Promise<number> {
    const now = await this.#store.now(options)
    const keys: string[] = []
    for (const lease of await this.list(undefined, options)) {
      if (lease.expiresAt.getTime() + olderThanSeconds * 1000 >= now.getTime()) continue
      if (!(await unless?.(lease))) keys.push(keyOf(lease.kind, lease.id))
    }
    return (await this.#own.delete(keys, options)).deleted
  }

  /** Undefined when it is gone meanwhile. One that is damaged is held by somebody, as far as anybody knows, for an hour. */
  async #read({ key, lastModified }: StoredObject, options: Abortable): Promise<Lease | undefined> {
    const text = await this.#own.getText(key, options)
    if (text === undefined) return undefined
    return leaseOf(bodyOf(text, key), lastModified, await this.#store.now(options))
  }

  async #held(body: LeaseBody, written: { etag?: string; atomic: boolean }, options: Abortable): Promise<HeldLease> {
    const key = keyOf(body.kind, body.id)
    let current = body
    let etag = written.etag ?? (await this.#own.head(key, options))?.etag
    const lease = leaseOf(body, await this.#store.now(options), await this.#store.now(options))
    return {
      lease,
      exclusive: written.atomic,
      renew: async (options = {}) => {
        const next = { ...current, renewals: current.renewals + 1 }
        let result = await this.#own.putJson(key, next, { ifMatch: etag ?? '', ...options })
        if (!result.written && (await this.#holderOf(key, options)) === body.holder) {
          // A write of ours whose answer was lost.
          etag = (await this.#own.head(key, options))?.etag
          result = await this.#own.putJson(key, next, { ifMatch: etag ?? '', ...options })
        }
        if (!result.written) return false
        current = next
        etag = result.etag ?? (await this.#own.head(key, options))?.etag
        return true
      },
      release: async (options = {}) => {
        if ((await this.#holderOf(key, options)) === body.holder) await this.#own.delete([key], options)
      },
    }
  }

  async #holderOf(key: string, options: Abortable): Promise<string | undefined> {
    return ((await this.#own.getJson(key, options)) as Partial<LeaseBody> | undefined)?.holder
  }
}

/** Ids may be anything; a key must not be led elsewhere by them. */
const keyOf = (kind: string, id: string) => `leases/${kind}/${encodeURIComponent(id)}.json`

function bodyOf(text: string, key: string): LeaseBody {
  const [, kind = '', id = ''] = /^leases\/([^/]+)\/(.+)\.json$/.exec(key) ?? []
  const unknown = { kind, id: decodeURIComponent(id), info: {}, ttlSeconds: 3600, holder: '', renewals: 0 }
  try {
    return { ...unknown, ...(JSON.parse(text) as Partial<LeaseBody>) }
  } catch {
    return unknown
  }
}

function leaseOf({ kind, id, info, ttlSeconds, holder }: LeaseBody, renewedAt: Date, now: Date): Lease {
  const expiresAt = new Date(renewedAt.getTime() + ttlSeconds * 1000)
  return { kind, id, info, ttlSeconds, renewedAt, expiresAt, expired: expiresAt <= now, holder }
}
