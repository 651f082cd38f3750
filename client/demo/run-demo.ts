import { setTimeout as sleep } from 'node:timers/promises'
import type { PlanItem, PlanPage } from '../../contract/plan.ts'
import { Traffic } from '../../lab/traffic/traffic.ts'
import type { Terminal } from '../context.ts'
import { formatBytes, formatCount, plural } from '../terminal/format.ts'
import { clip } from '../terminal/style.ts'
import { BackupAct, type BackupFigures } from './backup-act.ts'
import { compareRows } from './compare-rows.ts'
import { DEMO_FAULTS, inject } from './demo-faults.ts'
import { countSentTwice, type DemoResult } from './demo-result.ts'
import { MigrationRun } from './migration-run.ts'
import { type Production, VAULT } from './production.ts'
import { type Backstage, type Stage, setBackupStage, setStage } from './stage.ts'
import { Story } from './story.ts'

export interface DemoOptions {
  terminal: Terminal
  target: 'shared-nothing' | 'shared-data'
  /** Without the second act. */
  alone: boolean
  seed: number
  /** Leave everything running after the result, until the signal. */
  keep: boolean
  interrupted: AbortSignal
  /** Told as soon as it is known. */
  onResult(result: DemoResult): void
}

const NAME = 'demo'
const PASSWORD = 'lab-password'
/** When an act is given up. It takes less than a minute; on a machine that is busy with other things, several times that. */
const GIVE_UP_SECONDS = 300
const INTERVALS = { metadata: 3, stale: 0.5, park: 2 }

/** The demo from start to end. Errors are part of the result, except when starting what it needs fails. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const story = new Story(options.terminal)
  story.chapter('Setting the stage')
  const sharedData = options.target === 'shared-data'
  const stage = await setStage({
    sourceVersion: '3.3',
    targetVersion: sharedData ? '4.1' : '3.5',
    sharedData,
    timeFactor: TIME_FACTOR,
    seed: options.seed,
    password: PASSWORD,
    production: options.alone ? undefined : productionOptions(options, story),
    say: (line) => story.tell(line),
  })
  const demo = new Demo(stage, story, options)
  try {
    const result = await demo.run()
    options.onResult(result)
    if (options.keep) await demo.hold()
    return result
  } finally {
    story.quiet()
    await stage.stop()
  }
}

const TIME_FACTOR = 20

const productionOptions = ({ seed }: Pick<DemoOptions, 'seed'>, story: Story) => ({
  timeFactor: TIME_FACTOR,
  seed,
  password: PASSWORD,
  say: (line: string) => story.tell(line),
})

/** The second act alone. Errors are part of the result, except when starting what it needs fails. */
export async function runBackupDemo(
  options: Omit<DemoOptions, 'target' | 'alone' | 'onResult'> & { onResult(result: BackupDemoResult): void },
): Promise<BackupDemoResult> {
  const story = new Story(options.terminal)
  story.chapter('Setting the stage')
  const stage = await setBackupStage(productionOptions(options, story))
  try {
    story.tell(`watch it in the Temporal UI: ${options.terminal.style.cyan(stage.server.uiUrl ?? '')}`)
    const figures = await playBackups({ ...options, story, stage, production: stage.production })
    const result = { ...figures, seconds: Math.round(story.seconds * 10) / 10, ui: stage.server.uiUrl }
    options.onResult(result)
    if (options.keep) await holdBackups(stage, stage.production, story, options.interrupted)
    return result
  } finally {
    story.quiet()
    await stage.stop()
  }
}

export type BackupDemoResult = BackupFigures & { seconds: number; ui?: string }

interface BackupPlay {
  stage: Backstage
  production: Production
  story: Story
  seed: number
  terminal: Terminal
  interrupted: AbortSignal
}

async function playBackups({
  stage,
  production,
  story,
  seed,
  terminal,
  interrupted,
}: BackupPlay): Promise<BackupFigures> {
  const deadline = Date.now() + GIVE_UP_SECONDS * 1000
  const act = new BackupAct({ stage, production, story, password: PASSWORD, seed, signal: interrupted, deadline })
  try {
    return await act.run()
  } catch (error) {
    if (interrupted.aborted) throw new Error('interrupted')
    const message = error instanceof Error ? error.message : String(error)
    story.quiet()
    story.bad(message)
    story.lines(logLines(stage.worker.logTail(5), terminal.columns - 12))
    return { ...act.figures, ok: false, error: message }
  }
}

async function holdBackups(
  { server, configFile, directory }: Backstage,
  { cluster, store }: Production,
  story: Story,
  interrupted: AbortSignal,
): Promise<void> {
  const [first] = cluster.endpoints.frontends
  story.chapter('Everything is left running')
  story.lines([
    `Temporal UI  ${server.uiUrl}`,
    `backups      starferry backup list --repository ${VAULT} --temporal ${server.address}`,
    `production   mysql -h ${first?.host} -P ${first?.queryPort} -u root -p${PASSWORD}`,
    `bucket       ${store.dir}`,
    `config       ${configFile}`,
    `logs         ${directory}`,
    'Ctrl-C ends it.',
  ])
  await untilAborted(interrupted)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}

class Demo {
  readonly #stage: Stage
  readonly #story: Story
  readonly #options: DemoOptions
  readonly #run: MigrationRun
  readonly #traffic: Traffic
  #excluded: string[] = []
  #deaths = 0

  constructor(stage: Stage, story: Story, options: DemoOptions) {
    this.#stage = stage
    this.#story = story
    this.#options = options
    this.#run = new MigrationRun(stage, story, NAME, Date.now() + GIVE_UP_SECONDS * 1000, options.interrupted)
    const { source, scenario } = stage.pair
    this.#traffic = new Traffic((sql) => source.execute(sql), scenario.tables, { seed: options.seed })
  }

  async run(): Promise<DemoResult> {
    try {
      this.#introduce()
      await this.#check()
      await this.#migrate()
      await this.#burst()
      await this.#pause()
      const result = await this.#compare()
      return await this.#backUp(result)
    } catch (error) {
      if (this.#options.interrupted.aborted) throw new Error('interrupted')
      await this.#traffic.stop().catch(() => {})
      this.#story.quiet()
      const message = error instanceof Error ? error.message : String(error)
      this.#story.bad(message)
      this.#story.lines(logLines(this.#stage.worker.logTail(5), this.#options.terminal.columns - 12))
      return { ok: false, ...this.#figures(), error: message }
    }
  }

  #introduce(): void {
    const { pair, server } = this.#stage
    for (const { state } of [pair.source, pair.target]) {
      this.#story.tell(
        `${state.name}: lab cluster ${state.version}, ${state.runMode.replace('_', '-')}, ${state.nodes.length} nodes`,
      )
    }
    this.#story.tell(
      `${plural(pair.scenario.tables.length, 'table')} of every model and partitioning at the source, ${plural(pair.scenario.views.length, 'view')}`,
    )
    this.#story.tell(`Temporal development server, worker ${this.#stage.worker.pid}`)
    this.#story.tell(`watch it in the Temporal UI: ${this.#options.terminal.style.cyan(server.uiUrl ?? '')}`)
  }

  async #check(): Promise<void> {
    const { starferry } = this.#stage
    this.#story.chapter('Check and plan')
    const doctor = await this.#run.inTime('checked', starferry.doctor(this.#spec))
    const count = (level: string) => doctor.findings.filter((finding) => finding.level === level).length
    if (!doctor.ok) {
      const fatal = doctor.findings.filter((finding) => finding.level === 'fatal')
      throw new Error(fatal.map((finding) => `${finding.subject}: ${finding.message}`).join('; '))
    }
    this.#story.good(`preflight: nothing fatal, ${plural(count('warning'), 'warning')}, ${count('info')} notes`)
    const { totals, refused } = await this.#plan()
    this.#story.good(
      `plan: create ${totals.create}, refuse ${totals.refuse}, copy ${plural(totals.replicatePartitions, 'partition')} (${formatBytes(totals.replicateBytes)})`,
    )
    // What cannot be copied is the operator's to decide; this one leaves it out.
    for (const { object, reason } of refused) this.#story.tell(`excluded ${object}: ${reason?.split(';')[0]}`)
    this.#excluded = refused.map(({ object }) => object)
  }

  async #plan() {
    const { starferry } = this.#stage
    const refused: PlanItem[] = []
    let page: PlanPage | undefined
    do {
      page = await this.#run.inTime('planned', starferry.plan({ spec: this.#spec, after: page?.next }))
      refused.push(...page.items.filter(({ action }) => action === 'refuse'))
    } while (page.next !== undefined)
    return { totals: page.totals, refused }
  }

  async #migrate(): Promise<void> {
    const { starferry, pair, worker } = this.#stage
    this.#story.chapter('Migrate, while writes go on and things break')
    await starferry.start(this.#spec)
    this.#traffic.start(120)
    this.#story.tell('started; writes, truncates, partition and schema changes go on at the source')
    const faults = [...DEMO_FAULTS]
    const total = faults.length
    let nextAt = 0
    let killed = false
    let switched = false
    await this.#run.until(
      'through all faults',
      () => faults.length === 0 && killed && switched && Date.now() > nextAt,
      async ({ progress, state, slots }) => {
        if (Date.now() < nextAt || state === 'checking') return
        nextAt = Date.now() + 900
        if (!killed && faults.length <= total - 3 && (slots.used > 0 || progress > 0.3)) {
          killed = true
          const pid = worker.pid
          await worker.kill()
          this.#deaths++
          this.#story.hurt(`worker ${pid} is killed (SIGKILL), jobs running`)
          await worker.start()
          this.#story.tell(`a new worker ${worker.pid} goes on where it was`)
        } else if (!switched && faults.length <= total - 5) {
          switched = true
          await pair.target.killFrontend(0)
          this.#deaths++
          this.#story.hurt("the target's leading frontend is killed; another one leads")
        } else {
          const fault = faults.shift()
          if (!fault) return
          inject(pair, fault)
          this.#story.hurt(fault.text)
        }
      },
    )
    await pair.target.restartFrontend(0)
    await this.#traffic.stop()
    this.#story.tell(`writes rest after ${plural(this.#traffic.log.length, 'change')}`)
    const status = await this.#caughtUp()
    this.#story.good(
      `100 %: ${plural(status.tables.finished, 'table')}, ${plural(status.partitions.total, 'partition')} confirmed by the target`,
    )
  }

  async #burst(): Promise<void> {
    this.#story.chapter('A burst of new writes')
    for (let i = 0; i < 80; i++) await this.#traffic.step()
    this.#story.tell('80 changes at once')
    await this.#caughtUp()
    this.#story.good('followed')
  }

  async #pause(): Promise<void> {
    const { starferry, pair } = this.#stage
    this.#story.chapter('Pause and resume')
    await starferry.pause(NAME)
    await this.#run.until('paused', ({ state }) => state === 'paused')
    const before = pair.target.sentJobs.length
    for (let i = 0; i < 30; i++) await this.#traffic.step()
    await sleep(2_500, undefined, { signal: this.#options.interrupted })
    const sent = pair.target.sentJobs.length - before
    if (sent > 0) throw new Error(`${plural(sent, 'job')} sent while paused`)
    this.#story.good('paused: 30 changes at the source, no job sent')
    await starferry.resume(NAME)
    await this.#caughtUp()
    this.#story.good('resumed and caught up')
  }

  async #compare(): Promise<DemoResult> {
    const { starferry, pair, password } = this.#stage
    this.#story.chapter('Compare every row, read through SQL')
    if (!this.#options.keep) {
      await starferry.stop(NAME)
      await this.#run.until('stopped', ({ state }) => state === 'stopped')
    }
    pair.source.faults.clear()
    pair.target.faults.clear()
    const pairs = pair.scenario.tables.map(({ db, name }) => ({
      source: { db, table: name },
      target: { db, table: name },
    }))
    const access = (cluster: typeof pair.source) => {
      const [first = { host: '', queryPort: 0 }] = cluster.endpoints.frontends
      return { host: first.host, port: first.queryPort, password }
    }
    const compared = await compareRows(access(pair.source), access(pair.target), pairs)
    const figures = this.#figures()
    const result: DemoResult = {
      ok: compared.rowsDifferent === 0 && compared.rowsCompared > 0 && figures.jobsSentTwice === 0,
      ...figures,
      tables: compared.tables,
      rowsCompared: compared.rowsCompared,
      rowsDifferent: compared.rowsDifferent,
      differing: compared.differing.map(({ source, missing, surplus, reason }) => ({
        table: source,
        missing,
        surplus,
        reason,
      })),
    }
    this.#conclude(result)
    return result
  }

  async #backUp(result: DemoResult): Promise<DemoResult> {
    const { production } = this.#stage
    if (production === undefined) return result
    if (typeof production === 'string') {
      this.#story.chapter('Back up, on a schedule')
      this.#story.tell(`left out, since there is no S3 server to back up into: ${production}`)
      return result
    }
    const { seed, terminal, interrupted } = this.#options
    const backup = await playBackups({
      stage: this.#stage,
      production,
      story: this.#story,
      seed,
      terminal,
      interrupted,
    })
    return { ...result, ok: result.ok && backup.ok, backup, seconds: Math.round(this.#story.seconds * 10) / 10 }
  }

  #conclude(result: DemoResult): void {
    const say = (ok: boolean, text: string) => (ok ? this.#story.good(text) : this.#story.bad(text))
    say(
      result.rowsDifferent === 0,
      `${formatCount(result.rowsCompared)} rows of ${plural(result.tables, 'table')} compared, ${result.rowsDifferent} differ`,
    )
    for (const { table, missing, surplus, reason } of result.differing) {
      this.#story.bad(`${table}: ${reason ?? `${missing} rows missing, ${surplus} too many`}`)
    }
    say(result.jobsSentTwice === 0, `${plural(result.jobsSent, 'job')} sent, ${result.jobsSentTwice} of them twice`)
    this.#story.tell(
      `${result.faultsInjected} times something broke; ${plural(result.writes, 'change')} at the source meanwhile`,
    )
  }

  /** After `--keep`: where everything is, until Ctrl-C. */
  async hold(): Promise<void> {
    const { server, configFile, directory, pair } = this.#stage
    const [first] = pair.target.endpoints.frontends
    this.#story.chapter('Everything is left running')
    this.#story.lines([
      `Temporal UI  ${server.uiUrl}`,
      `status       starferry migrate status ${NAME} --temporal ${server.address}`,
      `target       mysql -h ${first?.host} -P ${first?.queryPort} -u root -p${PASSWORD}`,
      `config       ${configFile}`,
      `logs         ${directory}`,
      'Ctrl-C ends it.',
    ])
    await untilAborted(this.#options.interrupted)
  }

  get #spec() {
    return {
      name: NAME,
      source: 'source',
      target: 'target',
      exclude: this.#excluded,
      intervals: INTERVALS,
      limits: { tables: 8 },
    }
  }

  /** Confirmed by looks that began after the last write, and after a metadata difference had its turn. */
  #caughtUp() {
    return this.#run.caughtUp(Date.now() + INTERVALS.metadata * 1000)
  }

  #figures(): Omit<DemoResult, 'ok'> {
    const { pair, server } = this.#stage
    const describe = ({ state }: typeof pair.source) => `${state.version} ${state.runMode.replace('_', '-')}`
    return {
      tables: 0,
      partitions: partitionsOf(pair.source),
      rowsCompared: 0,
      rowsDifferent: 0,
      differing: [],
      jobsSent: pair.target.sentJobs.length,
      jobsSentTwice: countSentTwice(pair.target.sentJobs),
      faultsInjected: pair.source.faults.struck + pair.target.faults.struck + this.#deaths,
      writes: this.#traffic.log.length,
      seconds: Math.round(this.#story.seconds * 10) / 10,
      source: describe(pair.source),
      target: describe(pair.target),
      ui: server.uiUrl,
    }
  }
}

/** The gist of a worker's log lines. */
function logLines(text: string, columns: number): string[] {
  return text.split('\n').map((line) => {
    try {
      const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } }
      return clip(`${msg}${err?.message ? `: ${err.message}` : ''}`, columns)
    } catch {
      return clip(line, columns)
    }
  })
}

function partitionsOf(cluster: Stage['pair']['source']): number {
  let count = 0
  for (const database of cluster.state.databases.values()) {
    for (const object of database.objects.values()) {
      if (object.kind === 'table') count += object.partitions.filter((partition) => !partition.temporary).length
    }
  }
  return count
}
