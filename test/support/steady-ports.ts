import { createServer } from 'node:net'

const FIRST = 4_000
const COUNT = 5_900

/**
 * Free ports below those that systems, and servers that take any, choose from: a process that is killed and restarted, or started late, finds its port
 * free, since nobody took it meanwhile.
 */
export async function steadyPorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
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
