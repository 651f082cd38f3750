import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { findTemporal } from '../../client/temporal-binary.ts'
import { LabCluster } from '../../lab/index.ts'
import { httpGet } from '../../workers/http-get.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { steadyPorts } from '../support/steady-ports.ts'
import { until } from '../support/until.ts'
import { commandsOf, yamlFiles } from './readme-commands.ts'

const root = path.resolve(import.meta.dirname, '../..')
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const folder = mkdtempSync(path.join(tmpdir(), 'starferry-readme-'))
const clusters: LabCluster[] = []
const children: ChildProcess[] = []
let environment: NodeJS.ProcessEnv
let ports: number[]
let s3: S3Server

beforeAll(async () => {
  const password = 'readme-password'
  s3 = await startTestS3()
  for (const [name, version] of [
    ['old', '3.3'],
    ['new', '3.5'],
  ] as const) {
    clusters.push(await LabCluster.start({ name, version, rootPassword: password, timeFactor: 20 }))
  }
  const [old, fresh] = clusters
  if (!old || !fresh) throw new Error('the lab clusters did not start')
  const create = (cluster: LabCluster, table: string) => {
    cluster.execute(`CREATE DATABASE IF NOT EXISTS ${table.split('.')[0]}`)
    cluster.execute(
      `CREATE TABLE ${table} (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`,
    )
    cluster.execute(`INSERT INTO ${table} VALUES (1, 'a'), (2, 'b')`)
  }
  for (const table of ['shop.orders', 'shop.customers', 'shop.tmp_1', 'logs.events', 'other.t']) create(old, table)
  // The target has rows of its own in one table: it is parked, so that there is something to retry.
  create(fresh, 'shop.orders')

  ports = await steadyPorts(4)
  const [temporalPort, , health, metrics] = ports
  const address = (cluster: LabCluster) => `127.0.0.1:${cluster.endpoints.frontends[0]?.queryPort}`
  const files = yamlFiles(readme)
  const config = (files.get('starferry.yaml') ?? '')
    .replace(/\[old-fe-0:9030, old-fe-1:9030\]/, `['${address(old)}']`)
    .replace(/\[new-fe-0:9030\]/, `['${address(fresh)}']`)
    .replace(/https:\/\/s3\.us-east-1\.amazonaws\.com/, `${s3.endpoint}\n      aws.s3.enable_path_style_access: 'true'`)
  writeFileSync(
    path.join(folder, 'starferry.yaml'),
    `${config}\nworker: { health: '127.0.0.1:${health}' }\ntelemetry: { metrics: '127.0.0.1:${metrics}' }\n`,
  )
  for (const name of ['migration.yaml', 'policy.yaml']) writeFileSync(path.join(folder, name), files.get(name) ?? '')
  cpSync(path.join(root, 'test/fixtures/client/new'), path.join(folder, 'conf'), { recursive: true })
  const temporal = await findTemporal({ say: () => {} })
  environment = {
    ...process.env,
    OLD_PASSWORD: password,
    NEW_PASSWORD: password,
    OLD_TOKEN: old.state.token,
    BACKUP_ACCESS_KEY: s3.accessKey,
    BACKUP_SECRET_KEY: s3.secretKey,
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    NO_COLOR: '1',
    PATH: `${path.dirname(temporal.path)}:${process.env.PATH}`,
  }
})

afterAll(async () => {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))))
  await Promise.all(clusters.map((cluster) => cluster.stop()))
  await s3?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The command as this machine runs it: from this checkout, and not on ports that somebody else may have. */
function here(command: string): string {
  return command
    .replaceAll('npx starferry', `"${process.execPath}" "${path.join(root, 'bin/starferry.js')}"`)
    .replace(/127\.0\.0\.1:7233/, environment.TEMPORAL_ADDRESS ?? '')
}

interface Run {
  code: number | null
  out: string
}

async function run(command: string): Promise<Run> {
  const child = spawn('bash', ['-c', here(command)], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), 200_000)
  const result: Run = { code: null, out: '' }
  const take = (chunk: Buffer) => {
    result.out += chunk.toString()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  result.code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(limit)
  return result
}

/** A server: started, awaited until it says `ready`, and left running. */
async function serve(command: string, ready: RegExp): Promise<ChildProcess> {
  const child = spawn('bash', ['-c', `exec ${here(command)}`], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let out = ''
  const take = (chunk: Buffer) => {
    out += chunk.toString()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  await until(`${command} says that it is ready`, () => ready.test(out) || child.exitCode !== null, {
    explain: () => out,
  })
  expect(child.exitCode, out).toBeNull()
  return child
}

async function works(command: string, prints: RegExp): Promise<void> {
  const { code, out } = await run(command)
  expect({ command, code, out }).toMatchObject({ code: 0, out: expect.stringMatching(prints) })
}

const restored = async (name: string) =>
  JSON.parse((await run(`npx starferry restore status ${name} --json`)).out).status.state

const status = async () => JSON.parse((await run('npx starferry migrate status to-new --json')).out)

/** tctl's words in those of its successor, where tctl itself is not installed. Its flags are those of its manual. */
function inTemporalsWords(command: string): string {
  if (!command.startsWith('tctl ') || spawnSync('tctl', ['--version']).status === 0) return command
  const words: Record<string, string> = {
    '--taskqueue': '--task-queue',
    '--workflow_type': '--type',
    '--workflow_id': '--workflow-id',
    '--query_type': '--type',
    '--name': '--name',
    '--input': '--input',
  }
  for (const flag of command.replace(/'[^']*'/g, '').match(/--\S+/g) ?? []) expect(Object.keys(words)).toContain(flag)
  return command.replace(/^tctl /, 'temporal ').replace(/--\w+(?= )/g, (flag) => words[flag] ?? flag)
}

/** What running each command must show. In the order of the README, which is the order of a story. */
const story: [RegExp, (command: string) => Promise<void>][] = [
  [
    /^npm install && npm (run demo|test)$/,
    async (command) => {
      // This test is run by the one; the other has a test of its own.
      const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts
      expect(scripts).toHaveProperty(command.endsWith('demo') ? 'demo' : 'test')
      expect(existsSync(path.join(root, 'test/client/demo.test.ts'))).toBe(true)
    },
  ],
  [/^npx starferry import /, (command) => works(command, /clusters:[\s\S]*include:/)],
  [
    /^npx starferry dev /,
    async (command) => {
      await serve(`${command} --port ${ports[0]} --ui-port ${ports[1]}`, /Ready/)
    },
  ],
  [/^npx starferry doctor /, (command) => works(command, /Nothing is in the way/)],
  [/^npx starferry plan /, (command) => works(command, /shop\.customers/)],
  [
    /^npx starferry migrate start /,
    async (command) => {
      await works(command, /to-new/)
      await until('all but the parked table are in sync', async () => {
        const { tables } = await status()
        return tables.total === 3 && tables.parked === 1 && tables.finished >= 2 && tables.expired <= 1
      })
    },
  ],
  [/^npx starferry migrate status /, (command) => works(command, /to-new[\s\S]*shop\.orders|to-new[\s\S]*tables/)],
  [/^npx starferry migrate tables /, (command) => works(command, /tables/)],
  [/^npx starferry migrate changes /, (command) => works(command, /logs\.events/)],
  [/^npx starferry migrate list$/, (command) => works(command, /to-new/)],
  [
    /^npx starferry migrate pause /,
    async (command) => {
      await works(command, /paus/)
      await until('it is paused', async () => (await status()).state === 'paused')
    },
  ],
  [
    /^npx starferry migrate resume /,
    async (command) => {
      await works(command, /resum|goes on/i)
      await until('it goes on', async () => !/paus/.test((await status()).state))
    },
  ],
  [/^npx starferry migrate retry /, (command) => works(command, /shop\.orders/)],
  [
    /^npx starferry migrate stop /,
    async (command) => {
      await works(command, /stop/i)
      await until('it has stopped', async () => (await status()).state === 'stopped')
    },
  ],
  [/^npx starferry repo create /, (command) => works(command, /vault is there, on old/)],
  [/^npx starferry repo check /, (command) => works(command, /vault works from old/)],
  [/^npx starferry repo list /, (command) => works(command, /vault +s3a:\/\/backups\/starrocks/)],
  [/^npx starferry backup run .*--plan$/, (command) => works(command, /BACKUP [\s\S]*`orders`/)],
  [/^npx starferry backup run .*--watch$/, (command) => works(command, /backed up manual-old/)],
  [/^npx starferry backup list /, (command) => works(command, /sf_shop_\w+ +shop +full/)],
  [/^npx starferry backup verify /, (command) => works(command, /^whole /m)],
  [/^npx starferry policy apply /, (command) => works(command, /made old-nightly/)],
  [/^npx starferry policy trigger /, (command) => works(command, /started old-nightly/)],
  [/^npx starferry backup status .*--watch$/, (command) => works(command, /backed up old-nightly/)],
  [/^npx starferry policy list$/, (command) => works(command, /old-nightly +old +vault +waiting .*finished/)],
  [/^npx starferry backup prune /, (command) => works(command, /0 backups would be deleted/)],
  [/^npx starferry restore plan /, (command) => works(command, /RESTORE SNAPSHOT/)],
  [/^npx starferry restore run .*--name rescue /, (command) => works(command, /starferry restore publish rescue/)],
  [/^npx starferry restore status /, (command) => works(command, /rescue {2}ready/)],
  [/^npx starferry restore publish /, (command) => works(command, /restored rescue/)],
  [/^npx starferry restore run .*--as shop_of_old /, (command) => works(command, /restored moved/)],
  [/^npx starferry status$/, (command) => works(command, /./)],
  [
    /^temporal workflow start .* --type (backupSet|restore) /,
    async (command) => {
      await works(command, /by-hand/)
      if (command.includes('--type restore')) {
        await until('it waits to be published', async () => (await restored('by-hand')) === 'ready')
      }
    },
  ],
  [/^temporal workflow result /, (command) => works(command, /COMPLETED[\s\S]*sf_shop_/)],
  [/^temporal workflow query --workflow-id (backup|restore)\/by-hand /, (command) => works(command, /by-hand/)],
  [
    /^temporal workflow update execute .* discard$/,
    async (command) => {
      await works(command, /./)
      await until('it is taken back', async () => (await restored('by-hand')) === 'cancelled')
    },
  ],
  [
    /^(temporal|tctl) workflow start /,
    async (command) => {
      await works(inTemporalsWords(command), /migrate\/to-new/)
      await until('the table with rows of the target is parked', async () => (await status()).tables.parked === 1)
    },
  ],
  [/^(temporal|tctl) workflow query /, (command) => works(inTemporalsWords(command), /to-new/)],
  [
    /^(temporal|tctl) workflow signal .* pause$/,
    async (command) => {
      await works(inTemporalsWords(command), /./)
      await until('it is paused', async () => (await status()).state === 'paused')
    },
  ],
  [
    /^temporal workflow signal .* resume$/,
    async (command) => {
      await works(command, /./)
      await until('it goes on', async () => !/paus/.test((await status()).state))
    },
  ],
  [/^temporal workflow update execute .* configure /, (command) => works(command, /20/)],
  [/^temporal workflow update execute .* retryTables /, (command) => works(command, /shop\.orders/)],
  [
    /^(temporal|tctl) workflow signal .* stop /,
    async (command) => {
      await works(inTemporalsWords(command), /./)
      await until('it has stopped', async () => (await status()).state === 'stopped')
    },
  ],
  [
    /docker compose up -d$/,
    async () => {
      // Without an engine: the file is one that compose would take. More is asked of it elsewhere.
      const compose = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true })
      expect(JSON.stringify(compose.services.worker)).toContain('STARFERRY_CONFIG_FILE')
      if (spawnSync('docker', ['compose', 'version']).status === 0) {
        const { status: code, stderr } = spawnSync('docker', ['compose', 'config', '-q'], {
          cwd: root,
          encoding: 'utf8',
        })
        expect(stderr).toBe('')
        expect(code).toBe(0)
      }
    },
  ],
  [
    /^npx starferry worker /,
    async (command) => {
      // The worker of `dev` has the ports of the configuration.
      const [health, metrics] = await steadyPorts(2)
      const config = readFileSync(path.join(folder, 'starferry.yaml'), 'utf8')
      const own = config
        .replace(/^worker:.*$/m, `worker: { health: '127.0.0.1:${health}' }`)
        .replace(/^telemetry:.*$/m, `telemetry: { metrics: '127.0.0.1:${metrics}' }`)
      writeFileSync(path.join(folder, 'second.yaml'), own)
      const worker = await serve(command.replace('starferry.yaml', 'second.yaml'), /"msg"/)
      await until(
        'it is ready',
        async () => (await httpGet(`http://127.0.0.1:${health}/readyz`, 5_000).catch(() => undefined))?.status === 200,
      )
      worker.kill('SIGTERM')
      await until('it has drained', () => worker.exitCode !== null)
      expect(worker.exitCode).toBe(0)
    },
  ],
  [
    /^npm run (build|lint|types)$/,
    async (command) => {
      // `npm test` runs them before this test.
      const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
      expect(scripts.test).toContain(command.replace('npm run', 'npm run -s'))
    },
  ],
  [
    /^npm run bench -- /,
    async (command) => {
      const { out } = await run(`cd "${root}" && ${command.replace('npm run', 'npm run -s')}`)
      const figures = out
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
      expect(figures.length).toBeGreaterThan(0)
      for (const figure of figures)
        expect(Object.keys(figure)).toEqual(['bench', 'value', 'unit', 'bar', 'ok', 'scale'])
    },
  ],
]

it('every command of the README does what it says', { timeout: 900_000 }, async () => {
  const commands = commandsOf(readme)
  expect(commands.length).toBeGreaterThan(25)
  for (const { line, text } of commands) {
    const act = story.find(([pattern]) => pattern.test(text))?.[1]
    if (!act) throw new Error(`README.md:${line}: nothing here runs '${text}'`)
    try {
      await act(text)
    } catch (error) {
      throw new Error(`README.md:${line}: ${text}`, { cause: error })
    }
  }
})
