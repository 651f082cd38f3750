import { properties, type ScenarioTarget, type TableSpec, time, word } from './table-spec.ts'

/** The database of odd things; only newer frontends take a dash in its name. */
export function oddDatabase(target: ScenarioTarget): string {
  return target.version === '3.1' ? 'odd_db' : 'odd-db'
}

/** Tables whose names, columns, comments and defaults are hard to copy. */
export function oddTables(target: ScenarioTarget): TableSpec[] {
  const db = oddDatabase(target)
  return [
    {
      db,
      name: 'odd table',
      body: `(\`select\` INT, \`a b\` INT, \`c-d\` INT, \`中文列\` STRING, \`$dollar\` INT, \`UPPER\` INT) DUPLICATE KEY(\`select\`) DISTRIBUTED BY HASH(\`select\`) BUCKETS 1 ${properties()}`,
      row: (n, random) => [n, n % 3, n % 5, word(random), n, n],
      rows: 20,
    },
    {
      db,
      name: 'order',
      body: `(\`key\` INT, \`group\` INT) PRIMARY KEY(\`key\`) DISTRIBUTED BY HASH(\`key\`) BUCKETS 1 ${properties()}`,
      row: (n) => [n, n % 4],
      rows: 20,
      deleteBy: 'key',
    },
    {
      db,
      name: '中文表',
      body: `(id INT, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n, random) => [n, word(random)],
      rows: 15,
    },
    {
      db,
      // Frontends drop doubled backticks: this column is called id.
      name: 'backtick',
      body: `(\`i\`\`d\` INT) DUPLICATE KEY(\`i\`\`d\`) DISTRIBUTED BY HASH(\`i\`\`d\`) BUCKETS 1 ${properties()}`,
      row: (n) => [n],
      rows: 10,
    },
    {
      db,
      name: 'MixedCase',
      body: `(Id INT, VAL INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(iD) BUCKETS 1 ${properties()}`,
      row: (n) => [n, n],
      rows: 10,
    },
    {
      db,
      name: 'mixedcase',
      body: `(Id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n],
      rows: 10,
    },
    {
      db,
      name: `long_name_${'x'.repeat(54)}`,
      body: `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n],
      rows: 10,
    },
    {
      db,
      name: 'comments',
      body: `(id INT COMMENT 'single '' quote', a INT COMMENT "double \\" quote", b INT COMMENT 'back\\\\slash', e INT COMMENT '数据 😀', f INT COMMENT 'semi; -- dash /* c */', i INT COMMENT '\`tick\` %s {x}') DUPLICATE KEY(id) COMMENT 'it''s "quoted" and 表' DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n, 1, 2, 3, 4, 5],
      rows: 5,
    },
    {
      db,
      name: 'defaults_odd',
      body: `(id INT, a VARCHAR(30) DEFAULT 'plain', d VARCHAR(30) DEFAULT '数', e VARCHAR(30) DEFAULT NULL, f DATETIME DEFAULT CURRENT_TIMESTAMP, g DECIMAL(10,2) DEFAULT '1.50', j DATETIME DEFAULT '2024-01-01 00:00:00') DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      // The time is given: rows must not depend on when they are made.
      columns: ['id', 'f'],
      row: (n) => [n, time(n)],
      rows: 10,
    },
    {
      db,
      name: 'part_reserved',
      body: `(id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION \`select\` VALUES LESS THAN ("10"), PARTITION \`P1\` VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n % 20],
      rows: 20,
    },
  ]
}
