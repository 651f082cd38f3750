import { createServer } from 'node:net'

const FIRST = 12_000
const COUNT = 18_000

/**
 * Free ports below those that systems hand out by themselves: a process that is killed and restarted finds its port free again, since no outgoing
 * connection took it meanwhile.
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
