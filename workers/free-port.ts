import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/** Below those that systems give to outgoing connections: such a one could take a port between our asking and its use. */
const LOWEST = 10_000
const HIGHEST = 32_000
const MOST_TRIES = 100

/** Ports of this machine that nobody listens on now; all different. Errors: the system's, when not one of a hundred can be had. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const held: { server: Server; port: number }[] = []
  try {
    // Held open together, so that none is given twice.
    while (held.length < count) held.push(await holdOne(host))
    return held.map(({ port }) => port)
  } finally {
    await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  }
}

async function holdOne(host: string): Promise<{ server: Server; port: number }> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(LOWEST, HIGHEST)
    const server = createServer()
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, resolve)
      })
      return { server, port }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (tries >= MOST_TRIES || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    }
  }
}
