import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../activities/dependencies.ts'
import type { StatementEvent } from '../starrocks/index.ts'
import { METRICS, type MetricDescription } from './metric-catalogue.ts'

const PREFIX = 'starferry_'
// From a cached SHOW to a replication job that runs for an hour.
const BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 3600]

/** A gauge that nobody has set for so long tells nothing: its migration has ended, or another worker looks after it. */
const STALE_MS = 5 * 60_000

type Kind = Counter | Gauge | Histogram

interface Known {
  metric: Kind
  labels: readonly string[]
  /** Of a gauge that expires: it was set. */
  noteSet?: (labels: Record<string, string>) => void
}

export interface PrometheusMetrics extends Metrics {
  registry: Registry
  /** All series of a gauge that are told in this way: those of the last time that are not among these are gone. */
  replace(name: string, series: readonly { labels: Record<string, string>; value: number }[]): void
  /** For `ClusterOptions.onStatement`. */
  statement(event: StatementEvent): void
}

/** The worker's metrics on a registry of its own. Measuring never throws: a label that a metric does not have is left out. */
export function createMetrics(): PrometheusMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: PREFIX })
  const known = new Map<string, Known>()
  for (const [name, description] of Object.entries(METRICS)) known.set(name, create(registry, name, description))

  const find = (name: string, type: MetricDescription['type'], labels: Record<string, string>) => {
    let entry = known.get(name)
    if (!entry) {
      entry = create(registry, name, { type, help: name.replaceAll('_', ' '), labels: Object.keys(labels) })
      known.set(name, entry)
    }
    const { metric, noteSet } = entry
    return { metric, noteSet, labels: Object.fromEntries(entry.labels.map((label) => [label, labels[label] ?? ''])) }
  }

  const told = new Map<string, Record<string, string>[]>()
  const metrics: PrometheusMetrics = {
    registry,
    replace: (name, series) => {
      for (const given of told.get(name) ?? []) {
        const { metric, labels } = find(name, 'gauge', given)
        metric.remove(labels)
      }
      for (const { labels, value } of series) metrics.gauge(name, value, labels)
      told.set(
        name,
        series.map(({ labels }) => labels),
      )
    },
    count: (name, given = {}, by = 1) => {
      const { metric, labels } = find(name, 'counter', given)
      if (metric instanceof Counter) metric.inc(labels, by)
    },
    gauge: (name, value, given = {}) => {
      const { metric, labels, noteSet } = find(name, 'gauge', given)
      if (metric instanceof Gauge) metric.set(labels, value)
      noteSet?.(labels)
    },
    duration: (name, seconds, given = {}) => {
      const { metric, labels } = find(name, 'histogram', given)
      if (metric instanceof Histogram) metric.observe(labels, seconds)
    },
    statement: ({ cluster, kind, ms, ok, error }) => {
      metrics.count('statements_total', { cluster, kind, result: ok ? 'ok' : (error ?? 'error') })
      metrics.duration('statement_seconds', ms / 1000, { cluster, kind })
    },
  }
  // Prometheus sees no increase from nothing to 1: the first restore that fails would alert nobody.
  for (const outcome of ['ok', 'failed', 'cancelled']) metrics.count('restores_total', { outcome }, 0)
  return metrics
}

function create(registry: Registry, name: string, description: MetricDescription): Known {
  const { type, help, labels } = description
  const options = { name: `${PREFIX}${name}`, help, labelNames: [...labels], registers: [registry] }
  if (type === 'counter') return { metric: new Counter(options), labels }
  if (type === 'histogram') return { metric: new Histogram({ ...options, buckets: BUCKETS }), labels }
  if (!description.expires) return { metric: new Gauge(options), labels }
  const set = new Map<string, { at: number; labels: Record<string, string> }>()
  const metric: Gauge = new Gauge({
    ...options,
    collect: () => {
      for (const [key, { at, labels: given }] of set) {
        if (Date.now() - at < STALE_MS) continue
        metric.remove(given)
        set.delete(key)
      }
    },
  })
  return { metric, labels, noteSet: (given) => set.set(JSON.stringify(given), { at: Date.now(), labels: given }) }
}
