/**
 * Standard normal numbers as torch's CPU generator draws them (aten `cpu/DistributionTemplates.h`), bit for bit those of its AVX2
 * builds; builds for other processors differ from these in the last bit.
 */
import { logFloat32, sinCosFloat32 } from './cephes.js'
import { type Mt19937, mt19937 } from './mt19937.js'

const f32 = Math.fround
const TWO_PI = f32(2 * Math.PI)
/** From this many numbers on torch fills blocks of 16 from 24-bit uniforms; below, it draws doubles one by one. */
const BLOCK = 16

export interface TorchCpuGenerator {
  /** The next `count` numbers of the stream, as one call of `torch.randn` draws them: two calls are not one of both lengths. */
  randn(count: number): Float32Array
}

/** `torch.Generator('cpu').manual_seed(seed)`. */
export function torchCpuGenerator(seed: bigint): TorchCpuGenerator {
  const bits = mt19937(seed)
  let spare: number | undefined

  function one(): number {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const angle = 2 * Math.PI * uniform53(bits)
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53(bits)))
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  return {
    randn(count) {
      const values = new Float32Array(count)
      if (count < BLOCK) {
        for (let i = 0; i < count; i++) values[i] = one()
        return values
      }
      for (let i = 0; i < count; i++) values[i] = uniform24(bits)
      for (let i = 0; i + BLOCK <= count; i += BLOCK) boxMuller(values, i)
      if (count % BLOCK !== 0) {
        // What does not fill a block is drawn anew, together with the end of the block before.
        const last = count - BLOCK
        for (let i = last; i < count; i++) values[i] = uniform24(bits)
        boxMuller(values, last)
      }
      return values
    },
  }
}

/** Turns 16 uniforms into normals: the first half are radii, the second angles. */
function boxMuller(values: Float32Array, start: number): void {
  for (let i = start; i < start + BLOCK / 2; i++) {
    const u = f32(1 - (values[i] as number))
    const angle = f32(TWO_PI * (values[i + BLOCK / 2] as number))
    const radius = f32(Math.sqrt(f32(-2 * logFloat32(u))))
    const { sin, cos } = sinCosFloat32(angle)
    values[i] = radius * cos
    values[i + BLOCK / 2] = radius * sin
  }
}

function uniform24(bits: Mt19937): number {
  return (bits.next() & 0xffffff) * 2 ** -24
}

function uniform53(bits: Mt19937): number {
  const high = bits.next() & 0x1fffff
  return (high * 2 ** 32 + bits.next()) * 2 ** -53
}
