import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  accountStatements,
  classify,
  grantsFor,
  listAuthentication,
  listCatalogs,
  listDynamicPartitionTables,
  listFunctions,
  listGlobalFunctions,
  listPartitions,
  listResourceGroups,
  listRoles,
  listUsers,
  type Queryable,
  readIdentity,
  readResourceGroups,
  resultSet,
  showCreateCatalog,
  unfinishedJobs,
  writeIdentity,
} from '../../../starrocks/index.ts'
import { fixedAnswers } from '../recorded-cluster.ts'
import { answer, type Release, releases } from './recorded.ts'

interface Answer {
  columns: string[]
  rows: (string | null)[][]
  error?: { errno?: number; message: string }
}

/** Answers with what a frontend answered; names in the recorded statements stand without quotation. */
function cluster(release: Release): Queryable {
  const file = new URL(`../../fixtures/backup-neighbours/${release}.json`, import.meta.url)
  const answers = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Answer>
  const plain = (sql: string) => sql.replace(/[`'"]/g, '').replace(/@%/, '')
  const byPlain = new Map(Object.entries(answers).map(([sql, found]) => [plain(sql), found]))
  return fixedAnswers((sql) => {
    const found = byPlain.get(plain(sql))
    if (!found) throw new Error(`Nobody asked a frontend: ${sql}`)
    if (found.error) throw classify(Object.assign(new Error(found.error.message), { errno: found.error.errno }))
    return resultSet(found.columns, found.rows)
  })
}

describe.each(releases)('recorded answers of %s', (release) => {
  it('reads functions', async () => {
    const functions = await listFunctions(cluster(release), 'shop')
    const jar = functions.find(({ name }) => name === 'j_add')
    expect(jar).toMatchObject({
      signature: 'j_add(INT)',
      returnType: 'INT',
      functionType: 'Scalar',
      properties: { symbol: 'com.x.Add', type: 'SRJAR', file: 'http://127.0.0.1:8999/add.jar' },
    })
    const globals = await listGlobalFunctions(cluster(release))
    expect(globals.map(({ name }) => name)).toContain('g_add')
  })

  it('reads catalogs and tells which secrets are masked', async () => {
    const catalogs = await listCatalogs(cluster(release))
    expect(catalogs.filter(({ external }) => !external).map(({ name }) => name)).toEqual(['default_catalog'])
    expect(catalogs.find(({ name }) => name === 'hive_cat')).toMatchObject({
      type: 'Hive',
      comment: "hive 'c'",
      external: true,
    })
    const hive = await showCreateCatalog(cluster(release), 'hive_cat')
    expect(hive.text).toMatch(/^CREATE EXTERNAL CATALOG `hive_cat`/)
    expect([...hive.masked].sort()).toEqual(['aws.s3.access_key', 'aws.s3.secret_key'])
    await expect(showCreateCatalog(cluster(release), 'nope_cat')).rejects.toMatchObject({ kind: 'NotFound' })
    await expect(showCreateCatalog(cluster(release), 'default_catalog')).rejects.toMatchObject({
      kind: 'UnexpectedAnswer',
    })
  })

  it('reads users, roles and grants', async () => {
    const users = await listUsers(cluster(release))
    expect(users).toContainEqual({ user: 'bob', host: '127.0.0.%', domain: false })
    const authentication = await listAuthentication(cluster(release))
    expect(authentication).toContainEqual({
      user: 'alice',
      host: '%',
      domain: false,
      hasPassword: true,
      plugin: 'MYSQL_NATIVE_PASSWORD',
    })
    expect(JSON.stringify(authentication)).not.toContain('6BB4837')
    const roles = await listRoles(cluster(release))
    expect(roles.find(({ name }) => name === 'root')).toMatchObject({ builtin: true })
    expect(roles.filter(({ builtin }) => !builtin).map(({ name }) => name)).toContain('analyst')
    const grants = await grantsFor(cluster(release), { role: 'analyst' })
    expect(grants).toContainEqual({
      catalog: 'default_catalog',
      statement: "GRANT SELECT ON TABLE shop.uniq TO ROLE 'analyst'",
    })
    const bob = await grantsFor(cluster(release), { user: 'bob', host: '127.0.0.%', domain: false })
    expect(bob.map(({ statement }) => statement)).toContain("GRANT 'analyst' TO 'bob'@'127.0.0.%'")
    await expect(grantsFor(cluster(release), { role: 'nope' })).rejects.toMatchObject({ kind: 'NotFound' })
  })

  it('reads the tables whose partitions come and go by themselves', async () => {
    const [table] = await listDynamicPartitionTables(cluster(release), 'shop')
    expect(table).toMatchObject({
      table: 'dyn',
      enabled: true,
      timeUnit: 'DAY',
      start: -3,
      end: 3,
      prefix: 'p',
      buckets: 2,
      replicationNum: 1,
      inScheduler: true,
      dropMessage: undefined,
    })
  })

  it('reads temporary partitions', async () => {
    const some = await listPartitions(cluster(release), 'shop', 'range_int', { temporary: true })
    expect(some.map(({ name }) => name)).toEqual(expect.arrayContaining(['tp1', 'tp2']))
    expect(await listPartitions(cluster(release), 'shop', 'uniq', { temporary: true })).toEqual([])
  })

  it('reads resource groups', async () => {
    expect(await listResourceGroups(cluster(release))).toEqual([])
  })

  it('finds jobs that have not ended', async () => {
    const backups = answer(release, 'BACKUP')
    const restores = answer(release, 'RESTORE')
    const both = fixedAnswers((sql) => (sql.startsWith('SHOW BACKUP') ? backups : restores))
    const found = await unfinishedJobs(both, 'bk')
    const running = [...backups.rows, ...restores.rows].filter(
      (row) => !/FINISHED|CANCELLED/.test(row.get('State') ?? ''),
    )
    expect(found.length).toBe(running.length)
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['backup', 'restore']))
  })
})

describe('users', () => {
  it.each([
    ["'bob'@'127.0.0.%'", { user: 'bob', host: '127.0.0.%', domain: false }],
    ["'o'brien'@'%'", { user: "o'brien", host: '%', domain: false }],
    ["'a'@['b.example']", { user: 'a', host: 'b.example', domain: true }],
  ])('%s', (text, identity) => {
    expect(readIdentity(text)).toEqual(identity)
  })

  it('are quoted in statements', () => {
    expect(writeIdentity({ user: "o'brien", host: '%', domain: false })).toBe("'o''brien'@'%'")
    expect(writeIdentity({ user: 'a', host: 'b', domain: true })).toBe("'a'@['b']")
  })

  it('come back as statements, with what is missing named', async () => {
    const answers: Record<string, Answer> = {
      'SHOW ROLES': {
        columns: ['Name', 'Builtin', 'Comment'],
        rows: [
          ['root', 'true', ''],
          ['a`r', 'false', "it's"],
        ],
      },
      'SHOW ALL AUTHENTICATION': {
        columns: ['UserIdentity', 'Password', 'AuthPlugin', 'UserForAuthPlugin'],
        rows: [
          ["'root'@'%'", 'No', 'MYSQL_NATIVE_PASSWORD', null],
          ["'open'@'%'", 'No', 'MYSQL_NATIVE_PASSWORD', null],
          ["'locked'@'%'", 'Yes', 'MYSQL_NATIVE_PASSWORD', '*HASH'],
          ["'corp'@'%'", 'No', 'AUTHENTICATION_LDAP_SIMPLE', 'uid=corp'],
        ],
      },
      'SHOW GRANTS FOR ROLE `a``r`': {
        columns: ['UserIdentity', 'Catalog', 'Grants'],
        rows: [['a`r', 'hive_cat', "GRANT USAGE ON CATALOG hive_cat TO ROLE 'a`r'"]],
      },
    }
    const empty = { columns: ['UserIdentity', 'Catalog', 'Grants'], rows: [] }
    const one = fixedAnswers((sql) => {
      const found = answers[sql] ?? empty
      return resultSet(found.columns, found.rows)
    })
    expect(await accountStatements(one)).toEqual({
      statements: [
        "CREATE ROLE IF NOT EXISTS `a``r` COMMENT 'it''s'",
        "CREATE USER IF NOT EXISTS 'open'@'%' IDENTIFIED BY ''",
        'SET CATALOG `hive_cat`',
        "GRANT USAGE ON CATALOG hive_cat TO ROLE 'a`r'",
        'SET CATALOG default_catalog',
      ],
      missing: [
        "'locked'@'%': create it with its password",
        "'corp'@'%': create it with its AUTHENTICATION_LDAP_SIMPLE",
        'default roles and properties of users',
      ],
    })
  })

  it('gathers the classifiers of a resource group', () => {
    const { rows } = resultSet(
      ['name', 'id', 'cpu_weight', 'mem_limit', 'classifiers'],
      [
        ['rg', '1', '4', '20%', '(id=2, weight=1.0, user=alice)'],
        ['rg', '1', '4', '20%', '(id=3, weight=1.0, role=analyst)'],
      ],
    )
    expect(readResourceGroups(rows)).toEqual([
      {
        name: 'rg',
        id: '1',
        limits: { cpu_weight: '4', mem_limit: '20%' },
        classifiers: ['(id=2, weight=1.0, user=alice)', '(id=3, weight=1.0, role=analyst)'],
      },
    ])
  })
})
