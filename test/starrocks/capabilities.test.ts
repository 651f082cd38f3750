import { describe, expect, it } from 'vitest'
import {
  capabilities,
  classify,
  createDatabaseProbe,
  frontendSettings,
  partitionsMeta,
  probePrivileges,
  readFrontends,
  readProbes,
  resultSet,
  setFrontendSetting,
  tableProbe,
} from '../../starrocks/index.ts'
import { fixedAnswers, profiles, RecordedCluster } from './recorded-cluster.ts'

const expected = {
  '3.1': { runMode: 'shared_nothing', dataVersions: false, replications: false },
  '3.3': { runMode: 'shared_nothing', dataVersions: true, replications: false },
  '3.5': { runMode: 'shared_nothing', dataVersions: true, replications: true },
  '4.1': { runMode: 'shared_nothing', dataVersions: true, replications: true },
  '4.1-shared-data': { runMode: 'shared_data', dataVersions: true, replications: true },
}

describe.each(profiles)('a cluster of %s', (profile) => {
  it('shows what it can do', async () => {
    const recorded = new RecordedCluster(profile)
    const [leader] = readFrontends((await recorded.query('SHOW FRONTENDS')).rows, undefined)
    if (!leader) throw new Error('no leader')
    const cluster = {
      query: (sql: string) => recorded.query(sql),
      stream: (sql: string) => recorded.stream(sql),
      leader: async () => leader,
    }
    expect(await capabilities(cluster)).toEqual({ version: leader.version, partitionsMeta: true, ...expected[profile] })
  })
})

const denied = (privilege: string) =>
  classify(
    Object.assign(
      new Error(
        `Access denied; you need (at least one of) the ${privilege} privilege(s) on SYSTEM for this operation. Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.`,
      ),
      { errno: 5203 },
    ),
  )

describe('old clusters', () => {
  it('without partitions_meta say so', async () => {
    const cluster = fixedAnswers(() => {
      throw classify(
        Object.assign(
          new Error("Getting analyzing error. Detail message: Unknown table 'information_schema.partitions_meta'."),
          { errno: 5502 },
        ),
      )
    })
    await expect(partitionsMeta(cluster).next()).rejects.toMatchObject({ kind: 'Unsupported' })
  })
})

describe('privileges', () => {
  it('are found out by trying, and the missing one is named', async () => {
    const cluster = fixedAnswers((sql) => {
      if (sql.startsWith('SHOW PROC')) throw denied('OPERATE')
      if (sql.startsWith('SHOW PARTITIONS'))
        throw classify(Object.assign(new Error("Unknown table 'x'"), { errno: 5502 }))
      return resultSet([], [])
    })
    const findings = await probePrivileges(cluster, [...readProbes, tableProbe('d', 'x'), createDatabaseProbe('d`x')])
    expect(findings.map(({ allowed, missing }) => ({ allowed, missing }))).toEqual([
      { allowed: false, missing: 'OPERATE on SYSTEM' },
      { allowed: true, missing: undefined },
      { allowed: true, missing: undefined },
      { allowed: undefined, missing: undefined },
      { allowed: true, missing: undefined },
    ])
    expect(createDatabaseProbe('d`x').sql).toBe('CREATE DATABASE IF NOT EXISTS `d``x`')
  })
})

describe('settings', () => {
  it('are found by their exact key, although LIKE takes _ for anything', async () => {
    const columns = ['Key', 'AliasNames', 'Value', 'Type', 'IsMutable', 'Comment']
    const cluster = fixedAnswers(() =>
      resultSet(columns, [
        ['runXmode', '[]', 'wrong', 'String', 'true', ''],
        ['run_mode', '[]', 'shared_data', 'String', 'false', ''],
      ]),
    )
    const all = await frontendSettings(cluster)
    expect(all.get('run_mode')).toMatchObject({ value: 'shared_data', mutable: false })
    const { frontendSetting, runMode } = await import('../../starrocks/index.ts')
    expect((await frontendSetting(cluster, 'RUN_MODE'))?.value).toBe('shared_data')
    expect(await frontendSetting(cluster, 'run-mode')).toBeUndefined()
    expect(await runMode(cluster)).toBe('shared_data')
    expect(await runMode(fixedAnswers(() => resultSet(columns, [])))).toBe('shared_nothing')
  })

  it('are set with key and value as literals', async () => {
    const asked: string[] = []
    const cluster = fixedAnswers((sql) => {
      asked.push(sql)
      return resultSet([], [])
    })
    await setFrontendSetting(cluster, 'a"b', "x'); DROP TABLE t; --")
    expect(asked).toEqual([`ADMIN SET FRONTEND CONFIG ('a"b' = 'x''); DROP TABLE t; --')`])
  })
})
