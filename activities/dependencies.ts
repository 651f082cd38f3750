import type { Client } from '@temporalio/client'
import type { ObjectStore, Repository } from '../repository/index.ts'
import type { AddressMap, StarRocksCluster } from '../starrocks/index.ts'

/** A cluster as the worker's configuration knows it: sessions, and what never enters a workflow. */
export interface ClusterHandle {
  cluster: StarRocksCluster
  /** Cluster token; sources need one, targets do not. */
  token?: string
  /** How the addresses that this cluster prints are reached by others: by this worker, and by a target's backends when it is a source. */
  addressMap: AddressMap
  user: string
  password: string
}

/** A repository as the worker's configuration knows it. */
export interface RepositoryHandle {
  /** On every cluster the same. */
  name: string
  /** As in CREATE REPOSITORY. */
  location: string
  /** As in CREATE REPOSITORY, secrets in plain: never into a workflow, a log or a result. */
  properties: Readonly<Record<string, string>>
  /** Those of the configured clusters that use it; undefined: any of them may. */
  clusters?: readonly string[]
  /** The storage as this process reaches it; one for all who ask. Throws StorageError Unsupported when it cannot be reached from here at all. */
  store(): ObjectStore
  /**
   * The repository in it, the same for all who ask. Throws StorageError: NotFound where no cluster has made it yet, Unsupported where it cannot be
   * reached from here, others of the store.
   */
  open(signal?: AbortSignal): Promise<Repository>
}

/** Counters and gauges of the worker. A name and its labels' names belong together: the same name always comes with the same labels. */
export interface Metrics {
  count(name: string, labels?: Record<string, string>, by?: number): void
  gauge(name: string, value: number, labels?: Record<string, string>): void
  /** Seconds. */
  duration(name: string, seconds: number, labels?: Record<string, string>): void
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

/** What activities need from the process that runs them. */
export interface Dependencies {
  /** Throws a non-retryable ApplicationFailure of type `UnknownCluster` that names the known ones. */
  cluster(name: string): ClusterHandle
  /** Throws a non-retryable ApplicationFailure of type `UnknownRepository` that names the known ones. */
  repository(name: string): RepositoryHandle
  /** Names of the configured clusters: where a job may run that uses a repository. */
  clusterNames(): string[]
  /** Names of the configured repositories. */
  repositoryNames(): string[]
  /** The address behind a name of `webhooks`. Throws a non-retryable ApplicationFailure of type `UnknownWebhook`. */
  webhook(name: string): string
  /** Temporal itself: schedules, descriptions of workflows, leases. */
  client: Client
  metrics: Metrics
  clock: Clock
  /** Activities at once in this process (worker.activities); unset: no limit is known. */
  activitySlots?: number
}

export const systemClock: Clock = { now: () => Date.now() }
