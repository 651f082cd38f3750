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
}

const end = (more = '') => `DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1'${more})`
const ranges = `PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20'), PARTITION p3 VALUES LESS THAN ('30'))`
const write = (table: string, ...rows: string[]) => `INSERT INTO k.${table} VALUES ${rows.join(', ')}`

function rangeKind(name: string, head: string, more = ''): TableKind {
  return {
    name,
    create: `CREATE TABLE k.${name} ${head} ${ranges} ${end(more)}`,
    fill: [write(name, "(1, 'a', 1)", "(11, 'b', 2)", "(21, 'c', 3)")],
    first: [
      `ALTER TABLE k.${name} ADD PARTITION p4 VALUES LESS THAN ('40')`,
      write(name, "(31, 'd', 4)", "(12, 'e', 5)"),
      `ALTER TABLE k.${name} DROP PARTITION p3 FORCE`,
    ],
    second: [
      // Another range under a name that was used before.
      `ALTER TABLE k.${name} ADD PARTITION p3 VALUES [('20'), ('25'))`,
      write(name, "(22, 'f', 6)", "(2, 'g', 7)"),
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
    first: ['INSERT INTO k.agg VALUES (1, 5)'],
    second: ['INSERT INTO k.agg VALUES (21, 7)'],
  },
  {
    name: 'plain',
    create: `CREATE TABLE k.plain (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${end()}`,
    fill: [write('plain', "(1, 'a')")],
    first: [write('plain', "(2, 'b')")],
    second: ['TRUNCATE TABLE k.plain', write('plain', "(3, 'c')")],
  },
  {
    name: 'quiet',
    create: `CREATE TABLE k.quiet (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${ranges} ${end()}`,
    fill: [write('quiet', "(1, 'a')", "(11, 'b')")],
    first: [],
    second: [],
  },
  {
    name: 'altered',
    create: `CREATE TABLE k.altered (id INT NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) ${ranges} ${end()}`,
    fill: [write('altered', "(1, 'a')", "(11, 'b')")],
    first: ['ALTER TABLE k.altered RENAME PARTITION p1 q1', write('altered', "(12, 'c')")],
    second: ['ALTER TABLE k.altered DROP PARTITION q1 FORCE', 'ALTER TABLE k.altered DROP PARTITION p2 FORCE'],
  },
  {
    name: 'bydate',
    create: `CREATE TABLE k.bydate (id INT NOT NULL, dt DATETIME NOT NULL, s VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY date_trunc('day', dt) ${end()}`,
    fill: [write('bydate', "(1, '2026-01-01 10:00:00', 'a')", "(2, '2026-01-02 10:00:00', 'b')")],
    first: [write('bydate', "(3, '2026-01-03 10:00:00', 'c')", "(4, '2026-01-02 11:00:00', 'd')")],
    second: [write('bydate', "(5, '2026-01-04 10:00:00', 'e')"), 'ALTER TABLE k.bydate DROP PARTITION p20260101 FORCE'],
  },
  {
    name: 'list',
    list: true,
    create: `CREATE TABLE k.list (id INT NOT NULL, c VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(c) (PARTITION pa VALUES IN ('a', 'b'), PARTITION pc VALUES IN ('c')) ${end()}`,
    fill: [write('list', "(1, 'a')", "(2, 'c')")],
    first: ["ALTER TABLE k.list ADD PARTITION pd VALUES IN ('d', 'e')", write('list', "(3, 'd')")],
    // The same name with other values.
    second: [
      'ALTER TABLE k.list DROP PARTITION pc FORCE',
      "ALTER TABLE k.list ADD PARTITION pc VALUES IN ('x', 'y')",
      write('list', "(4, 'x')"),
    ],
  },
  {
    name: 'autolist',
    list: true,
    create: `CREATE TABLE k.autolist (id INT NOT NULL, c VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY (c) ${end()}`,
    fill: [write('autolist', "(1, 'a')", "(2, 'c')")],
    first: [write('autolist', "(3, 'd')", "(4, 'a')")],
    second: [write('autolist', "(5, 'e')")],
  },
]

export function runAll(cluster: LabCluster, statements: readonly string[]): void {
  for (const statement of statements) cluster.execute(statement)
}
