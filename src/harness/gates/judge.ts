/** The verdict on a case: pure, over two records and their pictures. */
import { expectedFault } from '../expectation.js'
import type { Golden } from '../golden-schema.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import type { CaseResult, CaseVerdict, Environment, GateResult } from '../run-schema.js'
import type { Tensors } from '../tensor-file.js'
import { conditioningGate } from './conditioning.js'
import { contractGate } from './contract.js'
import { contrastGate, POLICY_NOISE, type Twin } from './contrast.js'
import { defectGate } from './defects.js'
import { type Growth, growthOf } from './growth.js'
import { inputsGate } from './inputs.js'
import { latentsGate } from './latents.js'
import { type Kinship, kinship, type Limits } from './limits.js'
import { pixelGate } from './pixels.js'
import { planGate } from './plan.js'
import { samenessGate } from './sameness.js'
import { type KnownStages, stageDistance } from './stage-distance.js'

export interface JudgedCase {
  result: CaseResult
  environment: Environment
  /** Who drew it. Other backends than our engine plan nothing that could be compared. @default 'horde-onnx' */
  backend?: string
  /** One for each of `result.images`. */
  pictures: readonly Picture[]
  tensors?: Tensors | undefined
  /** Say what a damaged picture looks like; nothing is judged by it. @default true */
  explain?: boolean
  /** What the picture has to differ from. */
  twin?: Twin | undefined
  /** What the picture has to be: another case's. */
  sameAs?: Twin | undefined
}

export interface JudgedGolden {
  golden: Golden
  /** One for each of `golden.images`. */
  pictures: readonly Picture[]
  tensors?: Tensors | undefined
  /** Its pictures after the upload of a Horde worker: what that changes is allowed. */
  uploads?: readonly Picture[] | undefined
}

const CLOSE_IS_FINE: Record<Kinship, string> = {
  machine: '',
  class: 'which is all that can be expected of another processor of the class or another number of threads',
  arithmetic: 'which is all that can be expected of a machine that the goldens do not know',
  device: 'which is all that can be expected of an accelerator',
  other: 'by the limits for another kind of device',
}

export function judge(candidate: JudgedCase, approved: JudgedGolden | undefined, limits: Limits): CaseVerdict {
  const { result, pictures } = candidate
  const contract = contractGate({
    candidate: result,
    pictures,
    golden: approved?.pictures,
    blank: limits.blank,
    plans: isOurs(candidate.backend),
  })
  const about = approved === undefined ? {} : { golden: describe(approved.golden, candidate.environment) }
  if (contract.verdict !== 'pass' || expectedFault(result) !== undefined) return verdictOf([contract], about)

  const unusable = approved === undefined ? 'nothing is approved for it' : outdated(result, approved.golden)
  if (approved === undefined || unusable !== undefined) {
    const gates = [contract, ...relations(candidate, undefined, limits)]
    if (gates.some(({ verdict }) => verdict === 'fail')) return verdictOf(gates, about)
    return { verdict: 'no-golden', reason: `${unusable}: look at the picture and approve it`, gates }
  }
  const { golden } = approved
  const kin = kinship(candidate.environment, golden.environment)
  const ours = { fingerprints: result.fingerprints, tensors: candidate.tensors }
  const theirs = { fingerprints: golden.fingerprints, tensors: approved.tensors }
  const growth = growthOf(ours, theirs)
  const plans = isOurs(candidate.backend) && isOurs(golden.approved.backend)
  const gates = [
    contract,
    plans ? planGate(result, golden) : NO_PLANS,
    ...stageGates({ ours, theirs, kin, growth, golden, limits }),
  ]
  const comparable =
    result.images.length === golden.images.length &&
    result.images.every((image, i) => {
      const other = golden.images[i]
      return other !== undefined && shapeOf(image) === shapeOf(other)
    })
  // Where the plan asks for another size, that is said by the gate before.
  if (comparable || gates.every(({ verdict }) => verdict !== 'fail')) {
    const by = limits.kin[judgedAs(kin, stageDistance('latent', ours, theirs), limits)]
    const compared = {
      candidate: zip(result.images, pictures),
      golden: zip(golden.images, approved.pictures),
      uploads: approved.uploads,
      kind: result.fixture.output,
    }
    gates.push(pixelGate({ ...compared, limits: by.pixels, closeIsFine: CLOSE_IS_FINE[kin] }))
    gates.push(defectGate({ ...compared, limits: by.defects, explain: candidate.explain ?? true }))
  }
  gates.push(...relations(candidate, approved.pictures, limits))
  // Between other machines every stage differs in its last bits, so that the first one says nothing.
  const telling = kin === 'machine' || kin === 'class'
  return verdictOf(gates, {
    golden: withPlan(about.golden, gates, golden.plan),
    growth,
    ...(telling ? { leaves: firstDifference(result.fingerprints, golden.fingerprints) } : {}),
  })
}

function isOurs(backend = 'horde-onnx'): boolean {
  return backend === 'horde-onnx'
}

const NO_PLANS: GateResult = {
  gate: 'plan',
  verdict: 'unmeasured',
  reason: 'not measured: another backend plans nothing that could be compared',
  metrics: {},
}

interface StageInput {
  ours: KnownStages
  theirs: KnownStages
  kin: Kinship
  growth: Growth
  golden: Golden
  limits: Limits
}

/** What was computed before there was a picture. */
function stageGates({ ours, theirs, kin, growth, golden, limits }: StageInput): GateResult[] {
  const { stages } = limits.kin[kin]
  const both = { ours, golden: theirs }
  return [
    inputsGate({ ...both, limit: stages.noise }),
    conditioningGate({ ...both, limits: stages }),
    latentsGate({ ...both, limits: stages, kinship: kin, plan: golden.plan, growth }),
  ]
}

/** From latents that are near, pictures can only be as near as arithmetic leaves them, whatever the machines are. */
function judgedAs(kin: Kinship, latents: number | undefined, { explained }: Limits): Kinship {
  if (latents === undefined || (kin !== 'device' && kin !== 'other')) return kin
  if (latents <= explained.arithmetic) return 'arithmetic'
  return latents <= explained.device ? 'device' : kin
}

/** What a fixture says of its picture beside another one's. */
function relations(
  { pictures, twin, sameAs }: JudgedCase,
  golden: readonly Picture[] | undefined,
  limits: Limits,
): GateResult[] {
  return [
    ...(twin === undefined
      ? []
      : [contrastGate({ pictures, golden, twin, noise: Math.max(POLICY_NOISE, limits.noise ?? 0) })]),
    ...(sameAs === undefined ? [] : [samenessGate({ pictures, other: sameAs, limits: limits.kin.class.pixels })]),
  ]
}

/** Why a golden does not count for this case, if so. */
export function outdated({ fixture }: CaseResult, golden: Golden): string | undefined {
  if (fixture.version !== golden.fixtureVersion)
    return `version ${golden.fixtureVersion} of the fixture was approved, this is ${fixture.version}`
  if (fixture.payloadSha256 !== golden.payloadSha256) return 'another payload was approved under this name'
  return undefined
}

function verdictOf(
  gates: GateResult[],
  { golden, leaves, growth = [] }: { golden?: CaseVerdict['golden']; leaves?: string | undefined; growth?: Growth },
): CaseVerdict {
  const order = ['unmeasured', 'pass', 'drift', 'fail', 'error'] as const
  const worst = gates.reduce((a, b) => (order.indexOf(b.verdict) > order.indexOf(a.verdict) ? b : a))
  const first = gates.find(({ verdict }) => verdict !== 'pass' && verdict !== 'unmeasured')
  const last = gates.find(({ gate }) => gate === 'pixels') ?? gates.at(-1) ?? worst
  const unmeasured = gates.flatMap(({ gate, verdict }) => (verdict === 'unmeasured' ? [gate] : []))
  const open = unmeasured.length === 0 ? '' : `; not measured: ${unmeasured.join(', ')}`
  // What the defect is says more than that similarity is low.
  const defects = gates.find(({ gate }) => gate === 'defects')
  const looks = first?.gate === 'pixels' && defects?.verdict === 'fail' ? `; ${defects.reason}` : ''
  const stage =
    worst.gate === 'pixels' && first !== undefined && leaves !== undefined
      ? `; the first stage that differs is ${leaves}`
      : ''
  return {
    verdict: worst.verdict === 'unmeasured' ? 'pass' : worst.verdict,
    ...(first === undefined ? {} : { gate: first.gate }),
    reason: `${(first ?? last).reason}${looks}${stage}${open}`,
    gates,
    ...(growth.length === 0 ? {} : { growth }),
    ...(golden === undefined ? {} : { golden }),
  }
}

function describe(golden: Golden, environment: Environment): CaseVerdict['golden'] {
  return {
    class: golden.environment.class,
    crossClass: golden.environment.class !== environment.class,
    images: golden.images,
    approvedBy: golden.approved.by,
  }
}

/** A changed plan is shown beside the approved one. */
function withPlan(golden: CaseVerdict['golden'], gates: readonly GateResult[], plan: unknown): CaseVerdict['golden'] {
  const changed = gates.some(({ gate, verdict }) => gate === 'plan' && verdict !== 'pass')
  return golden && changed ? { ...golden, plan } : golden
}

/** First of the golden's stages, in the order in which they are computed, whose values have another hash. */
function firstDifference(ours: CaseResult['fingerprints'], golden: CaseResult['fingerprints']): string | undefined {
  return Object.keys(golden).find(stage => ours[stage] !== golden[stage])
}

function zip(images: CaseResult['images'], pictures: readonly Picture[]): { sha256: string; picture: Picture }[] {
  return pictures.map((picture, i) => ({ sha256: images[i]?.sha256 ?? '', picture }))
}
