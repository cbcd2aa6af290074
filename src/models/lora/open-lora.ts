/**
 * LoRA files in the layouts of kohya, LyCORIS, diffusers and PEFT, brought to one form per module (comfy/lora.py,
 * comfy/weight_adapter). Reads the header and the alphas; factors are read when a weight is computed.
 */
import { ModelFileError, UnsupportedError } from '../../errors.js'
import { type Checkpoint, openCheckpoint, readManyFloats, type TensorEntry } from '../checkpoint.js'
import type { ModelFacts } from '../facts.js'
import { type LoraTarget, loraTargets } from './targets.js'

/** ΔW = up · down; with `mid`, the Tucker form of a convolution. Up is out×rank, down rank×in×kernel. */
export interface LowRankFactors {
  kind: 'lora'
  up: TensorEntry
  down: TensorEntry
  mid?: TensorEntry
}

/** ΔW = (w1a · w1b) ⊙ (w2a · w2b), LoHa; `t1` and `t2` are the Tucker form of a convolution. */
export interface HadamardFactors {
  kind: 'loha'
  w1a: TensorEntry
  w1b: TensorEntry
  w2a: TensorEntry
  w2b: TensorEntry
  t1?: TensorEntry
  t2?: TensorEntry
}

/** ΔW = w1 ⊗ w2, LoKr; each side whole or as a product. */
export interface KroneckerFactors {
  kind: 'lokr'
  w1: KroneckerSide
  w2: KroneckerSide & { t2?: TensorEntry }
}

export type KroneckerSide = { whole: TensorEntry } | { a: TensorEntry; b: TensorEntry }

/** ΔW as it is: full differences of weights, norms or biases. No alpha. */
export interface FullDifference {
  kind: 'full'
  diff: TensorEntry
}

export type LoraFactors = LowRankFactors | HadamardFactors | KroneckerFactors | FullDifference

/** What a LoRA does to one weight (or bias). */
export interface LoraModule {
  /** Name of the module in the LoRA file. */
  name: string
  target: LoraTarget
  factors: LoraFactors
  /** ΔW is multiplied by alpha / rank; undefined means 1. */
  alpha: number | undefined
  /** Magnitudes of DoRA (Liu et al. 2024, arXiv:2402.09353): the changed weight is rescaled to them. */
  doraScale: TensorEntry | undefined
}

export interface Lora {
  file: string
  metadata: Readonly<Record<string, string>>
  modules: readonly LoraModule[]
  /** Number of tensors in the file. */
  tensors: number
  /** Tensors of the file that no module of the checkpoint answers to: they have no effect, as in ComfyUI. */
  unknownKeys: readonly string[]
}

/** Layouts of LyCORIS and others that this engine does not compute; ignoring them would draw another picture. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/\.oft_(blocks|diag)$/, 'OFT'],
  [/\.(a1|a2|b1|b2)\.weight$/, 'GLoRA'],
  [/\.set_weight$/, 'set_weight'],
  [/\.reshape_weight$/, 'reshape_weight'],
]

/**
 * Opens a LoRA for a checkpoint.
 *
 * @throws ModelFileError when no module fits or shapes say that it was made for another architecture
 * @throws UnsupportedError for layouts that are not computed (OFT, BOFT, GLoRA)
 */
export async function openLora(file: string, checkpoint: Checkpoint, facts: ModelFacts): Promise<Lora> {
  const { tensors, metadata } = await openCheckpoint(file)
  for (const name of tensors.keys()) {
    const layout = UNSUPPORTED.find(([pattern]) => pattern.test(name))?.[1]
    if (layout !== undefined) throw new UnsupportedError(`${file}: LoRAs of the layout ${layout} are not supported`)
  }
  const used = new Set<string>()
  const modules = new Map<string, LoraModule>()
  const alphas = await readAlphas(tensors)
  for (const [name, target] of loraTargets(checkpoint, facts)) {
    const take = (suffix: string): TensorEntry | undefined => {
      const entry = tensors.get(name + suffix)
      if (entry !== undefined) used.add(entry.name)
      return entry
    }
    take('.alpha')
    const shared = { name, target, alpha: alphas.get(`${name}.alpha`), doraScale: take('.dora_scale') }
    const factors = lowRank(name, take) ?? hadamard(name, take) ?? kronecker(take) ?? full(take)
    if (factors !== undefined) modules.set(`${target.key}:${target.firstRow ?? 0}`, { ...shared, factors })
    const bias = take('.diff_b') ?? take('.b_norm')
    if (bias !== undefined) modules.set(`${target.biasKey}:${target.firstRow ?? 0}`, biasModule(shared, bias))
  }
  const lora = {
    file,
    metadata,
    modules: [...modules.values()],
    tensors: tensors.size,
    unknownKeys: [...tensors.keys()].filter(name => !used.has(name)),
  }
  refuseOtherArchitectures(lora, facts)
  return lora
}

async function readAlphas(tensors: ReadonlyMap<string, TensorEntry>): Promise<ReadonlyMap<string, number>> {
  const entries = [...tensors.values()].filter(({ name, length }) => name.endsWith('.alpha') && length > 0)
  const values = await readManyFloats(entries)
  return new Map(entries.map(({ name }, i) => [name, values[i]?.[0] ?? 1]))
}

type Take = (suffix: string) => TensorEntry | undefined

/** Suffixes of the two factors by trainer: up first. */
const LOW_RANK_NAMES: readonly (readonly [up: string, down: string])[] = [
  ['.lora_up.weight', '.lora_down.weight'],
  ['_lora.up.weight', '_lora.down.weight'],
  ['.lora_B.weight', '.lora_A.weight'],
  ['.lora.up.weight', '.lora.down.weight'],
  ['.lora_B', '.lora_A'],
  ['.lora_linear_layer.up.weight', '.lora_linear_layer.down.weight'],
  ['.lora_B.default.weight', '.lora_A.default.weight'],
]

function lowRank(name: string, take: Take): LowRankFactors | undefined {
  for (const [upName, downName] of LOW_RANK_NAMES) {
    const up = take(upName)
    if (up === undefined) continue
    const down = take(downName) ?? missing(up.file, name + downName)
    const mid = upName === '.lora_up.weight' ? take('.lora_mid.weight') : undefined
    return { kind: 'lora', up, down, ...(mid && { mid }) }
  }
  return undefined
}

function hadamard(name: string, take: Take): HadamardFactors | undefined {
  const w1a = take('.hada_w1_a')
  if (w1a === undefined) return undefined
  const need = (suffix: string) => take(suffix) ?? missing(w1a.file, name + suffix)
  const t1 = take('.hada_t1')
  return {
    kind: 'loha',
    w1a,
    w1b: need('.hada_w1_b'),
    w2a: need('.hada_w2_a'),
    w2b: need('.hada_w2_b'),
    ...(t1 && { t1, t2: need('.hada_t2') }),
  }
}

function kronecker(take: Take): KroneckerFactors | undefined {
  const w1 = kroneckerSide(take, '.lokr_w1')
  const w2 = kroneckerSide(take, '.lokr_w2')
  const t2 = take('.lokr_t2')
  return w1 && w2 && { kind: 'lokr', w1, w2: t2 === undefined ? w2 : { ...w2, t2 } }
}

function kroneckerSide(take: Take, name: string): KroneckerSide | undefined {
  const whole = take(name)
  const a = take(`${name}_a`)
  const b = take(`${name}_b`)
  return whole ? { whole } : a && b && { a, b }
}

function full(take: Take): FullDifference | undefined {
  const norm = take('.w_norm')
  const diff = take('.diff') ?? norm
  return diff && { kind: 'full', diff }
}

function biasModule(weight: Pick<LoraModule, 'name' | 'target'>, diff: TensorEntry): LoraModule {
  const { target, name } = weight
  const shape = [target.shape[0] ?? 0]
  return {
    name,
    target: { ...target, key: target.biasKey, shape },
    factors: { kind: 'full', diff },
    alpha: undefined,
    doraScale: undefined,
  }
}

function missing(file: string, name: string): never {
  throw new ModelFileError(`${file}: has no tensor "${name}", the other half of a pair`, {
    hint: 'The LoRA file is incomplete; download it again.',
  })
}

function refuseOtherArchitectures({ file, modules, unknownKeys }: Lora, { family }: ModelFacts): void {
  const hint = `Use a LoRA made for the family of the model (${family}).`
  if (modules.length === 0) {
    const sample = unknownKeys.slice(0, 3).join(', ')
    throw new ModelFileError(`${file}: none of its tensors belongs to this model; it has ${sample}`, { hint })
  }
  for (const { name, target, factors } of modules) {
    const elements = target.shape.reduce((product, dim) => product * dim, 1)
    const made = deltaSize(factors)
    if (made !== elements) {
      throw new ModelFileError(
        `${file}: module "${name}" changes ${made} values, but ${target.key} has ${elements} ([${target.shape.join(', ')}]): it was made for another model`,
        { hint },
      )
    }
  }
}

/** Number of values of ΔW, from the factors' shapes alone; NaN where they do not fit each other. */
function deltaSize(factors: LoraFactors): number {
  switch (factors.kind) {
    case 'full':
      return product(factors.diff.shape)
    case 'lora': {
      const { up, down, mid } = factors
      if (mid === undefined) return chain(up.shape, down.shape)
      return tuckerSize({
        core: mid.shape,
        out: up.shape[0],
        outRank: up.shape[1],
        in: down.shape[1],
        inRank: down.shape[0],
      })
    }
    case 'loha': {
      const { w1a, w1b, w2a, w2b, t1, t2 } = factors
      const first = t1 ? coreSize(t1, w1a, w1b) : chain(w1a.shape, w1b.shape)
      const second = t2 ? coreSize(t2, w2a, w2b) : chain(w2a.shape, w2b.shape)
      return first === second ? first : Number.NaN
    }
    case 'lokr': {
      const { w1, w2 } = factors
      const left = 'whole' in w1 ? product(w1.whole.shape) : chain(w1.a.shape, w1.b.shape)
      if ('whole' in w2) return left * product(w2.whole.shape)
      return left * (w2.t2 ? coreSize(w2.t2, w2.a, w2.b) : chain(w2.a.shape, w2.b.shape))
    }
  }
}

const product = (shape: readonly number[]): number => shape.reduce((total, dim) => total * dim, 1)

/** a: n×r, b: r×m (with a kernel behind m): n·m·kernel values. */
const chain = (a: readonly number[], b: readonly number[]): number =>
  product(a.slice(1)) === b[0] ? (a[0] ?? 0) * product(b.slice(1)) : Number.NaN

/** LyCORIS' core is rank×rank×kernel, its outer factors rank×out and rank×in. */
const coreSize = (core: TensorEntry, a: TensorEntry, b: TensorEntry): number =>
  tuckerSize({ core: core.shape, out: a.shape[1], outRank: a.shape[0], in: b.shape[1], inRank: b.shape[0] })

interface TuckerShape {
  core: readonly number[]
  out: number | undefined
  outRank: number | undefined
  in: number | undefined
  inRank: number | undefined
}

function tuckerSize({ core, out = 0, outRank, in: input = 0, inRank }: TuckerShape): number {
  return core[0] === outRank && core[1] === inRank ? out * input * product(core.slice(2)) : Number.NaN
}
