import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TemporalServer } from '../../client/temporal-server.ts'
import { starferry, starferryHere } from './run-starferry.ts'

let directory: string
let server: TemporalServer
const env = () => ({ TEMPORAL_ADDRESS: server.address, STARFERRY_CONFIG: '' })
const run = (...args: string[]) => starferryHere(args, { env: env(), cwd: directory })
/** As a user does, for what a process of its own may do otherwise. */
const runProcess = (...args: string[]) => starferry(args, { env: env(), cwd: directory })

function file(name: string, text: string): string {
  writeFileSync(path.join(directory, name), text)
  return path.join(directory, name)
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-cli-'))
  server = await TemporalServer.start()
})
afterAll(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

describe('usage', () => {
  it('--help of the program and of every command exits 0', async () => {
    const { code, stdout } = await runProcess('--help')
    expect(code).toBe(0)
    for (const command of ['demo', 'lab', 'dev', 'worker', 'import', 'doctor', 'plan', 'migrate']) {
      expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'))
    }
    const migrate = await run('migrate', '--help')
    for (const command of 'start status list tables changes pause resume stop retry approve configure'.split(' ')) {
      expect(migrate.stdout).toMatch(new RegExp(`^ +${command} `, 'm'))
    }
    const start = await run('migrate', 'start', '--help')
    for (const option of [
      '--properties',
      '--one-time',
      '--watch',
      '--json',
      '--temporal',
      '--namespace',
      '--tls-cert',
      '--api-key',
    ]) {
      expect(start.stdout).toContain(option)
    }
  })

  it.each([
    ['an unknown command', ['migrat'], /unknown command 'migrat'.*Did you mean migrate/s],
    ['an unknown sub-command', ['migrate', 'strat'], /unknown command 'strat'/],
    ['an unknown option', ['migrate', 'list', '--jsn'], /unknown option '--jsn'.*Did you mean --json/s],
    ['a missing argument', ['migrate', 'status'], /missing required argument 'NAME'/],
    ['a choice that is none', ['demo', '--target', 'cloud'], /Allowed choices are shared-nothing, shared-data/],
    ['a number that is none', ['migrate', 'tables', 'x', '--limit', 'many'], /whole number of at least 1/],
    ['a seed that is none', ['demo', '--seed', 'x'], /whole number/],
    ['a time that stands still', ['lab', '--time-factor', '0'], /number above 0/],
    [
      'a shared-data cluster that the lab does not know',
      ['lab', '--target', 'shared-data', '--target-version', '3.3'],
      /--target-version: a shared-data cluster is acted out as 4.1 alone/,
    ],
    ['no spec at all', ['plan'], /give a SPEC file, or --properties DIR/],
    ['both kinds of spec', ['plan', 'a.yaml', '--properties', 'b'], /one of the two/],
    ['a spec that is not there', ['doctor', 'nowhere.yaml'], /nowhere.yaml: cannot be read: there is no such file/],
    ['no configuration', ['worker'], /No configuration: there is no starferry.yaml here/],
    ['nothing to change', ['migrate', 'configure', 'x'], /Nothing to change/],
    [
      'a change that is none',
      ['migrate', 'configure', 'x', '--set', 'limits.table=3'],
      /unknown key 'limits.table'; the nearest valid one is 'tables'/,
    ],
  ])('%s exits 2', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it.each([
    [
      'an unknown key',
      'name: a\nsource: s\ntarget: t\nincldue: [db]\n',
      /unknown key 'incldue'; the nearest valid one is 'include'/,
    ],
    [
      'an unknown nested key',
      'name: a\nsource: s\ntarget: t\nlimits: {table: 3}\n',
      /unknown key 'limits.table'; the nearest valid one is 'tables'/,
    ],
    [
      'a size that is none',
      'name: a\nsource: s\ntarget: t\nlimits: {bytesPerJob: lots}\n',
      /limits.bytesPerJob: 'lots' is no size/,
    ],
    ['one cluster twice', 'name: a\nsource: s\ntarget: s\n', /source and target are the same cluster/],
    ['a name that is none', 'name: "a b"\nsource: s\ntarget: t\n', /name: use 1 to 63 letters/],
    ['no mapping', '- a\n', /is no mapping/],
    ['nothing in it', '', /spec.yaml: is empty/],
    ['a key missing', 'name: a\nsource: s\n', /spec.yaml: target is missing/],
    [
      'a table renamed to no table',
      'name: a\nsource: s\ntarget: t\nrename: {tables: {shop.orders: orders2, shop: a.b}}\n',
      /rename.tables.shop.orders: 'orders2' is not a table name.*rename.tables.shop: 'shop' is not a table name/s,
    ],
    ['no YAML', 'name: [', /spec.yaml/],
  ])('a spec with %s exits 2 and starts nothing', async (_, text, message) => {
    const { code, stderr } = await run('migrate', 'start', file('spec.yaml', text))
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(JSON.parse((await run('migrate', 'list', '--json')).stdout)).toEqual([])
  })

  const NOWHERE = ['--temporal', '127.0.0.1:1']
  const POLICY = 'name: p\ncluster: c\nrepository: r\nschedule: {everyMinutes: 60}\n'
  const BACKUP = ['backup', 'run', '--cluster', 'c', '--repository', 'r', ...NOWHERE]
  it.each([
    ['a policy of nothing', ['policy', 'apply', 'x.yaml'], `${POLICY}objects: {}\n`, /names nothing to back up/],
    [
      'a policy with names that are none',
      ['policy', 'apply', 'x.yaml'],
      `${POLICY}objects: {tables: [nodots, "{a.b,c}"], exclude: ["x."]}\n`,
      /objects.tables: 'nodots' is no name.*objects.tables: 'c' is no name.*objects.exclude: 'x.' is no name/s,
    ],
    [
      'a policy with wrong keys',
      ['policy', 'apply', 'x.yaml'],
      `${POLICY}objcts: {}\n`,
      /the nearest valid one is 'objects'/,
    ],
    [
      'objects as text',
      ['backup', 'run', 'x.yaml'],
      'cluster: c\nrepository: r\nobjects: text\n',
      /x.yaml: objects: .*object/,
    ],
    [
      'objects as a list',
      ['backup', 'run', 'x.yaml'],
      'cluster: c\nrepository: r\nobjects: [a]\n',
      /x.yaml: objects: .*object/,
    ],
    [
      'a restore from text',
      ['restore', 'run', 'x.yaml'],
      'name: a\ncluster: c\nrepository: r\nfrom: d\n',
      /x.yaml: from: .*object/,
    ],
    [
      'a restore of no time',
      ['restore', 'run', 'x.yaml'],
      'name: a\ncluster: c\nrepository: r\nfrom: {database: d, asOf: nonsense}\n',
      /x.yaml: from.asOf: 'nonsense' is no time/,
    ],
    ['a table that is none', [...BACKUP, '--table', 'nodots'], '', /objects.tables: 'nodots' is no name/],
    [
      'an exclusion that is none',
      [...BACKUP, '--database', 'd', '--exclude', 'x.'],
      '',
      /objects.exclude: 'x.' is no name/,
    ],
    ['a backup without a cluster', ['backup', 'run'], '', /backup run: give --cluster and --repository/],
    [
      'a restore without a cluster',
      ['restore', 'run', '--database', 'd'],
      '',
      /restore: give --cluster and --repository/,
    ],
    [
      'a policy in part',
      ['backup', 'run', '--from-policy', 'p', '--table', 'a.b', '--name', 'x'],
      '',
      /--from-policy alone, without --name, --table/,
    ],
    [
      'a table without a database',
      ['migrate', 'pause', 'm', 'orders'],
      '',
      /TABLE: 'orders' is not a table name: write it as database.table/,
    ],
    [
      'tables of which some are none',
      ['migrate', 'retry', 'm', 'a.b', 'c', 'd.'],
      '',
      /TABLE:\n {2}- 'c' is no.*\n {2}- 'd.' is no/,
    ],
    ['a port of Temporal that is none', ['migrate', 'list', '--temporal', 'host:70000'], '', /temporal.address.*65535/],
    ['a port to listen on that is none', ['dev', '--port', '99999'], '', /--port.*up to 65535/],
    [
      'two kinds',
      ['backup', 'run', '--from-policy', 'p', '--full', '--differential'],
      '',
      /--full or --differential, not both/,
    ],
  ])('%s exits 2 before anybody is asked', async (_, args, text, message) => {
    file('x.yaml', text)
    const { code, stderr } = await run(...args, ...(args.includes('--temporal') ? [] : NOWHERE))
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  it('a repository read from here is named when it is not known, or cannot be', async () => {
    const config = file('direct.yaml', 'repositories: {nightly: {location: bogus}}\n')
    const list = (name: string) => run('backup', 'list', '--direct', '--repository', name, '--config', config)
    const [unknown, bogus] = [await list('nihgtly'), await list('nightly')]
    expect(unknown.stderr).toMatch(/--repository: .*no repository 'nihgtly'; did you mean 'nightly'/)
    expect(bogus.stderr).toMatch(/repositories.nightly: The location "bogus" is not of the form/)
    expect([unknown.code, bogus.code]).toEqual([2, 2])
  })

  it('a process says and exits the same', async () => {
    const { code, stdout, stderr } = await runProcess('migrat')
    expect(stderr).toMatch(/unknown command 'migrat'.*Did you mean migrate/s)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it('exits 1 when Temporal is not there, and says where it looked', async () => {
    const { code, stderr } = await runProcess('migrate', 'list', '--temporal', '127.0.0.1:1')
    expect(code).toBe(1)
    expect(stderr).toMatch(/Temporal does not answer at 127.0.0.1:1, namespace default.*--temporal HOST:PORT/)
  })

  it('has no colours where nobody sees them', async () => {
    const { stderr } = await runProcess('migrate', 'status', 'nothing')
    expect(stderr).not.toContain('\u001b')
  })
})

describe('without a worker', () => {
  it('starts once, says that nobody works, and refuses a second of that name politely', async () => {
    const spec = file('one.yaml', 'name: one\nsource: s\ntarget: t\n')
    const first = await run('migrate', 'start', spec, '--json')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ name: 'one', workflowId: 'migrate/one' })
    expect(first.stderr).toMatch(/No worker polls for work/)
    const second = await run('migrate', 'start', spec)
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/A migration called 'one' runs already.*starferry migrate status one/)
  })

  it('sends the spec as it was written, so that anybody else can start the same', async () => {
    await starferry(['migrate', 'start', '-', '--name', 'two', '--one-time'], {
      env: env(),
      cwd: directory,
      input: 'name: x\nsource: s\ntarget: t\nlimits: {bytesPerJob: 5GB}\n',
    })
    const connection = await Connection.connect({ address: server.address })
    try {
      const client = new Client({ connection })
      const { events } = await client.workflow.getHandle('migrate/two').fetchHistory()
      const attributes = events?.[0]?.workflowExecutionStartedEventAttributes
      expect(attributes?.workflowType?.name).toBe('migrate')
      expect(attributes?.taskQueue?.name).toBe('starferry')
      const [payload] = attributes?.input?.payloads ?? []
      expect(JSON.parse(Buffer.from(payload?.data ?? []).toString())).toEqual({
        name: 'two',
        source: 's',
        target: 't',
        oneTime: true,
        limits: { bytesPerJob: '5GB' },
      })
    } finally {
      await connection.close()
    }
  })

  it('lists them, newest first', async () => {
    await expect
      .poll(
        async () =>
          JSON.parse((await run('migrate', 'list', '--json')).stdout).map((each: { name: string }) => each.name),
        {
          timeout: 200_000,
        },
      )
      .toEqual(['two', 'one'])
    const { stdout } = await run('migrate', 'list')
    expect(stdout).toMatch(/^NAME +STATE +STARTED +ENDED +RUN\ntwo +running +\d{4}-/)
  })

  it('says so instead of waiting', async () => {
    for (const command of ['status', 'tables', 'changes']) {
      const { code, stderr } = await run('migrate', command, 'one')
      expect(code).toBe(1)
      expect(stderr).toMatch(/No worker answers for 'one'.*starferry worker/)
    }
    const retry = await run('migrate', 'retry', 'one', 'db.t')
    expect(retry.code).toBe(1)
    expect(retry.stderr).toMatch(/No worker answers for 'one'/)
    const pause = await run('migrate', 'pause', 'one')
    expect(pause.code).toBe(0)
    expect(pause.stderr).toMatch(/this takes effect when one is started/)
  })

  it('knows the nearest of a name that it does not know', async () => {
    const { code, stderr } = await run('migrate', 'status', 'twoo')
    expect(code).toBe(1)
    expect(stderr).toMatch(/There is no migration called 'twoo' \(did you mean 'two'\?\)/)
  })
})
