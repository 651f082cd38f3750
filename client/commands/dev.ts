import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'
import { configurationFile, loadConfiguration } from '../../workers/configuration.ts'
import { terminalFor, untilInterrupted } from '../context.ts'
import { port, withJson } from '../options.ts'

interface Options {
  json?: boolean
  config?: string
  properties?: string
  port?: number
  uiPort?: number
  db?: string
  logDir?: string
}

export function addDev(program: Command): void {
  withJson(
    program
      .command('dev')
      .summary('a Temporal development server and a worker, for trying a configuration')
      .description(
        'Starts a Temporal development server with its web interface, and a worker with your configuration. Ends on Ctrl-C.',
      )
      .option('--config <file>', 'configuration (STARFERRY_CONFIG; else starferry.yaml)')
      .option('--properties <dir>', "clusters `source` and `target` from StarRocks' own files")
      .option('--port <port>', "Temporal's port", port, 7233)
      .option('--ui-port <port>', 'port of the web interface', port, 8233)
      .option('--db <file>', 'keep the state of Temporal in this file')
      .option('--log-dir <dir>', 'where the logs of both go'),
  ).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const config = loadConfiguration(options)
    const interrupted = untilInterrupted()
    const { TemporalServer } = await import('../temporal-server.ts')
    const { WorkerProcess } = await import('../worker-process.ts')
    const { freePorts } = await import('../../workers/free-port.ts')
    const temporary = mkdtempSync(path.join(tmpdir(), 'starferry-dev-'))
    const logs = options.logDir ?? temporary
    mkdirSync(logs, { recursive: true })
    const server = await TemporalServer.start({
      ui: true,
      port: options.port,
      uiPort: options.uiPort,
      dbFile: options.db,
      logFile: path.join(logs, 'temporal.log'),
      searchAttributes: Object.values(SEARCH_ATTRIBUTES),
      say: terminal.note,
    })
    try {
      // Readiness must be asked somewhere.
      const off = config.worker.health === 'off'
      const health = off ? `127.0.0.1:${(await freePorts(1))[0]}` : config.worker.health
      let configFile = configurationFile(options)
      if (configFile === undefined) {
        configFile = path.join(temporary, 'starferry.yaml')
        writeFileSync(configFile, stringify({ worker: { health } }), { mode: 0o600 })
      }
      const worker = new WorkerProcess({
        configFile,
        health,
        logFile: path.join(logs, 'worker.log'),
        arguments: [
          // This server knows of no TLS and no key, whatever the configured one wants.
          ...['--temporal', server.address, '--namespace', server.namespace, '--no-tls'],
          ...(off ? ['--health', health] : []),
          ...(options.properties ? ['--properties', options.properties] : []),
        ],
      })
      await worker.start()
      const ready = { temporal: server.address, ui: server.uiUrl, clusters: Object.keys(config.clusters), logs }
      if (terminal.json) terminal.out(JSON.stringify(ready))
      else {
        const row = (name: string, value: string) => terminal.out(`  ${style.dim(name.padEnd(9))} ${value}`)
        terminal.out(style.bold('Ready.'))
        row('Temporal', server.address)
        row('UI', style.cyan(server.uiUrl ?? ''))
        row('clusters', ready.clusters.join(', ') || 'none')
        row('logs', logs)
        terminal.out(
          style.dim(
            'In another terminal: starferry doctor SPEC, starferry migrate start SPEC --watch.  Ctrl-C ends both.',
          ),
        )
      }
      const asked = new Promise<void>((resolve) => {
        if (interrupted.aborted) resolve()
        interrupted.addEventListener('abort', () => resolve())
      })
      const lost = await Promise.race([
        asked,
        server.ended().then(() => `The Temporal server ended by itself:\n${server.logTail()}`),
        worker.ended().then(() => `The worker ended by itself:\n${worker.logTail()}`),
      ])
      if (!lost) terminal.note(style.dim('Stopping …'))
      await worker.stop()
      if (lost) throw new Error(lost)
    } finally {
      await server.stop()
      rmSync(temporary, { recursive: true, force: true })
    }
  })
}
