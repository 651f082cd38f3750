import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { check } from '../../contract/check.ts'
import { workerConfigSchema } from '../../contract/worker-config.ts'
import { interpolate } from '../../workers/interpolate.ts'
import { METRICS, type MetricDescription } from '../../workers/metric-catalogue.ts'
import { createMetrics } from '../../workers/metrics.ts'

const root = path.resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  profiles?: string[]
  environment?: Record<string, string>
  [key: string]: unknown
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const services = Object.entries(compose.services)

/** Keys of a service that docker-compose.yml uses, as the Compose specification spells them. */
const SERVICE_KEYS =
  'build cap_drop command depends_on environment healthcheck image init logging mem_limit ports profiles read_only restart security_opt stop_grace_period tmpfs volumes'.split(
    ' ',
  )

describe('docker-compose.yml', () => {
  it.each(services)('%s: known keys, a pinned image, bound to this machine only', (_, service) => {
    expect(SERVICE_KEYS).toEqual(expect.arrayContaining(Object.keys(service)))
    expect(service.image).toMatch(/:[\w.-]*\d[\w.-]*$/)
    expect(service.image).not.toMatch(/latest/)
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(service.restart).toBe('unless-stopped')
  })

  it('has a health check for every service, so for whatever others wait for', () => {
    const awaited = services.flatMap(([, { depends_on = {} }]) =>
      Object.entries(depends_on).filter(([, { condition }]) => condition === 'service_healthy'),
    )
    for (const [name] of awaited) expect(compose.services[name]?.healthcheck?.test.length).toBeGreaterThan(1)
    for (const [name, { healthcheck, build }] of services) {
      // The worker's is in its Dockerfile.
      if (!build) expect(healthcheck, name).toBeDefined()
    }
    expect(read('ops/Dockerfile')).toMatch(/^HEALTHCHECK/m)
  })

  it('names only services, volumes and files that exist', () => {
    for (const [, { depends_on = {}, volumes = [] }] of services) {
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(depends_on)))
      for (const volume of volumes) {
        const source = volume.replace(/\$\{\w+:-([^}]+)\}/, '$1').split(':')[0] ?? ''
        if (source.startsWith('.')) expect(existsSync(path.join(root, source)), source).toBe(true)
        else expect(Object.keys(compose.volumes)).toContain(source)
      }
    }
  })

  it('starts Temporal and the worker without a profile; clusters, storage, monitoring with theirs', () => {
    const plain = services.filter(([, { profiles }]) => !profiles).map(([name]) => name)
    expect(plain).toEqual(['postgresql', 'temporal', 'temporal-ui', 'worker'])
    const profiles = new Set(services.flatMap(([, service]) => service.profiles ?? []))
    expect([...profiles].sort()).toEqual(['minio', 'monitoring', 'starrocks'])
  })

  it("gives the worker a configuration that it takes, whose clusters are the compose file's", () => {
    const env = Object.fromEntries(Object.keys(compose.services.worker?.environment ?? {}).map((name) => [name, 'x']))
    const { value, problems } = interpolate(parse(read('ops/compose/starferry.yaml')), { env, directory: root })
    expect(problems).toEqual([])
    const config = check(workerConfigSchema, value, 'ops/compose/starferry.yaml')
    for (const { frontends } of Object.values(config.clusters)) {
      for (const frontend of frontends) expect(compose.services).toHaveProperty(frontend.split(':')[0] ?? '')
    }
    expect(config.temporal.address).toBe('temporal:7233')
    const grace = Number.parseInt(String(compose.services.worker?.stop_grace_period), 10)
    expect(grace).toBeGreaterThan(config.worker.drainSeconds)
  })
})

describe('ops/Dockerfile', () => {
  const text = read('ops/Dockerfile')
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]?.split(' ') ?? [])

  it('pins its base, runs as somebody who is not root, holds no secret', () => {
    for (const [, image] of text.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/^node:20\.\d+\.\d+-bookworm-slim$/)
    expect(text.indexOf('\nUSER node')).toBeGreaterThan(0)
    expect(text.indexOf('\nUSER node')).toBeLessThan(text.indexOf('\nENTRYPOINT'))
    expect(text).not.toMatch(/password|token|secret/i)
  })

  it('copies every folder that is compiled, and nothing that is missing or ignored', () => {
    const { include } = parse(read('tsconfig.json')) as { include: string[] }
    const present = include.filter((folder) => existsSync(path.join(root, folder)))
    expect(copied).toEqual(expect.arrayContaining(present))
    const kept = read('ops/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    for (const file of copied) {
      expect(existsSync(path.join(root, file)), file).toBe(true)
      expect(kept).toContain(file)
    }
  })
})

describe('what Prometheus and Grafana ask for', () => {
  const board = JSON.parse(read('ops/grafana/boards/starferry.json')) as {
    panels: { id: number; title: string; targets?: { expr: string }[] }[]
    templating: { list: { query: string | { query: string } }[] }
  }
  const rules = parse(read('ops/prometheus/rules.yml')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[]
  }
  const expressions = [
    ...board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...board.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
    ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
  ]

  it('is measured, with the labels that are asked for', async () => {
    const catalogue: Record<string, MetricDescription> = METRICS
    const { registry } = createMetrics()
    const defaults = (await registry.getMetricsAsJSON()).map(({ name }) => name)
    let asked = 0
    for (const expression of expressions) {
      for (const [, name = '', selector = ''] of expression.matchAll(/\bstarferry_([a-z0-9_]+)(?:\{([^}]*)\})?/g)) {
        const known = catalogue[name] ?? catalogue[name.replace(/_(bucket|sum|count)$/, '')]
        if (!known) expect(defaults).toContain(`starferry_${name}`)
        asked++
        for (const [, label = ''] of selector.matchAll(/(\w+)\s*=/g)) expect(known?.labels, expression).toContain(label)
      }
    }
    expect(asked).toBeGreaterThan(20)
  })

  it('alerts about backups by the policy and not by the clock, and where a series could be missing by one that cannot', () => {
    const rule = (name: string) =>
      rules.groups.flatMap((group) => group.rules).find(({ alert }) => alert === name)?.expr ?? ''
    // What a restarted worker does not remember, and how often a policy runs, must not matter.
    for (const name of ['StarferryBackupTooOld', 'StarferryBackupNever']) {
      expect(rule(name)).toContain(
        'on (policy) group_left () max by (policy) (starferry_policy_last_due_timestamp_seconds)',
      )
      expect(rule(name)).not.toMatch(/3600|over_time\(starferry_/)
    }
    // Zeros are databases that never had a backup: one alert, and not both.
    expect(rule('StarferryBackupTooOld')).toMatch(/\) > 0$/)
    expect(rule('StarferryBackupNever')).toMatch(
      /^max by \(cluster, database, policy\) \(starferry_last_good_backup_timestamp_seconds\) == 0 and /,
    )
    // Without the figures neither fires; that is told by this one.
    expect(rule('StarferryCatalogueUnread')).toContain('starferry_catalogue_read_timestamp_seconds')
  })

  it('shows every metric of ours somewhere', () => {
    for (const name of Object.keys(METRICS)) expect(expressions.join('\n')).toContain(`starferry_${name}`)
  })

  it('is described in docs/operations.md, name by name', () => {
    // However wide the columns of its table are.
    const page = read('docs/operations.md').replace(/ {2,}/g, ' ')
    for (const [name, { labels }] of Object.entries(METRICS)) {
      expect(page).toContain(`| \`starferry_${name}\` | ${labels.length > 0 ? `${labels.join(', ')} ` : ''}|`)
    }
  })

  it('has panels and alerts that say what they are about', () => {
    const ids = board.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { title } of board.panels) expect(title).not.toBe('')
    for (const { alert, annotations } of rules.groups.flatMap((group) => group.rules)) {
      expect(alert).toMatch(/^Starferry[A-Z]/)
      expect(annotations.summary).not.toBe('')
    }
  })

  it('Prometheus scrapes the port at which compose serves metrics', () => {
    const { scrape_configs } = parse(read('ops/prometheus/prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[]
    }
    expect(scrape_configs[0]?.static_configs[0]?.targets).toEqual(['worker:7281'])
    expect(compose.services.worker?.ports).toContain('127.0.0.1:7281:7281')
  })
})
