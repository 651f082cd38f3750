import type { StaleTable } from '../contract/replication.ts'

/**
 * Holds the most urgent tables of those it is offered, in bounded memory. Three of four places go to
 * what was never copied, one to what merely lags. Of each kind three of four go to the smallest, so that the number of finished tables grows
 * fast, and every fourth to the largest: none starves, and the longest copies start early instead of being waited for at the end.
 */
export class MostUrgent {
  readonly #limit: number
  #tables: StaleTable[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  offer(table: StaleTable): void {
    this.#tables.push(table)
    // Sorting now and then is cheaper than keeping order, and memory stays bounded.
    if (this.#tables.length >= this.#limit * 4 + 64) this.#tables = this.#chosen()
  }

  list(): StaleTable[] {
    return this.#chosen()
  }

  #chosen(): StaleTable[] {
    const unfinished = fromBothEnds(this.#tables.filter((table) => table.unfinished).sort(bySize), this.#limit)
    const lagging = fromBothEnds(this.#tables.filter((table) => !table.unfinished).sort(bySize), this.#limit)
    const chosen: StaleTable[] = []
    for (let i = 0, j = 0; chosen.length < this.#limit && (i < unfinished.length || j < lagging.length); ) {
      const follow = j < lagging.length && (i >= unfinished.length || chosen.length % 4 === 1)
      const next = follow ? lagging[j++] : unfinished[i++]
      if (next) chosen.push(next)
    }
    return chosen
  }
}

function fromBothEnds(sorted: readonly StaleTable[], limit: number): StaleTable[] {
  const chosen: StaleTable[] = []
  let small = 0
  let large = sorted.length - 1
  while (small <= large && chosen.length < limit) {
    const next = chosen.length % 4 === 3 ? sorted[large--] : sorted[small++]
    if (next) chosen.push(next)
  }
  return chosen
}

function bySize(a: StaleTable, b: StaleTable): number {
  return a.bytes - b.bytes || (a.table < b.table ? -1 : 1)
}
