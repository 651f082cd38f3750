import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { addressMapOf, type ClusterOptions, StarRocksCluster, type StatementEvent } from '../../starrocks/index.ts'
import { Frontend, frontendRows, type Handler, type Reply } from './frontend.ts'

const cleanUp: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const act of cleanUp.splice(0).reverse()) await act()
})

async function frontend(handler: Handler): Promise<Frontend> {
  const started = await Frontend.start((sql, session) => (sql === 'SET ROLE ALL' ? 'ok' : handler(sql, session)))
  cleanUp.push(() => started.stop())
  return started
}

function cluster(frontends: { host: string; port: number }[], options: Partial<ClusterOptions> = {}): StarRocksCluster {
  const made = new StarRocksCluster({ name: 'test', frontends, user: 'root', password: 'secret-password', ...options })
  cleanUp.push(() => made.close())
  return made
}

const one: Reply = { columns: ['a'], rows: [['1']] }

/** A cluster of several frontends; `leads` says which of them leads at the moment. */
async function several(count: number, handler: Handler = () => one) {
  const state = { leader: 0 }
  const frontends: Frontend[] = []
  const rows = () =>
    frontendRows(frontends.map(({ port }, place) => ({ port, role: place === state.leader ? 'LEADER' : 'FOLLOWER' })))
  for (let place = 0; place < count; place++) {
    frontends.push(await frontend((sql, session) => (sql === 'SHOW FRONTENDS' ? rows() : handler(sql, session))))
  }
  return { frontends, state }
}

function at<T>(list: T[], place: number): T {
  const item = list[place]
  if (item === undefined) throw new Error(`nothing at ${place}`)
  return item
}

const asked = (server: Frontend, sql: string) => server.statements.filter((statement) => statement === sql).length

describe('the leader', () => {
  it('is found through a follower, and only it is asked', async () => {
    const { frontends, state } = await several(3)
    state.leader = 2
    const test = cluster([at(frontends, 0).address])
    expect((await test.query('SHOW PARTITIONS FROM t')).rows[0]?.get('a')).toBe('1')
    expect(await test.leader()).toMatchObject({
      host: '127.0.0.1',
      queryPort: at(frontends, 2).port,
      rpcPort: 9020,
      role: 'LEADER',
    })
    expect(frontends.map((server) => asked(server, 'SHOW PARTITIONS FROM t'))).toEqual([0, 0, 1])
    expect(await test.frontends()).toHaveLength(3)
  })

  it('is not believed on the word of another: a follower that is cut off names the old one', async () => {
    const servers: Frontend[] = []
    const roles = (...roles: string[]) =>
      frontendRows(servers.map(({ port }, place) => ({ port, role: roles[place] ?? '' })))
    servers.push(await frontend(() => roles('FOLLOWER', 'LEADER', 'FOLLOWER')))
    servers.push(await frontend(() => roles('FOLLOWER', 'FOLLOWER', 'LEADER')))
    servers.push(await frontend((sql) => (sql === 'SHOW FRONTENDS' ? roles('FOLLOWER', 'FOLLOWER', 'LEADER') : one)))
    const test = cluster([at(servers, 0).address])
    await test.query('SHOW DATA')
    expect((await test.leader()).queryPort).toBe(at(servers, 2).port)
  })

  it('that nobody confirms is an error that says so', async () => {
    const servers: Frontend[] = []
    const roles = (...roles: string[]) =>
      frontendRows(servers.map(({ port }, place) => ({ port, role: roles[place] ?? '' })))
    servers.push(await frontend(() => roles('FOLLOWER', 'LEADER')))
    servers.push(await frontend(() => roles('LEADER', 'FOLLOWER')))
    await expect(cluster([at(servers, 0).address]).query('SELECT 1')).rejects.toMatchObject({ kind: 'NotLeader' })
  })

  it('is reached through the address map', async () => {
    const server = await frontend((sql) =>
      sql === 'SHOW FRONTENDS'
        ? frontendRows([
            { host: '10.0.0.1', port: 9030, role: 'LEADER' },
            { host: '10.0.0.2', port: 9030, role: 'FOLLOWER' },
          ])
        : one,
    )
    const addressMap = addressMapOf({ '10.0.0.1': `127.0.0.1;9030:${server.port},8030:18030` })
    const test = cluster([server.address], { addressMap })
    await test.query('SELECT 1')
    expect(await test.leader()).toMatchObject({
      host: '127.0.0.1',
      queryPort: server.port,
      httpPort: 18030,
      printed: { host: '10.0.0.1', queryPort: 9030, httpPort: 8030 },
    })
  })

  it('may register an address that means nothing here, as long as it is alone', async () => {
    const server = await frontend((sql) =>
      sql === 'SHOW FRONTENDS' ? frontendRows([{ host: '172.18.0.3', port: 9030, role: 'LEADER' }]) : one,
    )
    const test = cluster([server.address])
    await test.query('SELECT 1')
    expect(await test.leader()).toMatchObject({ host: '127.0.0.1', httpPort: 8030, printed: { host: '172.18.0.3' } })
  })

  it('that dies is replaced; reads go on as if nothing had happened', async () => {
    const { frontends, state } = await several(3)
    const test = cluster(frontends.map((server) => server.address))
    await test.query('SELECT 1')
    state.leader = 1
    await at(frontends, 0).stop()
    expect((await test.query('SELECT 1')).rows).toHaveLength(1)
    expect((await test.leader()).queryPort).toBe(at(frontends, 1).port)
  })

  it('is found among frontends that were only learnt', async () => {
    const { frontends, state } = await several(3)
    const test = cluster([at(frontends, 0).address])
    await test.query('SELECT 1')
    state.leader = 2
    await at(frontends, 0).stop()
    await test.query('SELECT 1')
    expect(asked(at(frontends, 2), 'SELECT 1')).toBe(1)
  })

  it('that lives on as a follower is noticed when its time is up', async () => {
    const { frontends, state } = await several(2)
    const test = cluster([at(frontends, 0).address], { leaderTtlMs: 0 })
    await test.query('SELECT 1')
    state.leader = 1
    await test.query('SELECT 2')
    expect(asked(at(frontends, 1), 'SELECT 2')).toBe(1)
    expect(asked(at(frontends, 0), 'SELECT 2')).toBe(0)
  })

  it('is believed for a while', async () => {
    const { frontends } = await several(1)
    const test = cluster([at(frontends, 0).address], { leaderTtlMs: 600_000 })
    for (let count = 0; count < 10; count++) await test.query('SELECT 1')
    expect(asked(at(frontends, 0), 'SHOW FRONTENDS')).toBe(1)
  })

  it('is left when it says that it is none', async () => {
    const { frontends, state } = await several(2, (sql) => (sql === 'SELECT 2' && state.leader === 0 ? step() : one))
    const step = () => {
      state.leader = 1
      return new Error('Current node is not leader')
    }
    const test = cluster([at(frontends, 0).address])
    await test.query('SELECT 1')
    await test.query('SELECT 2')
    expect(asked(at(frontends, 1), 'SELECT 2')).toBe(1)
  })
})

describe('a connection', () => {
  it('that breaks during a read is made again, once', async () => {
    let broken = 0
    const { frontends } = await several(1, () => (broken++ < 1 ? 'drop' : one))
    const test = cluster([at(frontends, 0).address])
    expect((await test.query('SELECT 1')).rows).toHaveLength(1)
    broken = -10
    await expect(test.query('SELECT 1')).rejects.toMatchObject({ kind: 'Unreachable' })
    expect(asked(at(frontends, 0), 'SELECT 1')).toBe(4)
  })

  it('that breaks during anything else leaves the outcome unknown, and nothing is sent twice', async () => {
    const { frontends } = await several(1, () => 'drop')
    const test = cluster([at(frontends, 0).address])
    await expect(test.execute('CREATE DATABASE x')).rejects.toMatchObject({
      kind: 'OutcomeUnknown',
      name: 'OutcomeUnknownError',
    })
    expect(asked(at(frontends, 0), 'CREATE DATABASE x')).toBe(1)
  })

  it('that broke while idle costs nothing, not even for a statement that changes something', async () => {
    const { frontends } = await several(1, (sql) => (sql.startsWith('CREATE') ? 'ok' : one))
    const test = cluster([at(frontends, 0).address])
    await test.query('SELECT 1')
    at(frontends, 0).drop()
    await expect.poll(() => at(frontends, 0).open).toBe(0)
    await test.execute('CREATE DATABASE x')
    await test.query('SELECT 2')
    expect(asked(at(frontends, 0), 'CREATE DATABASE x')).toBe(1)
  })

  it('is not tried again with a password that is wrong', async () => {
    const { frontends } = await several(3)
    const test = cluster(
      frontends.map((server) => server.address),
      { password: 'guessed-password' },
    )
    const error = await test.query('SELECT 1').catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'Denied' })
    expect(error.message).toMatch(/user and the password/)
    expect(error.message).not.toContain('guessed')
    expect(frontends.map((server) => server.refused)).toEqual([1, 0, 0])
  })

  it('works for users without roles, and for versions without any', async () => {
    const server = await Frontend.start((sql) => {
      if (sql === 'SET ROLE ALL')
        return new Error("Getting syntax error at line 1, column 4. Detail message: Unexpected input 'ROLE'")
      return sql === 'SHOW FRONTENDS' ? frontendRows([{ port: 1, role: 'LEADER' }]) : one
    })
    cleanUp.push(() => server.stop())
    expect((await cluster([server.address]).query('SELECT 1')).rows).toHaveLength(1)
    expect(server.statements[0]).toBe('SET ROLE ALL')
  })

  it('does not fall back to clear text where TLS is wanted', async () => {
    const { frontends } = await several(1)
    const error = await cluster([at(frontends, 0).address], { tls: {} })
      .query('SELECT 1')
      .catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'Unreachable' })
    expect(error.message).toMatch(/SSL/)
    expect(at(frontends, 0).logins + at(frontends, 0).refused).toBe(0)
  })

  it('shows the statement in no part of an error', async () => {
    const { frontends } = await several(1, (sql) => (sql.includes('drop') ? 'drop' : new Error('odd')))
    const test = cluster([at(frontends, 0).address])
    for (const sql of ["CREATE USER x IDENTIFIED BY 'hush-drop'", "CREATE USER x IDENTIFIED BY 'hush'"]) {
      const error = await test.execute(sql).catch((reason) => reason)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hush|secret-password/)
    }
  })

  it('tells which addresses could not be reached', async () => {
    const { frontends } = await several(2)
    const ports = frontends.map((server) => server.port)
    for (const server of frontends) await server.stop()
    const error = await cluster(ports.map((port) => ({ host: '127.0.0.1', port })))
      .query('SELECT 1')
      .catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'Unreachable' })
    for (const port of ports) expect(error.message).toContain(String(port))
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('is one of a few, however many ask', async () => {
    let running = 0
    let most = 0
    const { frontends } = await several(1, async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return one
    })
    const test = cluster([at(frontends, 0).address], { poolSize: 3 })
    await Promise.all(Array.from({ length: 60 }, () => test.query('SELECT 1')))
    expect(asked(at(frontends, 0), 'SELECT 1')).toBe(60)
    expect(most).toBeLessThanOrEqual(3)
    expect(at(frontends, 0).most).toBe(3)
  })
})

describe('time', () => {
  it('runs out for reads: nothing is lost', async () => {
    const { frontends } = await several(1, () => 'silence')
    const test = cluster([at(frontends, 0).address])
    const error = await test.query('SELECT 1', { timeoutMs: 50 }).catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'Unreachable' })
    expect(error.message).toContain('50 ms')
    expect(asked(at(frontends, 0), 'SELECT 1')).toBe(1)
  })

  it('runs out for changes: nobody knows', async () => {
    const { frontends } = await several(1, () => 'silence')
    const test = cluster([at(frontends, 0).address], { socketTimeoutMs: 1_000 })
    await expect(test.execute('DROP TABLE t')).rejects.toMatchObject({ kind: 'OutcomeUnknown' })
    await expect.poll(() => asked(at(frontends, 0), 'DROP TABLE t')).toBe(1)
  })

  it('is not waited for after an abort; the connection is closed with it', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? 'silence' : one))
    const test = cluster([at(frontends, 0).address])
    const controller = new AbortController()
    const running = test.query('SELECT 1', { signal: controller.signal })
    await expect.poll(() => asked(at(frontends, 0), 'SELECT 1')).toBe(1)
    controller.abort(new Error('no longer wanted'))
    await expect(running).rejects.toThrow('no longer wanted')
    await expect.poll(() => at(frontends, 0).open).toBe(0)
    expect((await test.query('SELECT 2')).rows).toHaveLength(1)
    await expect(test.query('SELECT 3', { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
  })

  it('spent waiting for a free connection ends with an abort too', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? 'silence' : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    const holder = new AbortController()
    const holding = test.query('SELECT 1', { signal: holder.signal }).catch((error) => error)
    await expect.poll(() => asked(at(frontends, 0), 'SELECT 1')).toBe(1)
    const controller = new AbortController()
    const waiting = test.query('SELECT 2', { signal: controller.signal })
    const next = test.query('SELECT 3')
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    holder.abort()
    await holding
    expect((await next).rows).toHaveLength(1)
    expect(asked(at(frontends, 0), 'SELECT 2')).toBe(0)
  })
})

describe('waiting for a connection', () => {
  it('may end while one is being made; it goes to the next in line', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? 'silence' : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    const [holder, second] = [new AbortController(), new AbortController()]
    const holding = test.query('SELECT 1', { signal: holder.signal }).catch((error) => error)
    await expect.poll(() => asked(at(frontends, 0), 'SELECT 1')).toBe(1)
    const going = test.query('SELECT 2', { signal: second.signal })
    const third = test.query('SELECT 3')
    const fourth = test.query('SELECT 4')
    await new Promise((resolve) => setImmediate(resolve))
    holder.abort()
    // The holder's connection is gone, and a new one is on its way for the second.
    await holding
    second.abort(new Error('not me'))
    await expect(going).rejects.toThrow('not me')
    expect((await third).rows).toHaveLength(1)
    expect((await fourth).rows).toHaveLength(1)
    expect(asked(at(frontends, 0), 'SELECT 2')).toBe(0)
    expect(at(frontends, 0).most).toBeLessThanOrEqual(2)
  })
})

describe('answers', () => {
  it('hold every cell as it came', async () => {
    const cells = ['455850751355256833', '-9223372036854775808', null, '', '数据库 🦊', '0001-01-01', 'a\\b\'c"']
    const { frontends } = await several(1, () => ({ columns: cells.map((_, place) => `c${place}`), rows: [cells] }))
    const { rows } = await cluster([at(frontends, 0).address]).query('SELECT 1')
    expect(rows[0]?.cells).toEqual(cells)
    expect(rows[0]?.bigint('C1')).toBe(-9223372036854775808n)
  })

  it('of statements without rows are empty', async () => {
    const { frontends } = await several(1, () => 'ok')
    expect(await cluster([at(frontends, 0).address]).query('CREATE DATABASE x')).toMatchObject({
      columns: [],
      rows: [],
      affectedRows: 0,
    })
  })

  it('that are errors are classified and keep the connection', async () => {
    const { frontends } = await several(1, (sql) =>
      sql === 'SELECT 1'
        ? Object.assign(new Error("Getting analyzing error. Detail message: Unknown table 'x'."), { errno: 5502 })
        : one,
    )
    const test = cluster([at(frontends, 0).address])
    await expect(test.query('SELECT 1')).rejects.toMatchObject({ kind: 'NotFound', errno: 5502, names: ['x'] })
    await test.query('SELECT 2')
    expect(at(frontends, 0).logins).toBe(1)
  })
})

describe('streams', () => {
  const many = (count: number): Reply => ({
    columns: ['n'],
    rows: Array.from({ length: count }, (_, place) => [String(place)]),
  })

  it('hand out all rows', async () => {
    const { frontends } = await several(1, () => many(20_000))
    let sum = 0
    for await (const row of cluster([at(frontends, 0).address]).stream('SELECT 1')) sum += row.int('n')
    expect(sum).toBe(199_990_000)
  })

  it('may be left early, and the next statement gets its own answer', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? many(20_000) : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    for await (const row of test.stream('SELECT 1')) if (row.int('n') === 3) break
    expect((await test.query('SELECT 2')).columns).toEqual(['a'])
  })

  it('come many at a time to who wants that, no more than a reader can keep, and all of them', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? many(50_000) : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    let next = 0
    let largest = 0
    let batches = 0
    for await (const rows of test.batches('SELECT 1')) {
      largest = Math.max(largest, rows.length)
      // A slow reader, for which more comes in meanwhile.
      if (batches++ % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      for (const row of rows) expect(row.int('n')).toBe(next++)
    }
    expect(next).toBe(50_000)
    expect(largest).toBeLessThanOrEqual(2048)
    expect(batches).toBeLessThan(5_000)
    // The connection is as before: the next statement gets its own answer on it.
    expect((await test.query('SELECT 2')).columns).toEqual(['a'])
    expect(at(frontends, 0).logins).toBe(1)
  })

  it('wait for a slow reader without a time limit', async () => {
    const { frontends } = await several(1, () => many(20_000))
    const test = cluster([at(frontends, 0).address])
    let count = 0
    for await (const rows of test.batches('SELECT 1', { timeoutMs: 2_000 })) {
      if (count === 0) await new Promise((resolve) => setTimeout(resolve, 2_500))
      count += rows.length
    }
    expect(count).toBe(20_000)
  })

  it('may be left with a full batch waiting, and the connection closes', async () => {
    const { frontends } = await several(1, (sql) => (sql === 'SELECT 1' ? many(200_000) : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    for await (const rows of test.batches('SELECT 1')) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (rows.length > 0) break
    }
    expect((await test.query('SELECT 2')).columns).toEqual(['a'])
    await expect.poll(() => at(frontends, 0).open).toBe(1)
  })

  it('that are reset tell so at once', async () => {
    const { frontends } = await several(1, () => ({
      ...many(10),
      pause: { after: 5, until: new Promise<void>(() => {}) },
    }))
    const test = cluster([at(frontends, 0).address])
    const started = performance.now()
    await expect(async () => {
      for await (const rows of test.batches('SELECT 1')) if (rows.length > 0) at(frontends, 0).drop()
    }).rejects.toMatchObject({ kind: 'Unreachable' })
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('that break tell so', async () => {
    let breakIt = () => {}
    const until = new Promise<void>((resolve) => {
      breakIt = resolve
    })
    const { frontends } = await several(1, () => ({ ...many(10), pause: { after: 5, until } }))
    const test = cluster([at(frontends, 0).address])
    const seen: number[] = []
    await expect(async () => {
      for await (const row of test.stream('SELECT 1')) {
        seen.push(row.int('n'))
        if (seen.length === 5) at(frontends, 0).drop()
      }
    }).rejects.toMatchObject({ kind: 'Unreachable' })
    breakIt()
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  it('that fall silent end', async () => {
    const { frontends } = await several(1, () => ({
      ...many(10),
      pause: { after: 5, until: new Promise<void>(() => {}) },
    }))
    const test = cluster([at(frontends, 0).address])
    await expect(async () => {
      for await (const _ of test.stream('SELECT 1', { timeoutMs: 100 }));
    }).rejects.toMatchObject({ kind: 'Unreachable' })
  })

  it('end with an abort', async () => {
    const { frontends } = await several(1, () => ({
      ...many(10),
      pause: { after: 5, until: new Promise<void>(() => {}) },
    }))
    const test = cluster([at(frontends, 0).address])
    const controller = new AbortController()
    await expect(async () => {
      for await (const row of test.stream('SELECT 1', { signal: controller.signal }))
        if (row.int('n') === 4) controller.abort(new Error('stop'))
    }).rejects.toThrow('stop')
  })

  it('that are refused say why', async () => {
    const { frontends } = await several(
      1,
      () => new Error('Backend node not found. Check if any backend node is down.backend: []'),
    )
    await expect(async () => {
      for await (const _ of cluster([at(frontends, 0).address]).stream('SELECT 1'));
    }).rejects.toMatchObject({ kind: 'BackendCannotAnswer' })
  })
})

describe('metrics', () => {
  it('know kinds and outcomes, never texts', async () => {
    const { frontends } = await several(1, (sql) =>
      sql.startsWith('DROP') ? new Error("Unknown database 'hush'") : one,
    )
    const events: StatementEvent[] = []
    const test = cluster([at(frontends, 0).address], { onStatement: (event) => events.push(event) })
    await test.query("SELECT 'hush'")
    await test.execute('DROP DATABASE hush').catch(() => undefined)
    for await (const _ of test.stream('SHOW PARTITIONS FROM hush.hush'));
    expect(events.map(({ kind, ok, error }) => ({ kind, ok, error }))).toEqual([
      { kind: 'SELECT', ok: true, error: undefined },
      { kind: 'DROP DATABASE', ok: false, error: 'NotFound' },
      { kind: 'SHOW PARTITIONS', ok: true, error: undefined },
    ])
    expect(JSON.stringify(events)).not.toContain('hush')
  })
})

describe('a closed cluster', () => {
  it('has no connections and takes no statements', async () => {
    const { frontends } = await several(1)
    const test = cluster([at(frontends, 0).address])
    await test.query('SELECT 1')
    await test.close()
    await expect.poll(() => at(frontends, 0).open).toBe(0)
    await expect(test.query('SELECT 1')).rejects.toThrow(/closed/)
  })
})

describe('statements that take long', () => {
  it.each([1, 2])('leave a connection to those that do not, of %i', async (poolSize) => {
    const { frontends } = await several(1, (sql) => (/^SELECT 'long/.test(sql) ? 'silence' : one))
    const test = cluster([at(frontends, 0).address], { poolSize })
    const controller = new AbortController()
    const long = ['1', '2', '3'].map((which) =>
      test.query(`SELECT 'long ${which}'`, { signal: controller.signal, long: true }).catch((error) => error),
    )
    await expect.poll(() => asked(at(frontends, 0), "SELECT 'long 1'")).toBe(1)
    expect((await test.query('SELECT 1')).rows).toHaveLength(1)
    expect(at(frontends, 0).most).toBe(2)
    expect(asked(at(frontends, 0), "SELECT 'long 2'")).toBe(0)
    controller.abort(new Error('enough'))
    await Promise.all(long)
  })

  it('are not sent again by themselves, and have a session of their own when they set variables', async () => {
    let dropped = 0
    const { frontends } = await several(1, (sql) => (/long/.test(sql) && dropped++ === 0 ? 'drop' : one))
    const test = cluster([at(frontends, 0).address], { poolSize: 1 })
    const options = { long: true, variables: { query_timeout: 7_200 } }
    await expect(test.query("SELECT 'long'", options)).rejects.toMatchObject({ kind: 'Unreachable' })
    await test.query("SELECT 'long'", options)
    await test.query('SELECT 1')
    const said = at(frontends, 0).statements.filter((sql) => !/^SHOW/.test(sql))
    const session = ['SET ROLE ALL', 'SET query_timeout = 7200', "SELECT 'long'"]
    expect(said.slice(said.indexOf('SET query_timeout = 7200') - 1)).toEqual(
      expect.arrayContaining([...session, ...session, 'SET ROLE ALL', 'SELECT 1']),
    )
    expect(said.at(-2)).toBe('SET ROLE ALL')
  })
})
