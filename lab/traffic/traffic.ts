import { pick, randomInt, seededRandom } from '../faults/random.ts'
import { createStatement, insertStatements, qualified, quoteName, type TableSpec } from '../scenario/table-spec.ts'

export type TrafficKind =
  | 'insert'
  | 'upsert'
  | 'delete'
  | 'truncate'
  | 'truncate-partition'
  | 'overwrite'
  | 'drop-and-add-partition'
  | 'add-column'
  | 'drop-column'
  | 'widen-column'
  | 'recreate-table'

export interface TrafficOptions {
  seed?: number
  /** How often each kind is chosen, relative to the others; 0 leaves it out. */
  weights?: Partial<Record<TrafficKind, number>>
  /** Rows of one insert. */
  rows?: number
}

export interface TrafficEntry {
  kind: TrafficKind
  table: string
  statements: string[]
  /** What the cluster said when it refused a statement. */
  error?: string
}

const WEIGHTS: Record<TrafficKind, number> = {
  insert: 50,
  upsert: 15,
  delete: 10,
  truncate: 2,
  'truncate-partition': 3,
  overwrite: 4,
  'drop-and-add-partition': 3,
  'add-column': 2,
  'drop-column': 2,
  'widen-column': 1,
  'recreate-table': 1,
}

/** Writes to a cluster while something reads it: the same seed gives the same statements in the same order. */
export class Traffic {
  readonly log: TrafficEntry[] = []
  private readonly random: () => number
  private readonly weights: [TrafficKind, number][]
  private readonly next = new Map<TableSpec, number>()
  /** Columns that this traffic added, by table. */
  private readonly added = new Map<TableSpec, string[]>()
  private columns = 0
  private readonly defaults = new Map<string, number>()
  private readonly widened = new Set<string>()
  private running: Promise<void> | undefined
  private stopped = false
  private readonly execute: (sql: string) => unknown
  private readonly tables: readonly TableSpec[]
  private readonly options: TrafficOptions

  constructor(execute: (sql: string) => unknown, tables: readonly TableSpec[], options: TrafficOptions = {}) {
    this.execute = execute
    this.tables = tables
    this.options = options
    this.random = seededRandom(options.seed ?? 1)
    this.weights = Object.entries({ ...WEIGHTS, ...options.weights }) as [TrafficKind, number][]
  }

  /** One change, chosen by chance among those that are possible. */
  async step(): Promise<TrafficEntry> {
    const kind = this.choose()
    const table = pick(
      this.random,
      this.tables.filter((one) => this.takes(kind, one)),
    )
    const entry: TrafficEntry = { kind, table: `${table.db}.${table.name}`, statements: this.statements(kind, table) }
    try {
      for (const sql of entry.statements) await this.execute(sql)
    } catch (error) {
      entry.error = error instanceof Error ? error.message : String(error)
    }
    this.log.push(entry)
    return entry
  }

  /** Goes on until it is stopped, with a pause of so many milliseconds after each change. */
  start(pauseMs: number): void {
    if (this.running) throw new Error('The traffic runs already')
    this.stopped = false
    this.running = (async () => {
      while (!this.stopped) {
        await this.step()
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    })()
  }

  /** Resolves when the last statement has been answered. */
  async stop(): Promise<readonly TrafficEntry[]> {
    this.stopped = true
    await this.running
    this.running = undefined
    return this.log
  }

  private choose(): TrafficKind {
    const possible = this.weights.filter(([kind]) => this.tables.some((table) => this.takes(kind, table)))
    let left = this.random() * possible.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [kind, weight] of possible) {
      left -= weight
      if (left < 0) return kind
    }
    return 'insert'
  }

  /** Whether a table stands a kind of change now. */
  private takes(kind: TrafficKind, table: TableSpec): boolean {
    const added = this.added.get(table) ?? []
    switch (kind) {
      case 'upsert':
      case 'delete':
        return table.deleteBy !== undefined
      case 'truncate-partition':
      case 'drop-and-add-partition':
        return (table.partitions?.length ?? 0) > 0
      case 'add-column':
        return table.alterable === true && added.length < 3
      case 'drop-column':
        return added.length > 0
      case 'widen-column':
        return added.some((column) => !this.widened.has(column))
      case 'recreate-table':
        return table.alterable === true
      default:
        return true
    }
  }

  private statements(kind: TrafficKind, table: TableSpec): string[] {
    const name = qualified(table)
    switch (kind) {
      case 'insert':
        return this.insert(table)
      case 'upsert':
        return insertStatements(this.shaped(table), 0, 1 + randomInt(this.random, 0, 5), this.random)
      case 'delete':
        return [
          `DELETE FROM ${name} WHERE ${quoteName(table.deleteBy ?? '')} = ${randomInt(this.random, 0, this.position(table))}`,
        ]
      case 'truncate':
        return [`TRUNCATE TABLE ${name}`]
      case 'truncate-partition':
        return [`TRUNCATE TABLE ${name} PARTITION (${pick(this.random, table.partitions ?? []).name})`]
      case 'overwrite':
        return this.insert(table).map((sql) => sql.replace('INSERT INTO', 'INSERT OVERWRITE'))
      case 'drop-and-add-partition':
        return this.replacePartition(table)
      case 'add-column':
        return this.addColumn(table)
      case 'drop-column':
        return this.dropColumn(table)
      case 'widen-column':
        return this.widen(table)
      case 'recreate-table':
        this.added.delete(table)
        return [`DROP TABLE ${name} FORCE`, createStatement(table), ...(table.after ?? []), ...this.insert(table)]
    }
  }

  private position(table: TableSpec): number {
    return this.next.get(table) ?? table.rows
  }

  private insert(table: TableSpec): string[] {
    const from = this.position(table)
    const count = randomInt(this.random, 1, this.options.rows ?? 10)
    this.next.set(table, from + count)
    return insertStatements(this.shaped(table), from, from + count, this.random)
  }

  /** Rows name their columns once columns were added, so that those take their defaults. */
  private shaped(table: TableSpec): TableSpec {
    if (!this.added.has(table) || table.columns) return table
    const columns = table.body
      .slice(1, table.body.indexOf(') '))
      .split(',')
      .map((part) => part.trim().split(' ')[0] ?? '')
    return { ...table, columns: columns.map((name) => name.replaceAll('`', '')) }
  }

  private replacePartition(table: TableSpec): string[] {
    const partition = pick(this.random, table.partitions ?? [])
    const name = qualified(table)
    return [`ALTER TABLE ${name} DROP PARTITION ${partition.name} FORCE`, `ALTER TABLE ${name} ADD ${partition.clause}`]
  }

  private addColumn(table: TableSpec): string[] {
    const column = `added_${++this.columns}`
    this.added.set(table, [...(this.added.get(table) ?? []), column])
    this.defaults.set(column, randomInt(this.random, 0, 9))
    return [`ALTER TABLE ${qualified(table)} ADD COLUMN ${column} INT DEFAULT "${this.defaults.get(column)}"`]
  }

  private dropColumn(table: TableSpec): string[] {
    const columns = this.added.get(table) ?? []
    this.added.set(table, columns.slice(0, -1))
    return [`ALTER TABLE ${qualified(table)} DROP COLUMN ${columns.at(-1)}`]
  }

  /** INT to BIGINT: a change that makes new tablets. */
  private widen(table: TableSpec): string[] {
    const column = (this.added.get(table) ?? []).find((one) => !this.widened.has(one)) ?? ''
    this.widened.add(column)
    return [
      `ALTER TABLE ${qualified(table)} MODIFY COLUMN ${column} BIGINT DEFAULT "${this.defaults.get(column) ?? 0}"`,
    ]
  }
}
