import { describe, expect, it } from 'vitest'
import { chance } from './chance.js'
import { featureJobs } from './jobs.js'
import { makeSchedule, SCHEDULES } from './schedules.js'

const jobs = await featureJobs({ model: 'one', other: 'two', control: false })
const settings = { in_flight: 16, lanes: 1, mode: 'deterministic' } as const
const made = (name: string, size: number, kills = 0) =>
  makeSchedule(name, { jobs, chance: chance(1), size, kills, settings })

describe('schedules', () => {
  it.each(Object.keys(SCHEDULES))('%s is the same again with the same seed, and names jobs that it has', name => {
    const schedule = made(name, 30, 2)
    expect(made(name, 30, 2)).toEqual(schedule)
    for (const entry of schedule.entries) if ('job' in entry) expect(schedule.jobs).toHaveProperty([entry.job])
  })
})

describe('a soak', () => {
  const { entries, jobs: seeded } = made('soak', 1000, 20)
  const asked = entries.filter(entry => 'job' in entry)

  it('has the jobs and the kills that were asked for', () => {
    expect(asked).toHaveLength(1000)
    expect(asked.filter(({ kill_at }) => kill_at !== undefined)).toHaveLength(20)
    expect(asked.some(({ abort_at }) => abort_at !== undefined)).toBe(true)
  })

  it('swaps models: two of them, and everything is released while nothing runs', () => {
    expect(new Set(asked.map(({ job }) => seeded[job]?.model))).toEqual(new Set(['one', 'two']))
    expect(entries.filter(entry => 'evict' in entry)).toHaveLength(Math.floor(999 / (2 * Object.keys(jobs).length)))
    for (const [i, entry] of entries.entries()) {
      if ('evict' in entry) expect(entries[i - 1]).toEqual({ wait: true })
    }
  })
})
