import { existsSync } from 'node:fs'
import path from 'node:path'
import { check, InputError, unknownKeys } from '../contract/check.ts'
import { type WorkerConfig, workerConfigSchema } from '../contract/worker-config.ts'
import { addressMapOf } from '../starrocks/address-map.ts'
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
  const value = readYaml(file) ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) return checked(file, value, options.env).temporal
  // Of the rest only the names: its secrets may not be at hand.
  const unknown = unknownKeys(value, Object.keys(workerConfigSchema.shape))
  if (unknown.length > 0) throw new InputError(file, unknown)
  return checked(file, { temporal: (value as Record<string, unknown>).temporal ?? {} }, options.env).temporal
}

function readConfiguration(file: string, env?: NodeJS.ProcessEnv): WorkerConfig {
  return checked(file, readYaml(file) ?? {}, env)
}

function checked(file: string, raw: unknown, env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const { value, problems } = interpolate(raw, { env, directory: path.dirname(path.resolve(file)) })
  if (problems.length > 0) throw new InputError(file, problems)
  const config = check(workerConfigSchema, value, file)
  const wrong = Object.entries(config.clusters).flatMap(([name, { addressMap }]) =>
    addressMapProblems(name, addressMap),
  )
  if (wrong.length > 0) throw new InputError(file, wrong)
  return config
}

function addressMapProblems(cluster: string, entries: Readonly<Record<string, string>>): string[] {
  try {
    addressMapOf(entries)
    return []
  } catch (error) {
    return [`clusters.${cluster}.addressMap: ${error instanceof Error ? error.message : error}`]
  }
}
