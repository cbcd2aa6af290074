import { describe, expect, it } from 'vitest'
import { CancelledError, OutOfMemoryError } from '../../errors.js'
import type { Feeds, Session } from '../session.js'
import { choose, weightOf } from './choose.js'
import { createScheduler, type SchedulerOptions } from './scheduler.js'

/** Doubles every value; says which rows came together. */
function doubling({ largest = Number.POSITIVE_INFINITY, poison = Number.NaN } = {}): Session & { runs: number[] } {
  const runs: number[] = []
  return {
    name: 'doubling',
    runs,
    async run({ x }) {
      if (x === undefined) throw new Error('no x')
      const [rows = 0] = x.shape
      if (rows > largest) throw new OutOfMemoryError('doubling', rows)
      if ([...x.data].includes(poison as never)) throw new Error('poison')
      runs.push(rows)
      return { y: { shape: x.shape, data: Float32Array.from(x.data as Float32Array, value => 2 * value) } }
    },
    activationBytes: ({ x }) => x?.shape[0] ?? 0,
    async release() {},
  }
}

const scheduler = (more: Partial<SchedulerOptions> = {}) =>
  createScheduler({
    deterministic: false,
    batchBytes: 100,
    clock: { inside: 0 },
    afford: async () => true,
    makeRoom: async () => false,
    ...more,
  })

const rows = (...values: number[]): Feeds => ({ x: { shape: [values.length, 1], data: Float32Array.from(values) } })
const ask = (session: Session, feeds: Feeds, shared?: string) => ({
  session,
  feeds,
  outputs: ['y'],
  ...(shared === undefined ? {} : { shared: { key: shared, feeds: {} } }),
})
const values = async (answer: ReturnType<Session['run']>) => [...((await answer).y?.data ?? [])]

describe('jobs in one lane', () => {
  it('that share session, adapters and shape are answered by one run, each with its own rows', async () => {
    const [turns, session] = [scheduler(), doubling()]
    const jobs = [0, 1, 2].map(() => turns.join({ priority: 0 }))
    const answers = await Promise.all(jobs.map((job, i) => values(job.run(ask(session, rows(i, 10 + i))))))
    expect(answers).toEqual([
      [0, 20],
      [2, 22],
      [4, 24],
    ])
    expect(session.runs).toEqual([6])
  })

  it('of other adapters, shapes or sessions are not', async () => {
    const [turns, one, two] = [scheduler(), doubling(), doubling()]
    const wide: Feeds = { x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }
    const join = () => turns.join({ priority: 0 })
    await Promise.all([
      join().run(ask(one, rows(1, 1))),
      join().run(ask(one, rows(2, 2), 'red')),
      join().run(ask(one, rows(3, 3), 'blue')),
      join().run(ask(one, wide)),
      join().run(ask(two, rows(4, 4))),
    ])
    expect(one.runs).toEqual([2, 2, 2, 2])
    expect(two.runs).toEqual([2])
  })

  it('of a single row run alone: kernels for one row give other bits', async () => {
    const [turns, session] = [scheduler(), doubling()]
    await Promise.all(
      [rows(1), rows(2), rows(3, 3), rows(4, 4)].map(x => turns.join({ priority: 0 }).run(ask(session, x))),
    )
    expect(session.runs).toEqual([1, 1, 4])
  })

  it('share no run in deterministic mode, nor beyond the limit', async () => {
    for (const [options, runs] of [
      [{ deterministic: true }, [2, 2, 2]],
      [{ batchBytes: 4 }, [4, 2]],
    ] as const) {
      const [turns, session] = [scheduler(options), doubling()]
      await Promise.all([1, 2, 3].map(() => turns.join({ priority: 0 }).run(ask(session, rows(1, 2)))))
      expect(session.runs).toEqual(runs)
    }
  })

  it('do not wait for a long one that came first', async () => {
    const turns = scheduler({ deterministic: true })
    const finished: string[] = []
    const work = async (name: string, steps: number) => {
      const [job, session] = [turns.join({ priority: 0 }), doubling()]
      for (let i = 0; i < steps; i++) await job.run(ask(session, rows(i)))
      job.leave()
      finished.push(name)
    }
    const long = work('long', 50)
    await new Promise(resolve => setImmediate(resolve))
    await Promise.all([long, work('short', 2), work('shorter', 1)])
    expect(finished).toEqual(['shorter', 'short', 'long'])
  })

  it('are faulted alone: the others of its run get their answers', async () => {
    const [turns, session] = [scheduler(), doubling({ poison: 13 })]
    const answers = await Promise.allSettled(
      [1, 13, 3, 4].map(value => values(turns.join({ priority: 0 }).run(ask(session, rows(value, value))))),
    )
    expect(answers.map(answer => (answer.status === 'fulfilled' ? answer.value : answer.status))).toEqual([
      [2, 2],
      'rejected',
      [6, 6],
      [8, 8],
    ])
  })

  it('get smaller runs where memory is short, down to single rows, before one is refused', async () => {
    const [turns, session] = [scheduler(), doubling({ largest: 1 })]
    const answers = [rows(1, 2, 3), rows(4)].map(feeds => values(turns.join({ priority: 0 }).run(ask(session, feeds))))
    expect(await Promise.all(answers)).toEqual([[2, 4, 6], [8]])
    const refusing = scheduler({ afford: async bytes => bytes < 2 }).join({ priority: 0 })
    expect(await values(refusing.run(ask(doubling(), rows(1, 2))))).toEqual([2, 4])
    const hopeless = scheduler({ afford: async () => false }).join({ priority: 0 })
    await expect(hopeless.run(ask(doubling(), rows(1)))).rejects.toThrow(OutOfMemoryError)
  })

  it('that are cancelled while they wait leave the queue, and loading goes on for the others', async () => {
    const [turns, session] = [scheduler(), doubling()]
    const [one, other] = [turns.join({ priority: 0 }), turns.join({ priority: 0 })]
    const loading = one.turn(async () => 'loaded')
    const running = one.run(ask(session, rows(1)))
    one.drop()
    await expect(running).rejects.toThrow(CancelledError)
    expect(await loading).toBe('loaded')
    expect(await values(other.run(ask(session, rows(2))))).toEqual([4])
  })

  it('of higher priority get more turns: each point doubles the share', () => {
    const jobs = [0, 1, 2].map(priority => ({ job: { served: 0 }, weight: weightOf(priority), turns: 0 }))
    for (let order = 0; order < 700; order++) {
      const [next] = choose(
        jobs.map(each => ({ order, size: 1, job: each.job, each })),
        1,
      )
      if (next === undefined) continue
      next.job.served += 10 / next.each.weight
      next.each.turns++
    }
    expect(jobs.map(({ turns }) => turns)).toEqual([100, 200, 400])
  })
})
