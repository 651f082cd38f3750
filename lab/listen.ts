import { randomInt } from 'node:crypto'
import type { Server } from 'node:net'

/** Below those that systems give to outgoing connections: such a one could take the port of a frontend that is down, and keep it from coming back. */
const LOWEST = 10_000
const HIGHEST = 32_000
const MOST_TRIES = 100

/** Opens a port (0: any free one) and answers which it is. Errors: the system's, as when a given port is taken. */
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
