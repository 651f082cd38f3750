import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { InputError } from '../../contract/check.ts'
import type { LabCluster } from '../../lab/index.ts'
import type { LabVersion } from '../../lab/model.ts'
import type { Terminal } from '../context.ts'
import { type LabPair, startLabPair } from './lab-pair.ts'

export interface RunLabOptions {
  terminal: Terminal
  sourceVersion: LabVersion
  targetVersion: LabVersion
  sharedData: boolean
  empty: boolean
  timeFactor: number
  /** Where a starferry.yaml for both goes. */
  configOut?: string
  interrupted: AbortSignal
}

/** Two lab clusters until the signal. */
export async function runLab(options: RunLabOptions): Promise<void> {
  if (options.configOut) claim(options.configOut)
  const pair = await startLabPair({ ...options, seed: 1 })
  try {
    if (options.configOut) writeFileSync(options.configOut, stringify({ clusters: pair.clusters }))
    if (options.terminal.json) options.terminal.out(JSON.stringify(describe(pair)))
    else for (const line of introduction(pair, options)) options.terminal.out(line)
    await new Promise<void>((resolve) => {
      if (options.interrupted.aborted) resolve()
      options.interrupted.addEventListener('abort', () => resolve())
    })
  } finally {
    await pair.stop()
  }
}

/** Before anything is started. Somebody's own configuration may have the name. */
function claim(file: string): void {
  try {
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'exists already; nothing is overwritten' : `cannot be written: ${code}`
    throw new InputError(`--config-out ${file}`, [why])
  }
}

const describeCluster = (cluster: LabCluster) => ({
  name: cluster.state.name,
  version: cluster.state.version,
  runMode: cluster.state.runMode,
  user: 'root',
  token: cluster.state.token,
  frontends: cluster.endpoints.frontends,
})

const describe = (pair: LabPair) => ({ source: describeCluster(pair.source), target: describeCluster(pair.target) })

function introduction(pair: LabPair, { terminal, configOut, empty }: RunLabOptions): string[] {
  const { style } = terminal
  const lines = [style.bold('Two lab clusters run in this process: stand-ins that answer as StarRocks does.'), '']
  for (const cluster of [pair.source, pair.target]) {
    const { name, version, runMode } = cluster.state
    const [first] = cluster.endpoints.frontends
    lines.push(
      `${style.bold(name)}  ${version} ${runMode.replace('_', '-')}${name === 'source' && !empty ? `, ${pair.scenario.tables.length} tables` : ''}`,
      ...cluster.endpoints.frontends.map(
        ({ host, queryPort, httpPort, rpcPort }, i) =>
          `  frontend ${i + 1}   ${host}   query ${queryPort}   http ${httpPort}   rpc ${rpcPort}`,
      ),
      `  token        ${cluster.state.token}`,
      `  log in       ${style.cyan(`mysql -h ${first?.host} -P ${first?.queryPort} -u root`)}`,
      '',
    )
  }
  if (configOut) lines.push(`Try a migration:  starferry dev --config ${configOut}`)
  else lines.push(style.dim('--config-out starferry.yaml writes a configuration for `starferry dev`.'))
  lines.push(style.dim('Ctrl-C ends them.'))
  return lines
}
