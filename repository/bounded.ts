/**
 * Runs work over a stream of items, at most `width` at once, and takes no item before there is room for it: memory for `width` items. The first
 * failure ends it after those that run are done, and is thrown.
 */
export async function eachBounded<T>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const item of items) {
      signal?.throwIfAborted()
      if (failure) break
      const one: Promise<void> = work(item)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= width) await Promise.race(running)
    }
  } finally {
    await Promise.all(running)
  }
  signal?.throwIfAborted()
  if (failure) throw failure.error
}

/** Items in groups of at most `size`. */
export async function* inGroups<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
