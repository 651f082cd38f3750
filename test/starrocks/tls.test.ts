import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { StarRocksCluster, type TlsOptions } from '../../starrocks/index.ts'
import { Frontend, frontendRows } from './frontend.ts'
import { tlsProxy } from './tls-proxy.ts'

const pem = (name: string) => readFileSync(new URL(`../fixtures/starrocks/tls/${name}.pem`, import.meta.url), 'utf8')

const cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const act of cleanUp.splice(0).reverse()) await act()
})

async function secured(options: TlsOptions) {
  const server = await Frontend.start((sql) => {
    if (sql === 'SET ROLE ALL') return 'ok'
    return sql === 'SHOW FRONTENDS'
      ? frontendRows([{ port: 1, role: 'LEADER' }])
      : { columns: ['a'], rows: [['hidden']] }
  })
  const proxy = await tlsProxy(server.port, { key: pem('key'), cert: pem('cert') })
  const cluster = new StarRocksCluster({
    name: 'secured',
    frontends: [{ host: '127.0.0.1', port: proxy.port }],
    user: 'reader',
    password: 'secret-password',
    tls: options,
  })
  cleanUp.push(
    () => server.stop(),
    () => proxy.close(),
    () => cluster.close(),
  )
  return { server, proxy, cluster }
}

describe('TLS', () => {
  it('carries logins and statements', async () => {
    const { cluster, proxy, server } = await secured({ ca: pem('cert') })
    expect((await cluster.query('SELECT 1')).rows[0]?.get('a')).toBe('hidden')
    expect(server.logins).toBe(1)
    // All that went in the clear is the wish for TLS: 32 bytes without a name.
    for (const bytes of proxy.clear) expect(bytes).toHaveLength(36)
  })

  it('trusts nobody that the authority does not know', async () => {
    const { cluster, server } = await secured({})
    const error = await cluster.query('SELECT 1').catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'Unreachable' })
    expect(error.message).toMatch(/self-signed|SELF_SIGNED/i)
    expect(error.message).toMatch(/TLS settings/)
    expect(server.logins).toBe(0)
  })

  it('trusts anybody when told so', async () => {
    const { cluster } = await secured({ rejectUnauthorized: false })
    expect((await cluster.query('SELECT 1')).rows).toHaveLength(1)
  })
})
