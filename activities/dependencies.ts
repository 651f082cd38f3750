import type { Client } from '@temporalio/client'
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
  /** Temporal itself: schedules, descriptions of workflows, leases. */
  client: Client
  metrics: Metrics
  clock: Clock
}

export const systemClock: Clock = { now: () => Date.now() }
