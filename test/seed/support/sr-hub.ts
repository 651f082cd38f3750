import type { LabCluster } from '../../../lab/index.ts'

const END = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"
const MV = "DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1')"

/** What the documentation's examples are about, as statements: partitioned and primary-key tables, views, materialized views, functions. */
export const hubStatements = (database: string): string[] => [
  `CREATE DATABASE ${database}`,
  `CREATE TABLE ${database}.sr_member (id INT NOT NULL, city VARCHAR(20), n INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20'), PARTITION p3 VALUES LESS THAN ('30')) ${END}`,
  `CREATE TABLE ${database}.sr_pmc (id INT NOT NULL, v VARCHAR(20)) PRIMARY KEY(id) ${END}`,
  `INSERT INTO ${database}.sr_member VALUES (1, 'ulm', 1), (2, 'bonn', 2), (11, 'ulm', 3), (21, 'kiel', 4)`,
  `INSERT INTO ${database}.sr_pmc VALUES (1, 'x'), (2, 'y')`,
  `CREATE VIEW ${database}.sr_view1 AS SELECT id, city FROM ${database}.sr_member`,
  `CREATE VIEW ${database}.sr_view2 AS SELECT id FROM ${database}.sr_pmc`,
  `CREATE MATERIALIZED VIEW ${database}.sr_mv1 ${MV} AS SELECT id, count(*) AS c FROM ${database}.sr_member GROUP BY id`,
  `CREATE MATERIALIZED VIEW ${database}.sr_mv2 ${MV} AS SELECT id, v FROM ${database}.sr_pmc`,
]

const functionStatement = (database: string, name: string) =>
  `CREATE FUNCTION ${database}.${name}(INT) RETURNS INT PROPERTIES ('type' = 'StarrocksJar', 'symbol' = 'org.example.Echo', 'file' = 'http://udf.example/echo.jar')`

export const CATALOGS = {
  iceberg: `CREATE EXTERNAL CATALOG iceberg PROPERTIES ('type' = 'iceberg', 'iceberg.catalog.type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083')`,
  hive: `CREATE EXTERNAL CATALOG hive PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083', 'aws.s3.secret_key' = 'hive-secret')`,
  paimon: `CREATE EXTERNAL CATALOG paimon PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9084')`,
}

/** A database as in the documentation. */
export function makeHub(cluster: LabCluster, database: string, { functions = true } = {}): void {
  for (const statement of hubStatements(database)) cluster.execute(statement)
  if (!functions) return
  for (const name of ['sr_udf1', 'sr_udf2']) cluster.execute(functionStatement(database, name))
}

export type Rows = Record<string, string | null>[]

export async function show(cluster: LabCluster, sql: string): Promise<Rows> {
  const { columns, rows } = await cluster.run(sql)
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))
}

/** Rows of a table as sorted text. */
export async function rowsOf(cluster: LabCluster, table: string): Promise<string[]> {
  return (await cluster.run(`SELECT * FROM ${table}`)).rows.map((row) => row.join()).sort()
}

export const functionsOf = async (cluster: LabCluster, database: string): Promise<string[]> =>
  (await show(cluster, `SHOW FULL FUNCTIONS FROM ${database}`)).map((row) => String(row.Signature)).sort()

export const objectsOf = (cluster: LabCluster, database: string): string[] =>
  [...(cluster.state.databases.get(database)?.objects.keys() ?? [])].sort()

export const activeViews = async (cluster: LabCluster, database: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await show(cluster, `SHOW MATERIALIZED VIEWS FROM ${database}`)).map((row) => [
      String(row.name),
      String(row.is_active),
    ]),
  )
