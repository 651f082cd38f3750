import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'

/** CLIENT_SSL, in the lower capability bits of the greeting. */
const sslFlag = 0x0800

/**
 * TLS in front of a MySQL port, as MySQL does it: the greeting offers it in the clear, the client asks for it, and all the rest is
 * encrypted. The login's sequence number counts the question, which the server behind never sees.
 */
export async function tlsProxy(
  backend: number,
  keys: { key: string; cert: string },
): Promise<{ port: number; clear: Buffer[]; close(): void }> {
  const clear: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = net.createServer((client) => {
    const behind = net.connect(backend, '127.0.0.1')
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        behind.destroy()
      })
    }
    behind.once('data', (greeting) => {
      // Packet header, version byte, server version up to its zero, connection id, eight bytes of seed, a zero: then the flags.
      const flags = greeting.indexOf(0, 5) + 1 + 4 + 8 + 1
      greeting.writeUInt16LE(greeting.readUInt16LE(flags) | sslFlag, flags)
      client.write(greeting)
      client.once('data', (bytes) => {
        client.pause()
        // The question has 36 bytes; what follows at once is TLS already.
        clear.push(bytes.subarray(0, 36))
        if (bytes.length > 36) client.unshift(bytes.subarray(36))
        const secure = new tls.TLSSocket(client, { isServer: true, ...keys })
        secure.on('error', () => client.destroy())
        secure.once('data', (login) => {
          login[3] = 1
          behind.write(login)
          behind.once('data', (answer) => {
            answer[3] = 3
            secure.write(answer)
            secure.pipe(behind)
            behind.pipe(secure)
          })
        })
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    clear,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
