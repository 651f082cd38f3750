import { existsSync } from 'node:fs'
import path from 'node:path'
import { check, InputError } from '../contract/check.ts'
import { type WorkerConfig, workerConfigSchema } from '../contract/worker-config.ts'
import { interpolate } from './interpolate.ts'
import { readSyncProperties } from './properties/read-directory.ts'
import { readYaml } from './yaml-file.ts'

export const DEFAULT_CONFIG = 'starferry.yaml'

export interface ConfigurationOptions {
  /** `--config` */
  config?: string
  /** `--properties`: a directory with StarRocks' own sync.properties and hosts.properties; gives clusters `source` and `target`. */
  properties?: string
  env?: NodeJS.ProcessEnv
}

/** The file to read: `--config`, else STARFERRY_CONFIG, else starferry.yaml where it exists. */
export function configurationFile({ config, env = process.env }: ConfigurationOptions): string | undefined {
  return config ?? (env.STARFERRY_CONFIG || undefined) ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined)
}

/** The worker's configuration, checked, defaults and secrets filled in. Errors: InputError, naming file and key. */
export function loadConfiguration(options: ConfigurationOptions): WorkerConfig {
  const file = configurationFile(options)
  if (file === undefined && options.properties === undefined) {
    throw new InputError('No configuration', [
      `there is no ${DEFAULT_CONFIG} here; name a file with --config or STARFERRY_CONFIG, or StarRocks' own files with --properties DIR`,
    ])
  }
  const config = file === undefined ? check(workerConfigSchema, {}, 'defaults') : readConfiguration(file, options.env)
  if (options.properties === undefined) return config
  return { ...config, clusters: { ...config.clusters, ...readSyncProperties(options.properties).clusters } }
}

/** Only the `temporal` part: what a client needs, who may not have the clusters' secrets. Undefined when there is no file. */
export function loadTemporalConfiguration(options: ConfigurationOptions): WorkerConfig['temporal'] | undefined {
  const file = configurationFile(options)
  if (file === undefined) return undefined
  const value = readYaml(file)
  const temporal = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).temporal : undefined
  return checked(file, { temporal: temporal ?? {} }, options.env).temporal
}

function readConfiguration(file: string, env?: NodeJS.ProcessEnv): WorkerConfig {
  return checked(file, readYaml(file), env)
}

function checked(file: string, raw: unknown, env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const { value, problems } = interpolate(raw, { env, directory: path.dirname(path.resolve(file)) })
  if (problems.length > 0) throw new InputError(file, problems)
  return check(workerConfigSchema, value, file)
}
