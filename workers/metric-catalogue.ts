/** What a metric is about, in the words of `/metrics`. */
export interface MetricDescription {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
}

/** Every metric of starferry's own; names are without the prefix `starferry_`. The SDK's are beside them, as `temporal_…`. */
export const METRICS = {
  statements_total: {
    type: 'counter',
    help: 'Statements sent to a cluster, by kind and result',
    labels: ['cluster', 'kind', 'result'],
  },
  statement_seconds: {
    type: 'histogram',
    help: 'How long a cluster took to answer a statement',
    labels: ['cluster', 'kind'],
  },
  attempts_total: {
    type: 'counter',
    help: 'Attempts of activities, by how they ended: ok, cancelled, or the type of the error',
    labels: ['activity', 'outcome'],
  },
  attempt_seconds: {
    type: 'histogram',
    help: 'How long an attempt of an activity took',
    labels: ['activity'],
  },
  running_activities: {
    type: 'gauge',
    help: 'Activities that run in this process now',
    labels: ['activity'],
  },
} as const satisfies Record<string, MetricDescription>
