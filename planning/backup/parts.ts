import type { BackupCursor } from '../../contract/backup/backup-api.ts'
import type { SnapshotLimits } from '../../contract/backup/objects.ts'
import { type Changes, hasManyPhysical } from './changes.ts'
import type { DatabaseState, TableState } from './database-state.ts'

type After = NonNullable<BackupCursor['after']>

/** What one snapshot takes. */
export interface Part {
  tables: { name: string /** Unset: the whole table. */; partitions?: string[] }[]
  materializedViews: string[]
  views: string[]
  functions: string[]
  /** Of the tables; views and functions have none. */
  partitions: number
  bytes: number
  /** The last thing in it. */
  last?: After
  /** Something comes after it. */
  more: boolean
}

const KINDS = ['table', 'materializedView', 'view', 'function'] as const

/**
 * The next snapshot of a backup: objects by kind and name, from the cursor on, as many as the limits allow, at least one. A table that is larger than
 * one snapshot may be is cut by its partitions, unless it can only be restored as a whole.
 */
export function nextPart(
  state: DatabaseState,
  changes: Changes,
  limits: SnapshotLimits,
  after: BackupCursor['after'],
): Part {
  const part: Part = {
    tables: [],
    materializedViews: [],
    views: [],
    functions: [],
    partitions: 0,
    bytes: 0,
    more: false,
  }
  const room = new Room(part, limits)
  for (const kind of KINDS) {
    if (after && KINDS.indexOf(after.kind) > KINDS.indexOf(kind)) continue
    for (const name of namesOf(changes, kind)) {
      if (after?.kind === kind && (name < after.name || (name === after.name && after.partition === undefined)))
        continue
      const within = after?.kind === kind && after.name === name ? after.partition : undefined
      const taken =
        kind === 'table'
          ? takeTable(part, room, state, changes, name, within)
          : takeOther(part, room, state, kind, name)
      if (taken) part.last = taken.last
      if (!taken?.all) return { ...part, more: true }
    }
  }
  return part
}

type Taken = { last: After; all: boolean } | undefined

function takeTable(
  part: Part,
  room: Room,
  state: DatabaseState,
  changes: Changes,
  name: string,
  within: string | undefined,
): Taken {
  const table = state.tables.get(name)
  const change = changes.tables.get(name)
  if (!table || !change) return undefined
  const listed = change.take === 'partitions' ? change.partitions : [...table.partitions.keys()]
  const wanted = [...listed].sort(byName).filter((partition) => within === undefined || partition > within)
  const bytesOf = (partition: string) => table.partitions.get(partition)?.bytes ?? 0
  const bytes = wanted.reduce((sum, partition) => sum + bytesOf(partition), 0)
  const whole = change.take === 'whole' && within === undefined
  // What was left of it has been dropped.
  if (within !== undefined && wanted.length === 0) return { last: { kind: 'table', name }, all: true }
  if (room.fits(wanted.length, bytes)) {
    room.take(wanted.length, bytes)
    part.tables.push(whole ? { name } : { name, partitions: wanted })
    return { last: { kind: 'table', name }, all: true }
  }
  const cuttable = wanted.length > 1 && !hasManyPhysical(table)
  if (!cuttable || !room.tooLarge(wanted.length, bytes)) {
    if (!room.empty) return undefined
    room.take(wanted.length, bytes)
    part.tables.push(whole ? { name } : { name, partitions: wanted })
    return { last: { kind: 'table', name }, all: true }
  }
  const taken: string[] = []
  for (const partition of wanted) {
    if (!room.fits(1, bytesOf(partition), taken.length === 0 ? 1 : 0) && !(room.empty && taken.length === 0)) break
    room.take(1, bytesOf(partition), taken.length === 0 ? 1 : 0)
    taken.push(partition)
  }
  const last = taken.at(-1)
  if (last === undefined) return undefined
  part.tables.push({ name, partitions: taken })
  return { last: { kind: 'table', name, partition: last }, all: taken.length === wanted.length }
}

function takeOther(
  part: Part,
  room: Room,
  state: DatabaseState,
  kind: Exclude<After['kind'], 'table'>,
  name: string,
): Taken {
  const view = kind === 'materializedView' ? state.materializedViews.get(name) : undefined
  const [partitions, bytes] = [view?.partitions ?? 0, view?.bytes ?? 0]
  if (!room.fits(partitions, bytes) && !room.empty) return undefined
  room.take(partitions, bytes)
  if (kind === 'materializedView') part.materializedViews.push(name)
  else if (kind === 'view') part.views.push(name)
  else part.functions.push(name)
  return { last: { kind, name }, all: true }
}

class Room {
  readonly #part: Part
  readonly #limits: SnapshotLimits
  #objects = 0

  constructor(part: Part, limits: SnapshotLimits) {
    this.#part = part
    this.#limits = limits
  }

  get empty(): boolean {
    return this.#objects === 0
  }

  fits(partitions: number, bytes: number, objects = 1): boolean {
    const { tables, partitions: most, bytes: mostBytes } = this.#limits
    if (tables > 0 && this.#objects + objects > tables) return false
    if (most > 0 && this.#part.partitions + partitions > most) return false
    return mostBytes === 0 || this.#part.bytes + bytes <= mostBytes
  }

  /** Even a snapshot of its own would be too large. */
  tooLarge(partitions: number, bytes: number): boolean {
    const { partitions: most, bytes: mostBytes } = this.#limits
    return (most > 0 && partitions > most) || (mostBytes > 0 && bytes > mostBytes)
  }

  take(partitions: number, bytes: number, objects = 1): void {
    this.#objects += objects
    this.#part.partitions += partitions
    this.#part.bytes += bytes
  }
}

function namesOf(changes: Changes, kind: After['kind']): string[] {
  const names =
    kind === 'table'
      ? [...changes.tables.keys()]
      : kind === 'materializedView'
        ? changes.materializedViews
        : kind === 'view'
          ? changes.views
          : changes.functions
  return [...names].sort(byName)
}

/** By code units: the same everywhere, whatever the locale. */
const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export const isEmptyPart = (part: Part) =>
  part.tables.length + part.materializedViews.length + part.views.length + part.functions.length === 0

/** Names of partitions of a table; with the partition that catches rows of automatic tables, without which a table restored from it takes no more inserts. */
export function partitionList(table: Pick<TableState, 'partitioning'>, partitions: readonly string[]): string[] {
  return table.partitioning.startsWith('automatic') ? [...partitions, SHADOW_PARTITION] : [...partitions]
}

export const SHADOW_PARTITION = '$shadow_automatic_partition'
