import { seededRandom } from '../faults/random.ts'
import { modelTables } from './model-tables.ts'
import { oddDatabase, oddTables } from './odd-tables.ts'
import { partitionedTables } from './partitioned-tables.ts'
import {
  createStatement,
  insertStatements,
  isAtLeast,
  quoteName,
  type ScenarioTarget,
  type TableSpec,
} from './table-spec.ts'

/** A cluster's content as statements. */
export interface Scenario {
  tables: TableSpec[]
  /** Databases, tables, rows, then what stands on tables. */
  statements: string[]
  /** `db.name` of objects that a migration must refuse, with why. */
  refused: { db: string; name: string; reason: string }[]
  views: { db: string; name: string }[]
  materializedViews: { db: string; name: string }[]
}

/**
 * Some forty tables of every model, partitioning and oddity that the release line knows, with rows that depend on the seed
 * alone, and the views, materialized views and external table that stand beside them.
 */
export function demoScenario(target: ScenarioTarget, seed = 1): Scenario {
  const random = seededRandom(seed)
  const all = [...modelTables(target), ...partitionedTables(), ...oddTables(target)]
  const tables = all.filter((table) => isAtLeast(target.version, table.since ?? '3.1'))
  const odd = oddDatabase(target)
  const statements = ['shop', 'logs', odd].map((db) => `CREATE DATABASE ${quoteName(db)}`)
  for (const table of tables) {
    statements.push(createStatement(table), ...(table.after ?? []), ...insertStatements(table, 0, table.rows, random))
  }
  const views = ['v_simple', 'v_cols', 'v_on_v', 'v_cross'].map((name) => ({ db: 'shop', name }))
  statements.push(
    "CREATE VIEW shop.v_simple AS SELECT id, v FROM shop.uniq WHERE v = 'it''s'",
    `CREATE VIEW shop.v_cols (a COMMENT 'col', b) COMMENT 'view "c"' AS SELECT id, v FROM shop.uniq`,
    'CREATE VIEW shop.v_on_v AS SELECT id FROM shop.v_simple',
    'CREATE VIEW shop.v_cross AS SELECT a.id FROM shop.uniq a, logs.range_int b WHERE a.id = b.id',
    `CREATE MATERIALIZED VIEW shop.mv_deferred COMMENT 'mv' DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ("replication_num" = "1") AS SELECT id, count(*) AS cnt FROM shop.dup_hash8 GROUP BY id`,
    `CREATE EXTERNAL TABLE shop.ext_mysql (id INT, name VARCHAR(10)) ENGINE=mysql PROPERTIES ("host" = "127.0.0.1", "port" = "3306", "user" = "u", "password" = "secret", "database" = "d", "table" = "t")`,
  )
  return {
    tables,
    statements,
    refused: [{ db: 'shop', name: 'ext_mysql', reason: 'external table' }],
    views,
    materializedViews: [{ db: 'shop', name: 'mv_deferred' }],
  }
}
