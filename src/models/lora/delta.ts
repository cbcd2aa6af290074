/**
 * What a LoRA module changes in a weight, in 32-bit floats and in the way of ComfyUI (comfy/weight_adapter). LoRA: Hu et al.
 * 2021 (arXiv:2106.09685); LoHa and LoKr: LyCORIS, Yeh et al. 2023 (arXiv:2309.14859).
 */
import { readFloats, readManyFloats, type TensorEntry } from '../checkpoint.js'
import { applyDora } from './dora.js'
import { expandTucker, kron, matmul, scaleBy } from './matrix.js'
import type {
  HadamardFactors,
  KroneckerFactors,
  KroneckerSide,
  LoraFactors,
  LoraModule,
  LowRankFactors,
} from './open-lora.js'

/**
 * ΔW with alpha / rank applied, row-major in the shape of the module's weight. The strength is the caller's to multiply.
 * DoRA is no sum: use {@link applyModule} where `doraScale` is set.
 */
export async function mergeDelta(module: LoraModule): Promise<Float32Array> {
  const delta = await rawDelta(module.factors)
  return scaleBy(delta, alphaScale(module))
}

/** alpha / rank, or 1 where the file gives no alpha (LoKr of two whole sides has no rank, full differences no alpha). */
export function alphaScale({ factors, alpha }: LoraModule): number {
  const rank = rankOf(factors)
  return alpha === undefined || rank === undefined ? 1 : alpha / rank
}

function rankOf(factors: LoraFactors): number | undefined {
  switch (factors.kind) {
    case 'lora':
      return factors.down.shape[0]
    case 'loha':
      return factors.w1b.shape[0]
    case 'lokr':
      if ('b' in factors.w2) return factors.w2.b.shape[0]
      return 'b' in factors.w1 ? factors.w1.b.shape[0] : undefined
    case 'full':
      return undefined
  }
}

function rawDelta(factors: LoraFactors): Promise<Float32Array> {
  switch (factors.kind) {
    case 'lora':
      return lowRankDelta(factors)
    case 'loha':
      return hadamardDelta(factors)
    case 'lokr':
      return kroneckerDelta(factors)
    case 'full':
      return readFloats(factors.diff)
  }
}

async function lowRankDelta(factors: LowRankFactors): Promise<Float32Array> {
  const { up, down, rank } = lowRank(factors, await readFactors([factors]))
  return matmul(up, down, rank)
}

async function readFactors(all: readonly LowRankFactors[]): Promise<ReadonlyMap<TensorEntry, Float32Array>> {
  const tensors = all.flatMap(({ up, down, mid }) => [up, down, ...(mid ? [mid] : [])])
  const values = await readManyFloats(tensors)
  return new Map(values.map((each, i) => [tensors[i] as TensorEntry, each]))
}

/** Up out×rank and down rank×(in·kernel); a Tucker core is multiplied into down. */
function lowRank({ up, down, mid }: LowRankFactors, values: ReadonlyMap<TensorEntry, Float32Array>) {
  const of = (tensor: TensorEntry) => values.get(tensor) ?? new Float32Array()
  if (mid === undefined) return { up: of(up), down: of(down), rank: down.shape[0] ?? 0 }
  const [coreRank = 0, rank = 0, ...kernel] = mid.shape
  const core = { values: of(mid), ranks: [coreRank, rank] as const, kernel: size(kernel) }
  return { up: of(up), down: expandTucker(core, of(down)), rank: coreRank }
}

async function hadamardDelta({ w1a, w1b, w2a, w2b, t1, t2 }: HadamardFactors): Promise<Float32Array> {
  const first = await productOf({ a: w1a, b: w1b, core: t1 })
  const second = await productOf({ a: w2a, b: w2b, core: t2 })
  return first.map((value, i) => value * (second[i] ?? 0))
}

async function kroneckerDelta({ w1, w2 }: KroneckerFactors): Promise<Float32Array> {
  const left = await kroneckerSide(w1)
  const right = await kroneckerSide(w2)
  return kron(left, right)
}

async function kroneckerSide(side: KroneckerSide & { t2?: TensorEntry }) {
  if ('whole' in side) {
    const [rows = 0, columns = 0, ...kernel] = side.whole.shape
    return { values: await readFloats(side.whole), rows, columns, kernel: size(kernel) }
  }
  const { a, b, t2: core } = side
  const [rows = 0, columns = 0, kernel = 1] =
    core === undefined
      ? [a.shape[0], b.shape[1], size(b.shape.slice(2))]
      : [a.shape[1], b.shape[1], size(core.shape.slice(2))]
  return { values: await productOf({ a, b, core }), rows, columns, kernel }
}

/** a · b; with a core (rank×rank×kernel), aᵀ · core · b for every place of the kernel, a being rank×out and b rank×in. */
async function productOf({ a, b, core }: { a: TensorEntry; b: TensorEntry; core: TensorEntry | undefined }) {
  const left = await readFloats(a)
  const right = await readFloats(b)
  if (core === undefined) return matmul(left, right, b.shape[0] ?? 0)
  const [outRank = 0, inRank = 0, ...kernel] = core.shape
  const spread = expandTucker({ values: await readFloats(core), ranks: [outRank, inRank], kernel: size(kernel) }, right)
  return matmul(transpose(left, outRank), spread, outRank)
}

function transpose(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number)
}

const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1)

/** Factors of a module that is a plain low-rank sum, for graphs that add `strength · scale · up · down · x` beside W · x. */
export interface SideBranch {
  /** out×rank */
  up: Float32Array
  /** rank×(in·kernel), the kernel of the module's own convolution */
  down: Float32Array
  rank: number
  /** alpha / rank */
  scale: number
}

/** The modules as side branches; undefined where only a changed weight will do: LoHa, LoKr, DoRA, full differences. */
export async function sideBranches(modules: readonly LoraModule[]): Promise<(SideBranch | undefined)[]> {
  const factorsOf = ({ factors, doraScale }: LoraModule) =>
    factors.kind === 'lora' && doraScale === undefined ? factors : undefined
  const values = await readFactors(modules.flatMap(module => factorsOf(module) ?? []))
  return modules.map(module => {
    const factors = factorsOf(module)
    return factors && { ...lowRank(factors, values), scale: alphaScale(module) }
  })
}

/**
 * Changes a weight in place as ComfyUI does when it patches a model. Several LoRAs are applied one after the other: DoRA
 * looks at the weight as the ones before left it.
 *
 * @param weight The checkpoint's whole tensor `module.target.key` as floats, fused rows included.
 */
export async function applyModule(weight: Float32Array, module: LoraModule, strength: number): Promise<void> {
  const { target } = module
  const delta = await rawDelta(module.factors)
  const start = (target.firstRow ?? 0) * size(target.shape.slice(1))
  const part = weight.subarray(start, start + delta.length)
  const oriented = target.transposed ? transpose(delta, target.shape[0] ?? 1) : delta
  if (module.doraScale === undefined) {
    // Rounded where torch rounds: the factor, the product, the sum.
    scaleBy(oriented, Math.fround(strength * alphaScale(module)))
    for (let i = 0; i < part.length; i++) part[i] = (part[i] as number) + (oriented[i] as number)
  } else {
    scaleBy(oriented, Math.fround(alphaScale(module)))
    const [rows = 1, columns = 1] = target.shape
    const magnitude = await readFloats(module.doraScale)
    const byRow = module.doraScale.shape[0] === rows
    applyDora({ weight: part, delta: oriented, magnitude, byRow, rows, columns, strength })
  }
}
