import type { BackupClient } from './backup-client.ts'
import type { Connected, TemporalOptions } from './connection.ts'
import type { RestoreClient } from './restore-client.ts'

/** Runs with a connection as a client of backups, and closes it however it ends. */
export async function withBackups<T>(
  options: TemporalOptions,
  use: (backups: BackupClient, connected: Connected) => Promise<T>,
): Promise<T> {
  // Loaded when needed: Temporal's client takes longer to load than most commands to run.
  const [{ connectTemporal }, { BackupClient: Api }] = await Promise.all([
    import('./connection.ts'),
    import('./backup-client.ts'),
  ])
  const connected = await connectTemporal(options)
  try {
    return await use(new Api(connected.client), connected)
  } finally {
    await connected.close()
  }
}

/** The same as a client of restores. */
export async function withRestores<T>(
  options: TemporalOptions,
  use: (restores: RestoreClient, connected: Connected) => Promise<T>,
): Promise<T> {
  const [{ connectTemporal }, { RestoreClient: Api }] = await Promise.all([
    import('./connection.ts'),
    import('./restore-client.ts'),
  ])
  const connected = await connectTemporal(options)
  try {
    return await use(new Api(connected.client), connected)
  } finally {
    await connected.close()
  }
}
