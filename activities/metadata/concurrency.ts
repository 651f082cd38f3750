/** Runs `act` for every item, at most `width` at once; the first failure ends it, after those that run have ended. Results in the items' order. */
export async function mapConcurrently<T, R>(
  items: Iterable<T>,
  width: number,
  act: (item: T, place: number) => Promise<R>,
): Promise<R[]> {
  const queue = [...items].entries()
  const results: R[] = []
  let failure: { error: unknown } | undefined
  const lane = async () => {
    for (const [place, item] of queue) {
      if (failure) return
      try {
        results[place] = await act(item, place)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  if (failure) throw failure.error
  return results
}
