/** Recorded runs → a predictor of their machine, and how good it is on payloads that it has not seen. */
import { z } from 'zod'
import { FixtureError } from '../../../errors.js'
import type { Job } from '../../../payload/job.js'
import { parsePayload } from '../../../payload/parse.js'
import { payloadToJob } from '../../../payload/to-job.js'
import { seededRandom } from '../../bench/random.js'
import type { CaseResult, Run } from '../../run-schema.js'
import { kudosPayload } from '../payload.js'
import { baselineOf, payloadClass } from '../payload-class.js'
import { COST_FEATURES, costFeatures, multiplyAdds } from './cost-features.js'
import { accuracyOf, fitFactors, predict, type Sample } from './fit.js'
import { PREDICTOR_SCHEMA, type Predictor } from './predictor.js'

interface Timed extends Sample {
  id: string
  payloadSha256: string
  class: string
  work: number
}

export interface TrainOptions {
  /** Chooses what is held out. @default 1 */
  seed?: number
  /** Share of the payloads that is held out. @default 0.25 */
  heldOut?: number
}

/** Fewer payloads than this show nothing. */
const FEWEST = 20

/**
 * Of a payload's runs the fastest counts: what else a machine does only ever makes one slower. A payload is held out with all of
 * its runs.
 *
 * @throws FixtureError where there are too few payloads, or the runs are of different machines or backends
 */
export function trainPredictor(runs: readonly Run[], { seed = 1, heldOut = 0.25 }: TrainOptions = {}): Predictor {
  const [first] = runs
  if (first === undefined) throw new FixtureError('there is no run to train on')
  const other = runs.find(run => run.backend !== first.backend || run.environment.class !== first.environment.class)
  if (other !== undefined) {
    throw new FixtureError(
      `the runs are of different makers: ${first.backend} on ${first.environment.class}, ${other.backend} on ${other.environment.class}`,
      {
        hint: 'a predictor is of one backend on one machine',
      },
    )
  }
  const timed = runs.flatMap(run => run.cases.flatMap(result => timedCase(result) ?? []))
  const payloads = [...new Set(timed.map(({ payloadSha256 }) => payloadSha256))].sort()
  if (payloads.length < FEWEST) {
    throw new FixtureError(`there are ${payloads.length} payloads to train on, at least ${FEWEST} are needed`, {
      hint: 'horde-onnx kudos payloads writes as many as wanted',
    })
  }
  const random = seededRandom(seed)
  const order = payloads.map(sha => ({ sha, at: random() })).sort((a, b) => a.at - b.at)
  const held = new Set(order.slice(0, Math.round(heldOut * payloads.length)).map(({ sha }) => sha))
  const isHeld = ({ payloadSha256 }: Timed) => held.has(payloadSha256)
  const undisturbed = [...byPayload(timed).values()].map(fastest)
  const training = undisturbed.filter(sample => !isHeld(sample))
  const testing = undisturbed.filter(isHeld)

  const factors = fitFactors(training)
  const expected = (sample: Timed) => predict(factors, sample.features)
  const score = (samples: readonly Timed[]) => mean(samples, sample => accuracyOf(sample.seconds, expected(sample)))
  const basis = predict(factors, costFeatures(basisJob()))
  return {
    schema: PREDICTOR_SCHEMA,
    backend: first.backend,
    version: first.version,
    class: first.environment.class,
    device: first.environment.device,
    seed,
    factors: COST_FEATURES.map((feature, i) => ({ feature, seconds: factors[i] ?? 0 })),
    basisSeconds: basis,
    accuracy: {
      heldOut: score(testing),
      everyRun: score(timed.filter(isHeld)),
      trained: score(training),
      ceiling: repeatAccuracy(timed),
      floor: floorAccuracy(training, testing),
      samples: { trained: training.length, heldOut: testing.length },
      classes: classAccuracy(testing, expected),
      worst: testing
        .map(sample => ({
          id: sample.id,
          seconds: sample.seconds,
          predicted: expected(sample),
          accuracy: accuracyOf(sample.seconds, expected(sample)),
        }))
        .sort((a, b) => a.accuracy - b.accuracy)
        .slice(0, 10),
    },
  }
}

function timedCase(result: CaseResult): Timed | undefined {
  const { id, state, fixture, plan, timings } = result
  const seconds = (timings.total - timings.load) / 1000
  if (state !== 'ok' || seconds <= 0 || fixture.output === 'control_map') return undefined
  const baseline = baselineOf(plan)
  const job = payloadToJob(parsePayload(withoutSeed(fixture.payload)), {
    baselineOf: () => ({ baseline, inpainting: inpaints(plan) }),
    randomSeed: () => 0n,
  })
  return {
    id,
    payloadSha256: fixture.payloadSha256,
    class: payloadClass(kudosPayload(fixture.payload), baseline),
    features: costFeatures(job),
    work: multiplyAdds(job),
    seconds,
  }
}

/** Pictures of stored payloads are replaced by their hash, which is no picture: it counts as one of some size. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC'

function withoutSeed(text: string): string {
  return text.replace(/"sha256:[0-9a-f]{64} \(\d+ characters\)"/gu, `"${PIXEL}"`)
}

const planFacts = z.object({ model: z.object({ facts: z.object({ unet: z.object({ inChannels: z.number() }) }) }) })

/** Inpainting checkpoints look at nine channels. */
function inpaints(plan: unknown): boolean {
  const parsed = planFacts.safeParse(plan)
  return parsed.success && parsed.data.model.facts.unet.inChannels === 9
}

function basisJob(): Job {
  const payload = {
    model: 'basis',
    prompt: '',
    ddim_steps: 50,
    width: 512,
    height: 512,
    cfg_scale: 7.5,
    karras: true,
    sampler_name: 'k_euler',
  }
  return payloadToJob(payload, {
    baselineOf: () => ({ baseline: 'stable_diffusion_1', inpainting: false }),
    randomSeed: () => 0n,
  })
}

function byPayload(timed: readonly Timed[]): Map<string, [Timed, ...Timed[]]> {
  const groups = new Map<string, [Timed, ...Timed[]]>()
  for (const sample of timed) {
    const group = groups.get(sample.payloadSha256)
    if (group === undefined) groups.set(sample.payloadSha256, [sample])
    else group.push(sample)
  }
  return groups
}

const fastest = (runs: readonly [Timed, ...Timed[]]): Timed =>
  runs.reduce((best, run) => (run.seconds < best.seconds ? run : best))

/** The fastest of every other run of a payload as the prediction of the fastest of the rest. */
function repeatAccuracy(timed: readonly Timed[]): number | null {
  const halves = [...byPayload(timed).values()].flatMap(runs => {
    const least = (odd: number) => Math.min(...runs.flatMap(({ seconds }, i) => (i % 2 === odd ? [seconds] : [])))
    return runs.length < 2 ? [] : [accuracyOf(least(0), least(1))]
  })
  return halves.length === 0 ? null : mean(halves, value => value)
}

/** The factor that is best on the training payloads is one of their own ratios. */
function floorAccuracy(training: readonly Timed[], testing: readonly Timed[]): number {
  const score = (samples: readonly Timed[], factor: number) =>
    mean(samples, ({ seconds, work }) => accuracyOf(seconds, factor * work))
  const ratios = training.flatMap(({ seconds, work }) => (work > 0 ? [seconds / work] : []))
  const best = ratios.reduce(
    (top, ratio) => (score(training, ratio) > score(training, top) ? ratio : top),
    ratios[0] ?? 0,
  )
  return score(testing, best)
}

function classAccuracy(
  testing: readonly Timed[],
  expected: (sample: Timed) => number,
): Predictor['accuracy']['classes'] {
  const classes = new Map<string, number[]>()
  for (const sample of testing) {
    classes.set(sample.class, [...(classes.get(sample.class) ?? []), accuracyOf(sample.seconds, expected(sample))])
  }
  return [...classes]
    .map(([name, values]) => ({ class: name, samples: values.length, accuracy: mean(values, value => value) }))
    .sort((a, b) => a.accuracy - b.accuracy)
}

function mean<T>(values: readonly T[], pick: (value: T) => number): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + pick(value), 0) / values.length
}
