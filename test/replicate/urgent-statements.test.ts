import { describe, expect, it } from 'vitest'
import { LabCluster } from '../../lab/index.ts'
import { StarRocksCluster } from '../../starrocks/index.ts'

describe('urgent statements', () => {
  it('go before those that wait already', async () => {
    const lab = await LabCluster.start({ name: 'lab', version: '3.5' })
    const [frontend] = lab.endpoints.frontends
    const order: string[] = []
    const cluster = new StarRocksCluster({
      name: 'lab',
      frontends: [{ host: '127.0.0.1', port: frontend?.queryPort ?? 0 }],
      user: 'root',
      password: '',
      poolSize: 1,
    })
    try {
      await cluster.leader()
      const run = (name: string, urgent = false) =>
        cluster.query('SHOW DATABASES', { urgent }).then(() => order.push(name))
      await Promise.all([run('first'), run('second'), run('third'), run('urgent', true)])
      expect(order).toEqual(['first', 'urgent', 'second', 'third'])
    } finally {
      await cluster.close()
      await lab.stop()
    }
  })
})
