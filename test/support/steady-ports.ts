import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { ownPlace } from './own-ports.ts'

/** Those that somebody has, or will open: none is given twice. */
const given = new Set<number>()

/**
 * Free ports below those that systems, and servers that take any, choose from: a process that is killed and restarted, or started late, finds its port
 * free, since nobody took it meanwhile.
 */
export async function steadyPorts(count: number): Promise<number[]> {
  const { lowest, highest } = ownPlace(4_000, 9_599)
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(lowest, highest + 1)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
