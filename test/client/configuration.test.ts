import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { temporalSettings } from '../../client/connection.ts'
import { checkPolicy } from '../../client/policies.ts'
import { restoreSpecSchema } from '../../contract/backup/restore-spec.ts'
import { check } from '../../contract/check.ts'
import { migrationSpecSchema } from '../../contract/migration-spec.ts'
import { loadConfiguration } from '../../workers/configuration.ts'
import { connectionOptions } from '../../workers/connect.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-config-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function file(text: string, name = 'starferry.yaml'): string {
  const full = path.join(directory, name)
  writeFileSync(full, text)
  return full
}
const load = (text: string, env: NodeJS.ProcessEnv = {}) => loadConfiguration({ config: file(text), env })

describe('values from elsewhere', () => {
  it('environment variables and files, relative to the configuration, last line break dropped', () => {
    file('p"w\n', 'password')
    const config = load(
      'clusters:\n  a:\n    frontends: ["${env:HOST}:9031"]\n    password: ${file:password}\n    token: t-${env:N}-$${x}\n',
      { HOST: 'fe', N: '7' },
    )
    expect(config.clusters.a).toMatchObject({ frontends: ['fe:9031'], password: 'p"w', token: 't-7-${x}' })
  })

  it('cannot change the structure of the document', () => {
    const config = load('clusters:\n  a:\n    frontends: [fe]\n    password: ${env:P}\n', {
      P: 'x\n    user: admin # ',
    })
    expect(config.clusters.a).toMatchObject({ user: 'root', password: 'x\n    user: admin # ' })
  })

  it.each([
    ['${env:NOPE}', /clusters.a.password: the environment variable NOPE is not set/],
    ['${file:nope}', /clusters.a.password: nope cannot be read \(ENOENT\)/],
    ['${secret:x}', /'\$\{secret:x\}' is not known; write \$\{env:NAME\} or \$\{file:path\}/],
  ])('%s is an error that names the key', (value, message) => {
    expect(() => load(`clusters:\n  a:\n    frontends: [fe]\n    password: ${value}\n`)).toThrow(message)
  })
})

describe('mistakes', () => {
  it.each([
    [
      'an unknown key',
      'clusters:\n  a:\n    frontends: [fe]\n    pasword: x\n',
      /unknown key 'clusters.a.pasword'; the nearest valid one is 'password'/,
    ],
    ['an unknown section', 'cluster: {}\n', /unknown key 'cluster'; the nearest valid one is 'clusters'/],
    ['no frontend', 'clusters:\n  a:\n    frontends: []\n', /clusters.a.frontends/],
    ['an address that is none', 'clusters:\n  a:\n    frontends: ["http://fe:9030"]\n', /write host or host:port/],
    [
      'ports that are none',
      'clusters:\n  a:\n    frontends: ["fe:70000"]\nworker: {health: "host:99999999"}\n',
      /clusters.a.frontends.0: a port is a number up to 65535\n.*worker.health: a port is a number/s,
    ],
    [
      'an address map that is none',
      'clusters:\n  a:\n    frontends: [fe]\n    addressMap: {x: "y;z"}\n',
      /a.addressMap/,
    ],
    [
      'a mistake inside of what may be a flag as well',
      'temporal: {tls: {cart: x}}\n',
      /unknown key 'temporal.tls.cart'; the nearest valid one is 'cert'/,
    ],
    ['a key twice', 'clusters: {}\nclusters: {}\n', /Map keys must be unique at line 2/],
    ['no YAML', 'clusters: [\n', /starferry.yaml.*line/s],
  ])('%s', (_, text, message) => {
    expect(() => load(text)).toThrow(message)
  })

  it('a file that is not there', () => {
    expect(() => loadConfiguration({ config: path.join(directory, 'no.yaml'), env: {} })).toThrow(
      /no.yaml: cannot be read: there is no such file/,
    )
  })

  it('STARFERRY_CONFIG names it too', () => {
    const env = { STARFERRY_CONFIG: file('temporal: {address: "t:1"}\n') }
    expect(loadConfiguration({ env }).temporal.address).toBe('t:1')
  })
})

describe('docs/configuration.md', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '')

  it('shows a worker configuration, a migration, a policy and a restore that are taken as they stand', () => {
    file('PEM', 'ca.pem')
    const worker = blocks
      .find((block) => block.startsWith('clusters:'))
      ?.replaceAll(/\/run\/secrets\/[\w-]+/g, 'ca.pem')
    const env = { PRODUCTION_PASSWORD: 'x', NEXT_PASSWORD: 'y', TEMPORAL_API_KEY: 'z' }
    const keys = { BACKUP_ACCESS_KEY: 'b', BACKUP_SECRET_KEY: 'c', READER_ACCESS_KEY: 'd', READER_SECRET_KEY: 'e' }
    const configuration = load(worker ?? '', { ...env, ...keys })
    expect(Object.keys(configuration.clusters)).toEqual(['production', 'next'])
    expect(Object.keys(configuration.repositories)).toEqual(['nightly'])
    const migration = blocks.find((block) => block.startsWith('name:'))
    expect(check(migrationSpecSchema, parse(migration ?? ''), 'docs').limits.bytesPerJob).toBe(500 * 1024 ** 3)
    const policy = blocks.find((block) => block.includes('\nschedule:'))
    expect(checkPolicy(parse(policy ?? '')).name).toBe('production-nightly')
    const restore = blocks.find((block) => block.includes('\nfrom:'))
    expect(check(restoreSpecSchema, parse(restore ?? ''), 'docs').from.database).toBe('shop')
  })
})

describe('where Temporal is', () => {
  it('options win over variables, variables over the file', () => {
    const config = file('temporal:\n  address: file:1\n  namespace: of-file\n  apiKey: ${env:KEY}\n')
    const env = { TEMPORAL_ADDRESS: 'env:2', KEY: 'k-1' }
    expect(temporalSettings({ config }, env)).toMatchObject({ address: 'env:2', namespace: 'of-file', apiKey: 'k-1' })
    expect(temporalSettings({ config, temporal: 'opt:3' }, env).address).toBe('opt:3')
    expect(temporalSettings({}, {})).toEqual({ address: '127.0.0.1:7233', namespace: 'default', tls: false })
  })

  it('a misspelt section is told, whoever reads the file', () => {
    const config = file('temporl: {address: "t:1"}\n')
    expect(() => temporalSettings({ config }, {})).toThrow(/unknown key 'temporl'; the nearest valid one is 'temporal'/)
    expect(temporalSettings({ config: file('') }, {}).address).toBe('127.0.0.1:7233')
  })

  it('needs no secrets of clusters', () => {
    const config = file('temporal: {address: "t:1"}\nclusters:\n  a: {frontends: [fe], password: "${env:NOT_HERE}"}\n')
    expect(temporalSettings({ config }, {}).address).toBe('t:1')
  })

  it('TLS: by flag, by files, by API key', () => {
    expect(connectionOptions(temporalSettings({ tls: true }, {})).tls).toBe(true)
    expect(connectionOptions(temporalSettings({ apiKey: 'k' }, {}))).toMatchObject({ apiKey: 'k', tls: true })
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => file(name.toUpperCase(), `${name}.pem`))
    const tls = connectionOptions(
      temporalSettings({ tlsCa: ca, tlsCert: cert, tlsKey: key, tlsServerName: 's' }, {}),
    ).tls
    expect(tls).toEqual({
      serverNameOverride: 's',
      serverRootCACertificate: Buffer.from('CA'),
      clientCertPair: { crt: Buffer.from('CERT'), key: Buffer.from('KEY') },
    })
    expect(() => connectionOptions(temporalSettings({ tlsCert: cert }, {}))).toThrow(/cert and key belong together/)
  })
})
