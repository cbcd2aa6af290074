/** One timed run, and what many of them say of a side. */
import type { Backend } from '../../backends/backend.js'
import type { Timings } from '../../engine/types.js'
import { BackendError } from '../../errors.js'
import { distributionOf, median } from './distribution.js'
import type { EnergyMeter } from './meters.js'
import type { Measured } from './speed-schema.js'

export interface TimedRun {
  /** From the call to the answer. */
  ms: number
  /** Of the backend's own clock, where it has one. */
  timings?: Timings
  /** Of the whole machine while it ran, where its processors tell. */
  joules?: number
}

/** @throws BackendError where the payload is not drawn: a time of nothing is none */
export async function timeRun(
  backend: Backend,
  payload: string,
  id: string,
  { signal, energy }: { signal?: AbortSignal | undefined; energy?: EnergyMeter | undefined } = {},
): Promise<TimedRun> {
  await energy?.take()
  const since = performance.now()
  const { state, faults, timings } = await backend.generate(payload, {
    id,
    ...(signal === undefined ? {} : { signal }),
  })
  const ms = performance.now() - since
  const joules = await energy?.take()
  if (state !== 'ok') {
    const fault = faults[0]
    throw new BackendError(`${id} was not drawn: ${fault?.message ?? state}`, {
      ...(fault?.hint === undefined ? {} : { hint: fault.hint }),
    })
  }
  return { ms, ...(timings.total > 0 ? { timings } : {}), ...(joules === undefined ? {} : { joules }) }
}

export interface SideRuns {
  warmUps: readonly number[]
  stable: boolean
  runs: readonly TimedRun[]
  /** A run of one step, where there was one. */
  oneStepMs?: number | undefined
}

export function measured({ warmUps, stable, runs, oneStepMs }: SideRuns, steps: number): Measured {
  const wall = distributionOf(runs.map(({ ms }) => ms))
  const timed = runs.flatMap(({ timings }) => (timings === undefined ? [] : [timings]))
  const stepTimes = timed.flatMap(({ steps }) => steps.map(({ inside, outside }) => inside + outside))
  const joules = runs.flatMap(run => run.joules ?? [])
  const per = (pick: (timings: Timings) => number) => median(timed.map(pick))
  const sampling = (timings: Timings) => timings.steps.reduce((sum, { inside, outside }) => sum + inside + outside, 0)
  return {
    warmUps: [...warmUps],
    stable,
    runs: runs.map(({ ms }) => ms),
    wall,
    ...(timed.length === 0
      ? {}
      : {
          phases: {
            load: per(({ load }) => load),
            encode: per(({ encode }) => encode),
            sampling: per(sampling),
            decode: per(({ decode }) => decode),
            output: per(({ output }) => output),
          },
        }),
    ...(stepTimes.length === 0 ? {} : { step: distributionOf(stepTimes) }),
    iterationsPerSecond: {
      empirical: (1000 * steps) / wall.median,
      ...(oneStepMs === undefined || oneStepMs >= wall.median
        ? {}
        : { theoretical: (1000 * steps) / (wall.median - oneStepMs) }),
      ...(stepTimes.length === 0 ? {} : { steps: 1000 / median(stepTimes) }),
    },
    ...(joules.length === 0 ? {} : { joules: median(joules) }),
  }
}
