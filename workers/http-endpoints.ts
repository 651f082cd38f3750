import { createServer, type Server, type ServerResponse } from 'node:http'
import { InputError } from '../contract/check.ts'

/** Answers of one path. */
export type Endpoint = () => Promise<{ status: number; type: string; body: string }>

/** Serves some paths at `host:port`; undefined for `off`. Errors: InputError when the address cannot be listened on. */
export async function serveEndpoints(
  key: string,
  address: string,
  endpoints: Record<string, Endpoint>,
): Promise<Server | undefined> {
  if (address === 'off') return undefined
  const { host, port } = parseListen(key, address)
  const server = createServer((request, response) => {
    // Whatever somebody sends as a path, a name is looked up and nothing is parsed: what is thrown here would end the process.
    const [path = ''] = (request.url ?? '/').split('?', 1)
    const endpoint = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined
    if (!endpoint || (request.method !== 'GET' && request.method !== 'HEAD')) {
      return send(response, { status: 404, type: 'text/plain', body: `${Object.keys(endpoints).join('\n')}\n` })
    }
    endpoint().then(
      (answer) => send(response, answer),
      () => send(response, { status: 500, type: 'text/plain', body: 'failed\n' }),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new InputError(key, [`cannot listen on ${address}: ${error.code ?? error.message}`])),
    )
    server.listen(port, host, resolve)
  })
  return server
}

/** Ends it without waiting for scrapers that keep their connection. */
export async function closeServer(server: Server | undefined): Promise<void> {
  if (!server) return
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

function parseListen(key: string, address: string): { host: string; port: number } {
  const match = /^(?:\[(.+)\]|([^:]*)):(\d+)$/.exec(address)
  if (!match) throw new InputError(key, [`'${address}' is no address: write host:port, or off`])
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

function send(response: ServerResponse, answer: { status: number; type: string; body: string }): void {
  response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' })
  response.end(answer.body)
}
