import { describe, expect, it } from 'vitest'
import { commandStage, PASSWORD } from './command-stage.ts'

const stage = commandStage(['production'], { attached: false })
const repo = (verb: string, ...args: string[]) => stage.run('repo', verb, ...args, '--cluster', 'production')

describe('repositories from the command line', () => {
  it('list: what is configured and not there yet, and why the worker cannot read it', async () => {
    const { code, stdout } = await repo('list')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^vault +s3a:\/\/backups\/base .*not on the cluster +not readable$/m)
    expect(stdout).toMatch(/^vault: There is no repository 'vault'/m)
  })

  it('create: the statement with secrets masked; a known mistake ends with exit 1 before any statement', async () => {
    const wrong = await repo('create', 'scheme')
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toMatch(/^fatal .*no scheme/m)
    expect(wrong.stdout).not.toContain('CREATE REPOSITORY')
    const made = await repo('create', 'vault')
    expect(made.stdout).toMatch(/^CREATE REPOSITORY `vault` .*'aws\.s3\.secret_key' = '\*+'/m)
    expect(made.stdout).toMatch(/^vault is there, on production$/m)
    expect(made.code).toBe(0)
    const again = await repo('create', 'vault')
    expect(again.stdout).toMatch(/already/)
    expect(again.stdout).not.toContain('CREATE REPOSITORY')
    expect(again.code).toBe(0)
  })

  it('check: a row there and back', async () => {
    const answer = await stage.json('repo', 'check', 'vault', '--cluster', 'production')
    expect(answer).toMatchObject({ ok: true, rows: [{ name: 'vault', configured: 'same', reachable: 'yes' }] })
    expect((await repo('check', 'vault')).stdout).toMatch(/^vault works from production and from the worker$/m)
  })

  it('names that are not configured: exit 1 and the nearest; a missing flag: exit 2', async () => {
    const typo = await repo('create', 'valt')
    expect(typo).toMatchObject({ code: 1, stderr: expect.stringMatching(/no repository 'valt'; did you mean 'vault'/) })
    const cluster = await stage.run('repo', 'list', '--cluster', 'prod')
    expect(cluster).toMatchObject({ code: 1, stderr: expect.stringMatching(/no cluster 'prod'/) })
    expect(await stage.run('repo', 'list')).toMatchObject({ code: 2, stderr: expect.stringMatching(/--cluster/) })
  })

  it('drop: the mapping goes, what is stored stays', async () => {
    const dropped = await repo('drop', 'vault')
    expect(dropped).toMatchObject({ code: 0, stdout: expect.stringMatching(/what is stored there stays/) })
    const { rows } = await stage.json('repo', 'list', '--cluster', 'production')
    expect(rows).toContainEqual(
      expect.objectContaining({ name: 'vault', configured: 'not on the cluster', reachable: 'yes' }),
    )
  })

  it('none of it showed a secret', () => {
    for (const secret of [PASSWORD, stage.s3.secretKey]) {
      expect(stage.printed).not.toContain(secret)
      expect(stage.workerLog()).not.toContain(secret)
    }
  })
})
