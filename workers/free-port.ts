import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/**
 * Below those that systems give to outgoing connections: such a one could take a port between our asking and its use, or while its server is down, and
 * keep it from coming back.
 */
const LOWEST = 10_000
const HIGHEST = 32_000
const MOST_TRIES = 100

/** Ports of this machine that nobody listens on now; all different. Errors: as of `listen`. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  try {
    // Held open together, so that none is given twice.
    while (ports.length < count) {
      const server = createServer()
      ports.push(await listen(server, host, 0))
      held.push(server)
    }
    return ports
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** Opens a port (0: any free one) and answers which it is. Errors: the system's, as when a given port is taken, or not one of a hundred can be had. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  for (let tries = 1; ; tries++) {
    const chosen = port === 0 ? randomInt(LOWEST, HIGHEST) : port
    try {
      await open(server, host, chosen)
      return chosen
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (port !== 0 || tries >= MOST_TRIES || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    }
  }
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
