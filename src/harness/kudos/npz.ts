/** Reads numpy's `.npz`: a zip of `.npy` arrays (numpy.lib.format, versions 1 and 2), of 32- and 64-bit floats. */
import { unzipSync } from 'fflate'
import { FixtureError } from '../../errors.js'

export interface NpyArray {
  shape: readonly number[]
  /** In C order. */
  data: Float64Array
}

/** A kudos model has 85 KB; nothing that is read here is larger than this when unpacked. */
const MAX_BYTES = 64 * 1024 * 1024

/** @throws FixtureError where the file is no npz, is too large, or holds arrays of another kind */
export function readNpz(bytes: Uint8Array, origin = 'npz'): Map<string, NpyArray> {
  let unpacked = 0
  let files: Record<string, Uint8Array>
  try {
    files = unzipSync(bytes, {
      filter: ({ originalSize }) => {
        unpacked += originalSize
        if (unpacked > MAX_BYTES) throw new RangeError(`it unpacks to more than ${MAX_BYTES} bytes`)
        return true
      },
    })
  } catch (cause) {
    throw new FixtureError(`${origin} is no npz: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'an npz is what numpy.savez writes, e.g. kudos-v21-206.npz of the AI Horde',
    })
  }
  return new Map(
    Object.entries(files).map(([name, content]) => [
      name.replace(/\.npy$/u, ''),
      readNpy(content, `${origin}/${name}`),
    ]),
  )
}

const MAGIC = '\x93NUMPY'

/** @throws FixtureError */
export function readNpy(bytes: Uint8Array, origin = 'npy'): NpyArray {
  const broken = (what: string) =>
    new FixtureError(`${origin}: ${what}`, { hint: 'save the array with numpy.save as float32 or float64' })
  if (bytes.length < 12 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== MAGIC) {
    throw broken('expected a .npy array')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wide = view.getUint8(6) >= 2
  const start = wide ? 12 : 10
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true))
  const header = Buffer.from(bytes.subarray(start, end)).toString('latin1')
  const descr = /'descr':\s*'([^']*)'/u.exec(header)?.[1]
  const shapeText = /'shape':\s*\(([^)]*)\)/u.exec(header)?.[1]
  if (descr === undefined || shapeText === undefined) throw broken('its header names no type or no shape')
  if (/'fortran_order':\s*True/u.test(header)) throw broken('expected C order, got Fortran order')
  if (descr !== '<f4' && descr !== '<f8') throw broken(`expected <f4 or <f8, got ${descr}`)
  const size = descr === '<f4' ? 4 : 8
  const shape = shapeText
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(Number)
  const length = shape.reduce((product, side) => product * side, 1)
  if (!Number.isSafeInteger(length) || bytes.length !== end + length * size) {
    throw broken(`expected ${length} values for the shape (${shape.join(', ')}), got ${(bytes.length - end) / size}`)
  }
  const data = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const at = end + i * size
    data[i] = size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true)
  }
  return { shape, data }
}
