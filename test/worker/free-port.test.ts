import { createServer, type Server } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { freePorts, listen } from '../../workers/free-port.ts'
import { steadyPorts } from '../support/steady-ports.ts'

const servers: Server[] = []

function server(): Server {
  const made = createServer()
  servers.push(made)
  return made
}

afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(servers.splice(0).map((one) => new Promise((resolve) => one.close(resolve))))
})

/** Neighbouring ports that nobody has. */
async function neighbours(count: number): Promise<number> {
  for (;;) {
    const [first = 0] = await steadyPorts(1)
    const opened = Array.from({ length: count }, () => createServer())
    try {
      for (const [place, one] of opened.entries()) await listen(one, '127.0.0.1', first + place)
      return first
    } catch {
      // One of them is taken.
    } finally {
      await Promise.all(opened.map((one) => new Promise((resolve) => one.close(resolve))))
    }
  }
}

test('a port that was given, or opened and is down now, is not chosen again: its server may come back', async () => {
  const first = await neighbours(6)
  vi.stubEnv('STARFERRY_PORTS', `${first}-${first + 5}`)
  // All six were had just now, and are forgotten since there are no others; from then on they count again.
  const [given = 0] = await freePorts(1)
  const opened = await listen(server(), '127.0.0.1', 0)
  await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
  const [next = 0] = await freePorts(1)
  expect(new Set([given, opened, next]).size).toBe(3)
  for (const port of [given, opened, next]) expect(port >= first && port <= first + 5, `${port}`).toBe(true)
  expect(await listen(server(), '127.0.0.1', opened), 'the same one, asked for').toBe(opened)
})

test('what is promised for later and what is opened at once have parts of their own: another process may open many meanwhile', async () => {
  vi.stubEnv('STARFERRY_PORTS', '9901-9980')
  const promised = await freePorts(5)
  const opened: number[] = []
  for (let i = 0; i < 20; i++) opened.push(await listen(server(), '127.0.0.1', 0))
  expect(Math.max(...promised)).toBeLessThanOrEqual(9920)
  expect(Math.min(...opened)).toBeGreaterThan(9920)
})

test('where all ports of the range are taken the system says so', async () => {
  const first = await neighbours(1)
  vi.stubEnv('STARFERRY_PORTS', `${first}-${first}`)
  expect(await listen(server(), '127.0.0.1', 0)).toBe(first)
  await expect(freePorts(1)).rejects.toThrow(/EADDRINUSE.*/)
})

test.each(['x', '12000', '12000-', '13000-12000', '0-5', '65000-65536', '12000-12010,13000'])(
  'STARFERRY_PORTS=%s is refused',
  async (range) => {
    vi.stubEnv('STARFERRY_PORTS', range)
    await expect(freePorts(1)).rejects.toThrow(
      `STARFERRY_PORTS is "${range}": give the lowest and the highest port, as in 12000-12999`,
    )
  },
)
