/** Times one payload on one or two backends: warm-up, then pairs in the order AB BA AB …, more of them while nothing is decided. */
import type { Backend } from '../../backends/backend.js'
import { decide, type Pair, wantsMore } from './decide.js'
import type { EnergyMeter } from './meters.js'
import type { Decision, Measured } from './speed-schema.js'
import { measured, type SideRuns, type TimedRun, timeRun } from './time-run.js'
import { warmedUp } from './warm-up.js'

export interface MeasureOptions {
  candidate: Backend
  baseline?: Backend | undefined
  payload: { id: string; text: string; steps: number }
  /** The same payload with one step. */
  oneStep?: string | undefined
  pairs: number
  confidence: number
  minimumEffect: number
  seed: number
  energy?: EnergyMeter | undefined
  onRun?: (what: string) => void
  signal?: AbortSignal | undefined
}

export interface MeasuredPayload {
  candidate: Measured
  baseline?: Measured
  pairs: (Pair & { order: 'AB' | 'BA' })[]
  decision?: Decision
}

/** @throws BackendError where a side does not draw the payload */
export async function measure(options: MeasureOptions): Promise<MeasuredPayload> {
  const { candidate, baseline, payload, pairs: wanted, signal, onRun = () => {} } = options
  const sides = { candidate, ...(baseline === undefined ? {} : { baseline }) }
  const time = (side: Backend, text = payload.text) =>
    timeRun(side, text, payload.id, { signal, energy: options.energy })
  const warm = { candidate: await warmUp(() => time(candidate), onRun), baseline: undefined as WarmUp | undefined }
  if (baseline !== undefined) warm.baseline = await warmUp(() => time(baseline), onRun)
  const oneStepMs = { candidate: undefined as number | undefined, baseline: undefined as number | undefined }
  for (const [side, backend] of Object.entries(sides) as ['candidate' | 'baseline', Backend][]) {
    if (options.oneStep !== undefined && payload.steps > 1) oneStepMs[side] = (await time(backend, options.oneStep)).ms
  }

  const runs: Record<'candidate' | 'baseline', TimedRun[]> = { candidate: [], baseline: [] }
  const pairs: MeasuredPayload['pairs'] = []
  async function takePairs(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      signal?.throwIfAborted()
      onRun(`${payload.id}: pair ${pairs.length + 1}`)
      if (baseline === undefined) {
        runs.candidate.push(await time(candidate))
        continue
      }
      const order = pairs.length % 2 === 0 ? 'AB' : 'BA'
      const first = await time(order === 'AB' ? baseline : candidate)
      const second = await time(order === 'AB' ? candidate : baseline)
      const [a, b] = order === 'AB' ? [first, second] : [second, first]
      runs.baseline.push(a)
      runs.candidate.push(b)
      pairs.push({ order, baseline: a.ms, candidate: b.ms })
    }
  }

  await takePairs(wanted)
  let decision = baseline === undefined ? undefined : decide([pairs], options)
  while (decision !== undefined && wantsMore(decision, { taken: pairs.length, wanted, spentMs: spentOn(pairs) })) {
    await takePairs(pairs.length)
    decision = decide([pairs], { ...options, doubled: true })
  }
  const side = (which: 'candidate' | 'baseline', { dropped, stable }: WarmUp): SideRuns => ({
    warmUps: dropped,
    stable,
    runs: runs[which],
    oneStepMs: oneStepMs[which],
  })
  return {
    candidate: measured(side('candidate', warm.candidate), payload.steps),
    ...(warm.baseline === undefined ? {} : { baseline: measured(side('baseline', warm.baseline), payload.steps) }),
    pairs,
    ...(decision === undefined ? {} : { decision }),
  }
}

/** Milliseconds that pairs took. */
export const spentOn = (pairs: readonly Pair[]): number =>
  pairs.reduce((sum, { baseline, candidate }) => sum + baseline + candidate, 0)

interface WarmUp {
  dropped: number[]
  stable: boolean
}

async function warmUp(run: () => Promise<TimedRun>, onRun: (what: string) => void): Promise<WarmUp> {
  const dropped: number[] = []
  for (let state = { done: false, stable: false }; ; ) {
    if (state.done) return { dropped, stable: state.stable }
    onRun('warming up')
    dropped.push((await run()).ms)
    state = warmedUp(dropped)
  }
}
