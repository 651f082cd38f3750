import type { TableSpec } from '../../lab/scenario/table-spec.ts'

/** Ordinary tables `app.t1` … with a few rows each. */
export function plainTables(count: number, rows = 20): TableSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    db: 'app',
    name: `t${i + 1}`,
    body: '(id INT NOT NULL, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")',
    row: (n) => [n, `row ${n}`],
    rows,
    deleteBy: 'id',
  }))
}
