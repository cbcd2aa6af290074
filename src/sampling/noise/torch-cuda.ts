/**
 * Standard normal numbers as torch's CUDA generator draws them: Philox 4x32-10 (Salmon et al. 2011), cuRAND's Box–Muller and
 * the way aten `cuda/DistributionTemplates.h` deals numbers out to threads.
 */
const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10
/** Numbers that one block of Philox gives a thread. */
const LANES = 4

export interface TorchCudaOptions {
  seed: bigint
  /**
   * Threads of the largest grid that torch launches: streaming multiprocessors × ⌊threads per multiprocessor / 256⌋ × 256
   * (H100: 270,336; RTX 4090: 196,608; RTX 3060: 43,008). Tensors with more numbers than that depend on it.
   * @default Infinity, a grid that covers every tensor
   */
  gridThreads?: number
}

export interface TorchCudaGenerator {
  /** One call of `torch.randn` on the device. */
  randn(count: number): Float32Array
}

/** `torch.Generator('cuda').manual_seed(seed)`. */
export function torchCudaGenerator({ seed, gridThreads = Infinity }: TorchCudaOptions): TorchCudaGenerator {
  const key0 = Number(BigInt.asUintN(32, seed))
  const key1 = Number(BigInt.asUintN(32, seed >> 32n))
  const block = new Uint32Array(LANES)
  let offset = 0

  return {
    randn(count) {
      const values = new Float32Array(count)
      const threads = Math.min(gridThreads, count)
      let round = 0
      for (let start = 0; start < count; start += threads * LANES, round++) {
        for (let thread = 0; thread < threads && start + thread < count; thread++) {
          philox(block, offset + round, thread, key0, key1)
          for (let lane = 0, i = start + thread; lane < LANES && i < count; lane++, i += threads)
            values[i] = normal(block, lane)
        }
      }
      offset += round
      return values
    },
  }
}

/** The lane's number: sine and cosine of the first pair of words, then of the second. */
function normal(block: Uint32Array, lane: number): number {
  const pair = lane & 2
  const u = ((block[pair] as number) + 0.5) * 2 ** -32
  const angle = ((block[pair + 1] as number) + 0.5) * 2 ** -32 * 2 * Math.PI
  const radius = Math.sqrt(-2 * Math.log(u))
  return radius * ((lane & 1) === 0 ? Math.sin(angle) : Math.cos(angle))
}

/** Encrypts the counter (offset, 0, subsequence, 0), each a 32-bit word, into `block`. */
function philox(block: Uint32Array, offset: number, subsequence: number, key0: number, key1: number): void {
  let c0 = offset
  let c1 = 0
  let c2 = subsequence
  let c3 = 0
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(c0, MULTIPLIER_0)
    const high1 = multiplyHigh(c2, MULTIPLIER_1)
    const low0 = Math.imul(c0, MULTIPLIER_0)
    const low1 = Math.imul(c2, MULTIPLIER_1)
    c0 = high1 ^ c1 ^ key0
    c1 = low1
    c2 = high0 ^ c3 ^ key1
    c3 = low0
    key0 = (key0 + WEYL_0) | 0
    key1 = (key1 + WEYL_1) | 0
  }
  block[0] = c0
  block[1] = c1
  block[2] = c2
  block[3] = c3
}

/** Upper 32 bits of the product of two unsigned 32-bit words, from four products of halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle % 0x10000)
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)
}
