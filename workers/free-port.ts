import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/**
 * Below those that systems give to outgoing connections: such a one could take a port between our asking and its use, or while its server is down, and
 * keep it from coming back.
 */
const LOWEST = 10_000
const HIGHEST = 32_000
const MOST_TRIES = 100

/** Those that this process has given or opened: whoever had one may be down for a moment, and wants it back. */
const promised = new Set<number>()

/** `STARFERRY_PORTS=12000-12999`: what to choose from instead, where several of us must keep out of each other's way, or a firewall allows no more. */
function range(): [lowest: number, highest: number] {
  const given = process.env.STARFERRY_PORTS
  if (!given) return [LOWEST, HIGHEST]
  const [, lowest, highest] = /^(\d{1,5})-(\d{1,5})$/.exec(given) ?? []
  if (!(Number(lowest) > 0 && Number(lowest) <= Number(highest) && Number(highest) < 65_536)) {
    throw new Error(`STARFERRY_PORTS is "${given}": give the lowest and the highest port, as in 12000-12999`)
  }
  return [Number(lowest), Number(highest)]
}

/**
 * What is opened at once comes from another part than what is promised for later: another process of ours, with the same range, may open many meanwhile.
 * Ranges that are too short for that are not divided.
 */
function partFor(use: 'now' | 'later'): [lowest: number, highest: number] {
  const [lowest, highest] = range()
  const quarter = Math.floor((highest - lowest + 1) / 4)
  if (quarter < 10) return [lowest, highest]
  return use === 'later' ? [lowest, lowest + quarter - 1] : [lowest + quarter, highest]
}

/** Ports of this machine that nobody listens on now; all different, and never one that this process was given before. Errors: as of `listen`. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  try {
    // Held open together, so that none is given twice.
    while (ports.length < count) {
      const server = createServer()
      ports.push(await openAny(server, host, partFor('later')))
      held.push(server)
    }
    return ports
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** Whether nobody listens there now. Errors: as of `listen`, where it is not that. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer()
  try {
    await open(server, host, port)
    await new Promise((resolve) => server.close(resolve))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
}

/**
 * Opens a port (0: any free one) and answers which it is. Errors: the system's, as when a given port is taken, or not one of a hundred can be had; what
 * is wrong with STARFERRY_PORTS.
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  if (port === 0) return openAny(server, host, partFor('now'))
  await open(server, host, port)
  promised.add(port)
  return port
}

async function openAny(server: Server, host: string, part: [lowest: number, highest: number]): Promise<number> {
  for (let tries = 1; ; tries++) {
    const chosen = choose(part)
    try {
      await open(server, host, chosen)
      promised.add(chosen)
      return chosen
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (tries >= MOST_TRIES || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    }
  }
}

function choose([lowest, highest]: [lowest: number, highest: number]): number {
  for (let tries = 1; ; tries++) {
    const port = randomInt(lowest, highest + 1)
    if (!promised.has(port)) return port
    // Long-lived processes may come to have had them all.
    if (tries % MOST_TRIES === 0) promised.clear()
  }
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const opened = () => {
      server.off('error', failed)
      resolve()
    }
    const failed = (error: Error) => {
      server.off('listening', opened)
      reject(error)
    }
    server.once('error', failed)
    server.listen(port, host, opened)
  })
}
