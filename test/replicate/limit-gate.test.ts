import { describe, expect, it } from 'vitest'
import { type Job, Jobs } from '../../activities/pollers/job-board.ts'
import { LimitGate } from '../../activities/pollers/limit-gate.ts'
import { until } from '../support/until.ts'

const DATABASE = 1n

/** A board that tells of as many running jobs as it is set to. */
class Board {
  running = 0
  asked = 0

  async next(): Promise<Jobs> {
    this.asked++
    await new Promise((resolve) => setTimeout(resolve, 1))
    return new Jobs(
      Array.from({ length: this.running }, (_, i): Job => {
        const id = BigInt(i)
        return { jobId: `j${i}`, databaseId: DATABASE, tableId: id, state: 'running', phase: '', txnId: id, error: '' }
      }),
    )
  }
}

/** Waiters before a gate, and how many have passed. */
function waiters(gate: LimitGate, count: number) {
  const state = { passed: 0, stop: false }
  const all = Array.from({ length: count }, () =>
    gate
      .pass(
        DATABASE,
        () => state.stop,
        () => {},
      )
      .then(() => state.stop || state.passed++),
  )
  const end = async () => {
    state.stop = true
    await Promise.all(all)
  }
  return { state, end }
}

const looks = (board: Board, more: number) => {
  const after = board.asked + more
  return until('the board is asked some more', () => board.asked >= after)
}

describe('tables before a target whose limits are reached', () => {
  it('pass freely while nothing was refused, and ask nothing', async () => {
    const board = new Board()
    const { state, end } = waiters(new LimitGate(board), 5)
    await until('all pass', () => state.passed === 5)
    await end()
    expect(board.asked).toBe(0)
  })

  it('wait together, and for each job that ends one goes on', async () => {
    const board = new Board()
    const gate = new LimitGate(board)
    board.running = 10
    await gate.close(DATABASE)
    const { state, end } = waiters(gate, 6)
    await looks(board, 20)
    expect(state.passed).toBe(0)
    board.running = 8
    await until('two pass', () => state.passed === 2)
    await looks(board, 20)
    expect(state.passed).toBe(2)
    await end()
  })

  it('go on faster and faster when the target takes their jobs', async () => {
    const board = new Board()
    const gate = new LimitGate(board)
    board.running = 1
    await gate.close(DATABASE)
    board.running = 0
    const { state, end } = waiters(gate, 20)
    let taken = 0
    await until('all pass', () => {
      for (; taken < state.passed; taken++) {
        board.running++
        gate.widen()
      }
      return state.passed === 20
    })
    await end()
  })

  it('stop waiting when they are told to', async () => {
    const board = new Board()
    const gate = new LimitGate(board)
    board.running = 3
    await gate.close(DATABASE)
    const { state, end } = waiters(gate, 3)
    await looks(board, 5)
    await end()
    expect(state.passed).toBe(0)
  })
})
