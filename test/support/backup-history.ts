import type { BackupResult } from '../../contract/backup/backup-api.ts'
import { type LabCluster, LabSqlError } from '../../lab/index.ts'
import { quoteName } from '../../starrocks/index.ts'

/** A partition as anybody can see it. */
export interface PartitionPicture {
  /** Range or list values as SHOW PARTITIONS prints them. */
  value: string
  buckets: string
  /** Each as JSON, sorted. */
  rows: string[]
}

/** Tables by name, each with its columns and its partitions by name. */
export type DatabasePicture = Record<string, { columns: string[]; partitions: Record<string, PartitionPicture> }>

/** A backup, and what the database held at that moment. */
export interface HistoryPoint {
  result: BackupResult
  picture: DatabasePicture
  /** What was done since the point before. */
  statements: string[]
}

export interface SeededHistoryOptions {
  cluster: LabCluster
  database: string
  seed: number
  /** Backups; the first one before any change. */
  points: number
  /** Changes between two of them, at most. */
  changes?: number
  /** Makes a backup of the database, nothing else happening meanwhile. */
  backup(): Promise<BackupResult>
  /** Without tables that versions before 3.4 cannot back up. */
  lists?: boolean
}

/** A database with tables of all kinds whose life is decided by a seed: changes of every kind, with backups in between. */
export async function seededHistory(options: SeededHistoryOptions): Promise<HistoryPoint[]> {
  const { cluster, database, seed, points, changes = 8, backup, lists = true } = options
  const life = new DatabaseLife(cluster, database, seed, lists)
  life.begin()
  const history: HistoryPoint[] = []
  for (let point = 0; point < points; point++) {
    const statements: string[] = []
    if (point > 0) {
      const count = 1 + life.random(changes)
      for (let i = 0; i < count; i++) statements.push(life.step())
    }
    const result = await backup()
    history.push({ result, picture: pictureOf(cluster, database), statements })
  }
  return history
}

/** Everything in a database's tables, row by row; materialized views and views aside. */
export function pictureOf(cluster: LabCluster, database: string): DatabasePicture {
  const picture: DatabasePicture = {}
  for (const [name, object] of cluster.state.databases.get(database)?.objects ?? []) {
    if (object.kind !== 'table') continue
    const full = `${quoteName(database)}.${quoteName(name)}`
    const { columns: partitionColumns, rows } = cluster.execute(`SHOW PARTITIONS FROM ${full}`)
    const at = (column: string) => partitionColumns.findIndex((one) => one.name === column)
    let columns: string[] = cluster.execute(`SELECT * FROM ${full} LIMIT 0`).columns.map((column) => column.name)
    const partitions = new Map<string, PartitionPicture>()
    for (const row of rows) {
      const partition = row[at('PartitionName')] ?? ''
      if (partitions.has(partition)) continue
      const found = cluster.execute(`SELECT * FROM ${full} PARTITION (${quoteName(partition)})`)
      columns = found.columns.map((column) => column.name)
      partitions.set(partition, {
        value: (row[at('Range')] || row[at('List')]) ?? '',
        buckets: row[at('Buckets')] ?? '',
        rows: found.rows.map((cells) => JSON.stringify(cells)).sort(),
      })
    }
    picture[name] = { columns, partitions: Object.fromEntries([...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) }
  }
  return picture
}

type Kind = 'range' | 'list' | 'automatic' | 'automatic-list' | 'plain' | 'random' | 'aggregate'

const PROPERTIES = `PROPERTIES ("replication_num" = "1")`
const BODIES: Record<Kind, string> = {
  range: `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20")), PARTITION p3 VALUES [("20"), ("30"))) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`,
  list: `(id INT NOT NULL, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION p1 VALUES IN ("ulm", "bonn"), PARTITION p2 VALUES IN ("o'brien"), PARTITION p3 VALUES IN ("köln")) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`,
  automatic: `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc("day", dt) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`,
  'automatic-list': `(id INT NOT NULL, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY (city) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`,
  plain: `(id INT NOT NULL, v VARCHAR(20)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`,
  random: `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY RANDOM BUCKETS 2 ${PROPERTIES}`,
  aggregate: `(id INT NOT NULL, v BIGINT SUM) AGGREGATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20")), PARTITION p3 VALUES [("20"), ("30"))) DISTRIBUTED BY HASH(id) BUCKETS 1 ${PROPERTIES}`,
}

interface LivingTable {
  name: string
  kind: Kind
  /** Columns that were added. */
  added: string[]
}

class DatabaseLife {
  readonly #cluster: LabCluster
  readonly #database: string
  readonly #kinds: Kind[]
  #seed: number
  #tables: LivingTable[] = []
  #next = 0

  constructor(cluster: LabCluster, database: string, seed: number, lists: boolean) {
    this.#cluster = cluster
    this.#database = database
    this.#seed = seed * 7919 + 17
    this.#kinds = (Object.keys(BODIES) as Kind[]).filter((kind) => lists || !kind.includes('list'))
  }

  begin(): void {
    this.#cluster.execute(`CREATE DATABASE ${quoteName(this.#database)}`)
    for (const kind of this.#kinds) {
      this.#create(kind)
      const table = this.#tables.at(-1)
      if (table) this.#run(this.#insert(table, 12))
    }
  }

  /** One change; tries until one is possible. */
  step(): string {
    for (let tries = 0; tries < 200; tries++) {
      const table = this.#oneOf(this.#tables)
      const done = table ? this.#change(table) : this.#create(this.#oneOf(this.#kinds) ?? 'plain')
      if (done !== undefined) return done
    }
    throw new Error('no change was possible any more')
  }

  random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#seed / 4_294_967_296) * below)
  }

  #change(table: LivingTable): string | undefined {
    const partitions = this.#partitions(table)
    const partition = this.#oneOf(partitions)
    const name = this.#full(table.name)
    const choice = this.random(100)
    if (choice < 22) return this.#try(this.#insert(table, 1 + this.random(5)))
    if (choice < 36 && partition) return this.#try(this.#insertInto(table, partition))
    if (choice < 42) return this.#try(`DELETE FROM ${name} WHERE id = ${this.random(30)}`)
    if (choice < 46) return this.#try(`TRUNCATE TABLE ${name}`)
    if (choice < 52 && partition) return this.#try(`TRUNCATE TABLE ${name} PARTITION (${quoteName(partition)})`)
    if (choice < 56) return this.#try(this.#insert(table, 3).replace('INSERT INTO', 'INSERT OVERWRITE'))
    if (choice < 61 && partition)
      return this.#try(this.#insertInto(table, partition).replace('INSERT INTO', 'INSERT OVERWRITE'))
    if (choice < 67 && partition) return this.#try(`ALTER TABLE ${name} DROP PARTITION ${quoteName(partition)}`)
    if (choice < 75) return this.#addPartition(table, partitions)
    if (choice < 79 && partition) {
      return this.#try(`ALTER TABLE ${name} RENAME PARTITION ${quoteName(partition)} ${quoteName(`r${this.#next++}`)}`)
    }
    if (choice < 83) return this.#addColumn(table)
    if (choice < 86) return this.#dropColumn(table)
    if (choice < 90) return this.#rename(table)
    if (choice < 93) return this.#swap(table)
    if (choice < 96) return this.#drop(table)
    return this.#create(this.#oneOf(this.#kinds) ?? 'plain')
  }

  #create(kind: Kind): string | undefined {
    if (this.#tables.length > 10) return undefined
    // Names that were there before come back, as other tables.
    const free = Array.from({ length: 12 }, (_, i) => `t${i}`).filter(
      (one) => !this.#tables.some(({ name }) => name === one),
    )
    const name = this.#oneOf(free) ?? `n${this.#next++}`
    const done = this.#try(`CREATE TABLE ${this.#full(name)} ${BODIES[kind]}`)
    if (done !== undefined) this.#tables.push({ name, kind, added: [] })
    return done
  }

  #insert(table: LivingTable, count: number): string {
    const rows = Array.from({ length: count }, () => this.#row(table, this.random(30)))
    return `INSERT INTO ${this.#full(table.name)} ${this.#columns(table)} VALUES ${rows.join(', ')}`
  }

  #insertInto(table: LivingTable, partition: string): string {
    return `INSERT INTO ${this.#full(table.name)} PARTITION (${quoteName(partition)}) ${this.#columns(table)} SELECT ${this.#same(table)} FROM ${this.#full(table.name)} PARTITION (${quoteName(partition)}) LIMIT 3`
  }

  #columns({ kind }: LivingTable): string {
    return kind === 'automatic' ? '(dt, id)' : kind.includes('list') ? '(id, city)' : '(id, v)'
  }

  #same({ kind }: LivingTable): string {
    return kind === 'automatic' ? 'dt, id' : kind.includes('list') ? 'id, city' : 'id, v'
  }

  #row({ kind }: LivingTable, id: number): string {
    const city = this.#oneOf(['ulm', 'bonn', "o\\'brien", 'köln'])
    if (kind === 'automatic') return `('2024-01-${String(1 + (id % 5)).padStart(2, '0')} 10:00:00', ${id})`
    if (kind === 'list' || kind === 'automatic-list') return `(${id}, '${city}')`
    if (kind === 'aggregate') return `(${id}, ${this.random(100)})`
    return `(${id}, 'v${this.random(1000)}')`
  }

  #addPartition(table: LivingTable, partitions: string[]): string | undefined {
    const name = this.#oneOf(['p1', 'p2', 'p3', 'p4', 'p5'].filter((one) => !partitions.includes(one)))
    if (name === undefined) return undefined
    const buckets = this.random(3) === 0 ? ' DISTRIBUTED BY HASH(id) BUCKETS 3' : ''
    if (table.kind === 'range' || table.kind === 'aggregate') {
      const low = this.random(6) * 5
      return this.#try(
        `ALTER TABLE ${this.#full(table.name)} ADD PARTITION ${name} VALUES [("${low}"), ("${low + 5 + this.random(2) * 5}"))${buckets}`,
      )
    }
    if (table.kind !== 'list') return undefined
    const value = this.#oneOf(['ulm', 'bonn', "o'brien", 'köln', 'paris'])
    return this.#try(`ALTER TABLE ${this.#full(table.name)} ADD PARTITION ${name} VALUES IN ("${value}")${buckets}`)
  }

  #addColumn(table: LivingTable): string | undefined {
    if (table.kind === 'aggregate') return undefined
    // The same name again and again: dropped and added, it holds other values.
    const column = this.#oneOf(['x', 'y'].filter((one) => !table.added.includes(one)))
    if (column === undefined) return undefined
    const done = this.#try(`ALTER TABLE ${this.#full(table.name)} ADD COLUMN ${column} INT DEFAULT "${this.random(9)}"`)
    if (done !== undefined) table.added.push(column)
    return done
  }

  #dropColumn(table: LivingTable): string | undefined {
    const column = this.#oneOf(table.added)
    if (column === undefined) return undefined
    const done = this.#try(`ALTER TABLE ${this.#full(table.name)} DROP COLUMN ${column}`)
    if (done !== undefined) table.added = table.added.filter((one) => one !== column)
    return done
  }

  #rename(table: LivingTable): string | undefined {
    const name = `t${this.random(12)}`
    if (this.#tables.some((other) => other.name === name)) return undefined
    const done = this.#try(`ALTER TABLE ${this.#full(table.name)} RENAME ${quoteName(name)}`)
    if (done !== undefined) table.name = name
    return done
  }

  #swap(table: LivingTable): string | undefined {
    const other = this.#oneOf(this.#tables.filter((one) => one !== table))
    if (!other) return undefined
    const done = this.#try(`ALTER TABLE ${this.#full(table.name)} SWAP WITH ${quoteName(other.name)}`)
    if (done !== undefined) [table.name, other.name] = [other.name, table.name]
    return done
  }

  #drop(table: LivingTable): string | undefined {
    if (this.#tables.length < 4) return undefined
    const done = this.#try(`DROP TABLE ${this.#full(table.name)}`)
    if (done !== undefined) this.#tables = this.#tables.filter((one) => one !== table)
    return done
  }

  #partitions({ name }: LivingTable): string[] {
    const { columns, rows } = this.#cluster.execute(`SHOW PARTITIONS FROM ${this.#full(name)}`)
    const at = columns.findIndex((column) => column.name === 'PartitionName')
    return [...new Set(rows.map((row) => row[at] ?? ''))]
  }

  #full(name: string): string {
    return `${quoteName(this.#database)}.${quoteName(name)}`
  }

  /** The statement if the cluster takes it: what conflicts with what is there is simply not done. */
  #try(sql: string): string | undefined {
    try {
      this.#run(sql)
      return sql
    } catch (error) {
      if (error instanceof LabSqlError) return undefined
      throw error
    }
  }

  #run(sql: string): void {
    this.#cluster.execute(sql)
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.random(items.length)]
  }
}
