import type { Command } from 'commander'
import { loadConfiguration } from '../../workers/configuration.ts'
import { untilInterrupted } from '../context.ts'
import { io } from '../io.ts'

interface Options {
  config?: string
  properties?: string
  temporal?: string
  namespace?: string
  tls: boolean
  health?: string
}

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('run the worker')
    .description(
      'Runs the worker: waits for Temporal, registers search attributes, does the work, and drains on SIGTERM. Logs JSON lines; health and metrics are served where the configuration says.',
    )
    .option('--config <file>', 'configuration (STARFERRY_CONFIG; else starferry.yaml)')
    .option(
      '--properties <dir>',
      "clusters `source` and `target` from StarRocks' own sync.properties and hosts.properties",
    )
    .option('--temporal <host:port>', 'address of Temporal, instead of the configured one (TEMPORAL_ADDRESS)')
    .option('--namespace <name>', 'namespace, instead of the configured one (TEMPORAL_NAMESPACE)')
    .option('--no-tls', 'reach Temporal without TLS and API key, whatever is configured')
    .option('--health <host:port>', 'where health is served, instead of the configured address')
    .action(async (options: Options) => {
      const { env } = io()
      const config = loadConfiguration({ ...options, env })
      const address = options.temporal ?? env.TEMPORAL_ADDRESS
      const namespace = options.namespace ?? env.TEMPORAL_NAMESPACE
      if (address) config.temporal.address = address
      if (namespace) config.temporal.namespace = namespace
      if (!options.tls) Object.assign(config.temporal, { tls: false, apiKey: undefined })
      if (options.health) config.worker.health = options.health
      const { runWorker } = await import('../../workers/main.ts')
      await runWorker(config, untilInterrupted())
    })
}
