import type { LabCluster } from '../../../lab/index.ts'

/** A table of some kind, and what is done to it between backups. */
export interface TableKind {
  name: string
  create: string
  fill: string[]
  first: string[]
  second: string[]
  /** 3.3 backs up no list-partitioned table. */
  list?: boolean
  /** Never spread over several snapshots. */
  whole?: boolean
}

const end = (more = '') => `DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1'${more})`
const ranges = `PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20'), PARTITION p3 VALUES LESS THAN ('30'))`
/** Into one partition: a load without one moves the versions of all. */
const into = (table: string, partition: string, ...rows: string[]) =>
  `INSERT INTO k.${table} PARTITION (${partition}) VALUES ${rows.join(', ')}`
const write = (table: string, ...rows: string[]) => `INSERT INTO k.${table} VALUES ${rows.join(', ')}`
const alter = (table: string, what: string) => `ALTER TABLE k.${table} ${what}`

function rangeKind(name: string, head: string, more = ''): TableKind {
  return {
    name,
    create: `CREATE TABLE k.${name} ${head} ${ranges} ${end(more)}`,
    fill: [write(name, "(1, 'a', 1)", "(11, 'b', 2)", "(21, 'c', 3)")],
    first: [
      alter(name, "ADD PARTITION p4 VALUES LESS THAN ('40')"),
      into(name, 'p4', "(31, 'd', 4)"),
      alter(name, 'DROP PARTITION p3 FORCE'),
    ],
    second: [
      // Another range under a name that was used before.
      alter(name, "ADD PARTITION p3 VALUES [('20'), ('25'))"),
      into(name, 'p3', "(22, 'f', 6)"),
      `TRUNCATE TABLE k.${name} PARTITION (p2)`,
    ],
  }
}

export const KINDS: TableKind[] = [
  rangeKind('dup', '(id INT NOT NULL, s VARCHAR(20), n INT) DUPLICATE KEY(id)'),
  rangeKind('pk', '(id INT NOT NULL, s VARCHAR(20), n INT) PRIMARY KEY(id)'),
  rangeKind('uniq', '(id INT NOT NULL, s VARCHAR(20), n INT) UNIQUE KEY(id)'),
  rangeKind('coloc', '(id INT NOT NULL, s VARCHAR(20), n INT) DUPLICATE KEY(id)', ", 'colocate_with' = 'g1'"),
  {
    name: 'agg',
    create: `CREATE TABLE k.agg (id INT NOT NULL, n BIGINT SUM) AGGREGATE KEY(id) ${ranges} ${end()}`,
    fill: ['INSERT INTO k.agg VALUES (1, 1), (11, 2)'],
    first: [into('agg', 'p1', '(1, 5)')],
    second: [into('agg', 'p3', '(21, 7)')],
  },
  {
    name: 'plain',
    whole: true,
    create: `CREATE TABLE k.plain (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${end()}`,
    fill: [write('plain', "(1, 'a')")],
    first: [write('plain', "(2, 'b')")],
    second: ['TRUNCATE TABLE k.plain', write('plain', "(3, 'c')")],
  },
  {
    name: 'still',
    whole: true,
    create: `CREATE TABLE k.still (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${ranges} ${end()}`,
    fill: [write('still', "(1, 'a')", "(11, 'b')")],
    first: [],
    second: [],
  },
  {
    name: 'renamed',
    create: `CREATE TABLE k.renamed (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${ranges} ${end()}`,
    fill: [write('renamed', "(1, 'a')", "(11, 'b')")],
    first: [alter('renamed', 'RENAME PARTITION p1 q1'), into('renamed', 'p2', "(12, 'c')")],
    second: [alter('renamed', 'DROP PARTITION q1 FORCE')],
  },
  {
    name: 'emptied',
    whole: true,
    create: `CREATE TABLE k.emptied (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${ranges} ${end()}`,
    fill: [write('emptied', "(1, 'a')", "(11, 'b')")],
    first: ['p1', 'p2', 'p3'].map((partition) => alter('emptied', `DROP PARTITION ${partition} FORCE`)),
    second: [],
  },
  {
    name: 'bydate',
    create: `CREATE TABLE k.bydate (id INT NOT NULL, dt DATETIME NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY date_trunc('day', dt) ${end()}`,
    fill: [write('bydate', "(1, '2026-01-01 10:00:00', 'a')", "(2, '2026-01-02 10:00:00', 'b')")],
    first: [
      alter('bydate', "ADD PARTITIONS START ('2026-01-03') END ('2026-01-04') EVERY (INTERVAL 1 DAY)"),
      into('bydate', 'p20260103', "(3, '2026-01-03 10:00:00', 'c')"),
    ],
    second: [
      into('bydate', 'p20260102', "(5, '2026-01-02 11:00:00', 'e')"),
      alter('bydate', 'DROP PARTITION p20260101 FORCE'),
    ],
  },
  {
    name: 'list',
    list: true,
    create: `CREATE TABLE k.list (id INT NOT NULL, c VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(c) (PARTITION pa VALUES IN ('a', 'b'), PARTITION pc VALUES IN ('c')) ${end()}`,
    fill: [write('list', "(1, 'a')", "(2, 'c')")],
    first: [alter('list', "ADD PARTITION pd VALUES IN ('d', 'e')"), into('list', 'pd', "(3, 'd')")],
    // The same name with other values.
    second: [
      alter('list', 'DROP PARTITION pc FORCE'),
      alter('list', "ADD PARTITION pc VALUES IN ('x', 'y')"),
      into('list', 'pc', "(4, 'x')"),
    ],
  },
  {
    name: 'autolist',
    list: true,
    create: `CREATE TABLE k.autolist (id INT NOT NULL, c VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY (c) ${end()}`,
    fill: [write('autolist', "(1, 'a')", "(2, 'c')")],
    first: [alter('autolist', "ADD PARTITION pd VALUES IN ('d')"), into('autolist', 'pd', "(3, 'd')")],
    second: [into('autolist', 'pa', "(5, 'a')")],
  },
]

export function runAll(cluster: LabCluster, statements: readonly string[]): void {
  for (const statement of statements) cluster.execute(statement)
}
