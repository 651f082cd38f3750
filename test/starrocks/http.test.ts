import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Address,
  addressMapOf,
  assertReachable,
  cancelLoad,
  checkToken,
  type Frontend,
  parseVersion,
  serviceId,
} from '../../starrocks/index.ts'

const cleanUp: (() => void)[] = []

afterEach(() => {
  for (const act of cleanUp.splice(0)) act()
})

async function httpPort(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Address & { requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = http.createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, requests }
}

function frontend(address: Address, role = 'LEADER', printed = { host: '10.0.0.1', httpPort: 8030 }): Frontend {
  return {
    name: role,
    host: address.host,
    queryPort: 9030,
    httpPort: address.port,
    rpcPort: 9020,
    printed: { queryPort: 9030, rpcPort: 9020, ...printed },
    role,
    alive: true,
    version: parseVersion('3.5.1'),
    error: '',
  }
}

/** What cancelling needs of a cluster: its login, its leader, its frontends. */
function cluster(leader: Frontend, others: Frontend[] = [], hosts: Record<string, string> = {}) {
  return {
    leader: async () => leader,
    frontends: async () => [leader, ...others],
    options: { name: 'test', frontends: [], user: 'root', password: 'hush-hush', addressMap: addressMapOf(hosts) },
  }
}

const ok = '{"status":"OK","code":"0","msg":"Success","message":"OK"}'
const failed = (text: string) => JSON.stringify({ status: 'FAILED', code: '1', msg: text, message: text })

describe('cancelling', () => {
  it('posts the label twice, with the login, and takes OK', async () => {
    const port = await httpPort((_, response) => response.end(ok))
    await cancelLoad(cluster(frontend(port)), 'my db', 'REPLICATION_1_2_x')
    const [request] = port.requests
    expect(request?.method).toBe('POST')
    expect(request?.url).toBe('/api/my%20db/REPLICATION_1_2_x/_cancel?label=REPLICATION_1_2_x')
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('root:hush-hush').toString('base64')}`)
  })

  it('follows a follower to the leader, mapped, and takes the login along', async () => {
    const leader = await httpPort((_, response) => response.end('{"status":"OK","msg":"Success"}'))
    const follower = await httpPort((request, response) => {
      response.writeHead(307, { Location: `http://root:hush-hush@10.0.0.2:8030${request.url}` }).end()
    })
    await cancelLoad(
      cluster(frontend(follower), [frontend(leader, 'FOLLOWER', { host: '10.0.0.2', httpPort: 8030 })]),
      'd',
      'l',
    )
    expect(leader.requests).toHaveLength(1)
    expect(leader.requests[0]?.headers.authorization).toMatch(/^Basic /)
    expect(leader.requests[0]?.method).toBe('POST')
  })

  it('follows the address map where SHOW FRONTENDS prints another name', async () => {
    const leader = await httpPort((_, response) => response.end(ok))
    const follower = await httpPort((_, response) =>
      response.writeHead(307, { Location: 'http://fe-1.svc:8030/api/d/l/_cancel' }).end(),
    )
    await cancelLoad(cluster(frontend(follower), [], { 'fe-1.svc': `127.0.0.1;8030:${leader.port}` }), 'd', 'l')
    expect(leader.requests[0]?.url).toBe('/api/d/l/_cancel?label=l')
  })

  it('carries the login to nobody else, and repeats no login', async () => {
    const stranger = await httpPort((_, response) => response.end(ok))
    const port = await httpPort((_, response) =>
      response.writeHead(307, { Location: `http://root:hush-hush@127.0.0.1:${stranger.port}/` }).end(),
    )
    const error = await cancelLoad(cluster(frontend(port)), 'd', 'l').catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'UnexpectedAnswer' })
    expect(error.message).not.toContain('hush')
    expect(stranger.requests).toHaveLength(0)
  })

  it('ends when frontends redirect to one another', async () => {
    const port = await httpPort((_, response) => response.writeHead(307, { Location: 'http://10.0.0.1:8030/' }).end())
    await expect(cancelLoad(cluster(frontend(port)), 'd', 'l')).rejects.toMatchObject({ kind: 'NotLeader' })
  })

  it.each([
    [200, failed('transaction not found: nope'), 'NotFound'],
    [200, failed('No label selected.'), 'NotFound'],
    [401, failed('Need auth information.'), 'Denied'],
    [401, failed('Access denied for nobody@127.0.0.1'), 'Denied'],
    [
      200,
      failed('Access denied; you need (at least one of) the INSERT privilege(s) on TABLE t for this operation'),
      'Denied',
    ],
    [200, 'not json', 'Unknown'],
    [500, '', 'Unknown'],
  ])('reads the body: %s %s', async (status, body, kind) => {
    const port = await httpPort((_, response) => response.writeHead(status).end(body))
    await expect(cancelLoad(cluster(frontend(port)), 'd', 'l')).rejects.toMatchObject({ kind })
  })

  it('knows what it does not know', async () => {
    const silent = await httpPort((_, response) => response.destroy())
    await expect(cancelLoad(cluster(frontend(silent)), 'd', 'l')).rejects.toMatchObject({ kind: 'OutcomeUnknown' })
    const slow = await httpPort(() => undefined)
    await expect(cancelLoad(cluster(frontend(slow)), 'd', 'l', { timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'OutcomeUnknown',
    })
    const gone = await httpPort(() => undefined)
    for (const act of cleanUp.splice(0)) act()
    await expect(cancelLoad(cluster(frontend(gone)), 'd', 'l')).rejects.toMatchObject({ kind: 'Unreachable' })
  })
})

describe('the token', () => {
  it.each([
    ['invalid token.', 'wrong'],
    ['token is not specified.', 'wrong'],
    ['file path is not allowed: /', 'right'],
    ['something else about a+b/c', 'unclear'],
  ])('%s', async (body, verdict) => {
    const port = await httpPort((_, response) => response.end(body))
    const answer = await checkToken(port, 'a+b/c')
    expect(answer.verdict).toBe(verdict)
    expect(JSON.stringify(answer)).not.toContain('a+b/c')
    expect(port.requests[0]?.url).toBe('/api/_tablet/_download?token=a%2Bb%2Fc&type=V2&file=/')
  })
})

describe('the service id', () => {
  it('is read', async () => {
    const port = await httpPort((_, response) => response.end('{"service_id": "5d9b3f-1"}'))
    expect(await serviceId(port)).toBe('5d9b3f-1')
  })

  it('is not there on shared-nothing clusters', async () => {
    const port = await httpPort((_, response) =>
      response.writeHead(404).end('Current run mode shared_nothing does not support service id.'),
    )
    await expect(serviceId(port)).rejects.toMatchObject({ kind: 'Unsupported' })
  })
})

describe('reaching', () => {
  it('tells', async () => {
    const port = await httpPort(() => undefined)
    await assertReachable(port)
    for (const act of cleanUp.splice(0)) act()
    await expect(assertReachable(port)).rejects.toMatchObject({ kind: 'Unreachable' })
    await expect(assertReachable(port, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
  })
})
