import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { noiseDisk } from '../annotators/shuffle.js'
import { decodeImage } from '../decode.js'
import { uniformDoubles } from '../numpy/pcg64.js'
import { rint, wrapToByte } from '../numpy/round.js'
import { median, percentiles } from '../numpy/statistics.js'
import { channelOf, type Picture } from '../picture.js'
import { resize } from '../resize.js'
import { boxBlur } from './box-blur.js'
import { canny } from './canny.js'
import { rgbToGrey, rgbToLightness, rgbToValue } from './colour.js'
import { gaussianBlurBytes, gaussianBlurFloat, gaussianKernel } from './gaussian.js'
import { pyrUp } from './pyramid.js'
import { remap } from './remap.js'
import { cvResize, type Interpolation } from './resize.js'
import { type FloatPlane, resizeCubic, resizeLinear, resizeNearest } from './resize-float.js'
import { otsuThreshold } from './threshold.js'

const folder = join(import.meta.dirname, '../../../../shared/reference/annotators/primitives')
const missing = !existsSync(folder)
const why = missing ? ' (skipped: ../shared/reference/annotators is not here)' : ''

interface File {
  file: string
  shape: number[]
  dtype: string
}

interface Case {
  id: string
  op: string
  args: Record<string, unknown>
  inputs: Record<string, File>
  output: File
  alternative?: { file: string }
  extra?: { returned_threshold?: number }
}

interface Index {
  cases: Case[]
  tables: {
    numpy_float32_to_uint8_cast: { float32: number | string; uint8: number }[]
    numpy_percentile: {
      float32_values: number[] | null
      p1: number
      p99: number
      p4: number
      p96: number
      median: number
    }[]
    recolor_gamma_lut: Record<string, number[]>
  }
}

const index: Index = missing
  ? { cases: [], tables: { numpy_float32_to_uint8_cast: [], numpy_percentile: [], recolor_gamma_lut: {} } }
  : JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))

/** Values of a picture or of an array in numpy's format. */
async function values(file: string): Promise<ArrayLike<number>> {
  const bytes = readFileSync(join(folder, file))
  if (file.endsWith('.png')) return (await decodeImage(bytes, { origin: file })).pixels
  const at = 10 + bytes.readUInt16LE(8)
  const header = bytes.toString('latin1', 10, at)
  const data = bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + bytes.length)
  if (header.includes('<f4')) return new Float32Array(data)
  if (header.includes('<f8')) return new Float64Array(data)
  return header.includes('<i2') ? new Int16Array(data) : new Uint8Array(data)
}

const pictures = new Map<string, Picture>()
const planes = new Map<string, FloatPlane>()

beforeAll(async () => {
  for (const { inputs } of index.cases) {
    for (const { file, shape } of Object.values(inputs)) {
      const [height = 1, width = 1] = shape
      if (file.endsWith('.png'))
        pictures.set(file, await decodeImage(readFileSync(join(folder, file)), { origin: file }))
      else planes.set(file, { width, height, data: Float32Array.from(await values(file)) })
    }
  }
})

const cases = (op: string, filter: (c: Case) => boolean = () => true) =>
  index.cases.filter(c => c.op === op && filter(c))

function picture({ inputs }: Case): Picture {
  const [input] = Object.values(inputs)
  const found = pictures.get(input?.file ?? '')
  if (found === undefined) throw new Error('the case has no picture')
  return found
}

function plane({ inputs }: Case): FloatPlane {
  const [input] = Object.values(inputs)
  const found = planes.get(input?.file ?? '')
  if (found === undefined) throw new Error('the case has no array')
  return found
}

const largest = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number => {
  expect(ours.length).toBe(theirs.length)
  let worst = 0
  for (let i = 0; i < ours.length; i++) worst = Math.max(worst, Math.abs((ours[i] ?? 0) - (theirs[i] ?? 0)))
  return worst
}

const number = (value: unknown): number => Number(value)
const pair = (value: unknown): [number, number] =>
  Array.isArray(value) ? [number(value[0]), number(value[1])] : [0, 0]

const INTERPOLATIONS: Record<string, Interpolation> = {
  AREA: 'area',
  LANCZOS4: 'lanczos4',
  CUBIC: 'cubic',
  LINEAR: 'linear',
  NEAREST: 'nearest',
}

describe.skipIf(missing)(`OpenCV's primitives${why}`, () => {
  it.each(cases('cv2.resize', c => c.args.dtype === 'uint8'))('$id: resize $args', async c => {
    const [width, height] = pair(c.args.dsize_wh)
    const ours = cvResize(picture(c), {
      width,
      height,
      interpolation: INTERPOLATIONS[String(c.args.interpolation)] ?? 'area',
    })
    expect(largest(ours.pixels, await values(c.alternative?.file ?? c.output.file))).toBe(0)
  })

  it.each(
    cases(
      'cv2.resize',
      c => c.args.dtype === 'float32' && ['LINEAR', 'NEAREST'].includes(String(c.args.interpolation)),
    ),
  )('$id: resize $args', async c => {
    const [width, height] = pair(c.args.dsize_wh)
    const resizeFloat = c.args.interpolation === 'LINEAR' ? resizeLinear : resizeNearest
    expect(largest(resizeFloat(plane(c), { width, height }).data, await values(c.output.file))).toBeLessThan(2e-6)
  })

  it.each(cases('cv2.resize', c => c.args.dtype === 'float64'))('$id: resize $args', async c => {
    const [width, height] = pair(c.args.dsize_wh)
    const { width: w, height: h } = plane(c)
    const data = Float64Array.from(await values(Object.values(c.inputs)[0]?.file ?? ''))
    const ours = resizeCubic({ width: w, height: h, data }, { width, height })
    expect(largest(ours.data, await values(c.output.file))).toBeLessThan(1e-12)
  })

  it.each(cases('PIL.Image.resize'))('$id: Pillow $args', async c => {
    const [width, height] = pair(c.args.size)
    const filter = c.args.resample === 'LANCZOS' ? 'lanczos' : 'bicubic'
    expect(largest(resize(picture(c), { width, height, filter }).pixels, await values(c.output.file))).toBe(0)
  })

  it.each(cases('cv2.Canny', c => c.args.L2gradient === false))('$id: Canny $args', async c => {
    const ours = canny(picture(c), { low: number(c.args.threshold1), high: number(c.args.threshold2) })
    expect(largest(ours.pixels, await values(c.output.file))).toBe(0)
  })

  it.each(cases('cv2.GaussianBlur', c => c.args.dtype === 'float32'))('$id: float blur $args', async c => {
    const source = picture(c)
    const theirs = await values(c.output.file)
    for (let channel = 0; channel < source.channels; channel++) {
      const { width, height, pixels } = channelOf(source, channel)
      const ours = gaussianBlurFloat({ width, height, data: Float32Array.from(pixels) }, number(c.args.sigmaX)).data
      const expected = ours.map((_, i) => theirs[i * source.channels + channel] ?? Number.NaN)
      expect(largest(ours, expected)).toBeLessThan(1e-4)
    }
  })

  it.each(cases('cv2.GaussianBlur', c => c.args.dtype === 'uint8'))('$id: byte blur $args', async c => {
    const sigma = number(c.args.sigmaX)
    const size = pair(c.args.ksize)[0] || rint(6 * sigma + 1) | 1
    expect(largest(gaussianBlurBytes(picture(c), { size, sigma }).pixels, await values(c.output.file))).toBe(0)
  })

  it.each(cases('cv2.getGaussianKernel'))('$id: kernel $args', async c => {
    const ours = gaussianKernel(number(c.args.ksize), number(c.args.sigma))
    expect(largest(ours, await values(c.output.file))).toBeLessThan(1e-15)
  })

  it.each(cases('cv2.cvtColor'))('$id: $args', async c => {
    const source = picture(c)
    const code = String(c.args.code)
    const convert = code === 'RGB2GRAY' ? rgbToGrey : code.endsWith('HSV') ? rgbToValue : rgbToLightness
    const ours = convert(code.startsWith('BGR') ? swapped(source) : source)
    expect(largest(ours.pixels, await values(c.output.file))).toBe(0)
  })

  it.each(cases('cv2.threshold', c => String(c.args.type).includes('OTSU')))('$id: Otsu', c => {
    expect(otsuThreshold(picture(c))).toBe(c.extra?.returned_threshold)
  })

  it.each(cases('cv2.pyrUp'))('$id: pyrUp', async c => {
    expect(largest(pyrUp(picture(c)).pixels, await values(c.output.file))).toBe(0)
  })

  it.each(cases('cv2.blur'))('$id: box $args', async c => {
    expect(largest(boxBlur(plane(c), number(c.args.ksize)).data, await values(c.output.file))).toBeLessThan(1e-6)
  })

  it.each(cases('cv2.remap'))('$id: remap', async c => {
    const file = c.inputs.flow?.file ?? ''
    const [height = 0, width = 0] = c.inputs.flow?.shape ?? []
    const flow = await values(file)
    const axis = (offset: number) => Float32Array.from({ length: width * height }, (_, i) => flow[2 * i + offset] ?? 0)
    const ours = remap(picture(c), { width, height, x: axis(0), y: axis(1) })
    expect(largest(ours.pixels, await values(c.output.file))).toBe(0)
  })
})

function swapped({ width, height, channels, pixels }: Picture): Picture {
  return { width, height, channels, pixels: pixels.map((_, i) => pixels[i - (i % 3) + (2 - (i % 3))] ?? 0) }
}

describe.skipIf(missing)(`numpy's parts${why}`, () => {
  it('casts floats to bytes as x86 does', () => {
    for (const { float32, uint8 } of index.tables.numpy_float32_to_uint8_cast) {
      expect(wrapToByte(Number(float32)), `${float32}`).toBe(uint8)
    }
  })

  it('percentiles and medians are equal to the last bit', () => {
    for (const { float32_values, p1, p4, p96, p99, median: middle } of index.tables.numpy_percentile) {
      // The longest array is known by its percentiles alone.
      if (float32_values === null) continue
      const data = Float32Array.from(float32_values)
      expect(percentiles(data, [1, 4, 96, 99])).toEqual([p1, p4, p96, p99])
      expect(median(data)).toBe(middle)
    }
  })

  it.each(cases('numpy.random.default_rng(seed).uniform'))('$id: PCG64 $args', async c => {
    const next = uniformDoubles(BigInt(number(c.args.seed)))
    const theirs = await values(c.output.file)
    expect(Array.from(theirs, () => next())).toEqual(Array.from(theirs))
  })

  it.each(cases('custom_controlnet_aux.util.make_noise_disk'))('$id: a disk of noise', async c => {
    const ours = noiseDisk({ width: number(c.args.W), height: number(c.args.H), next: uniformDoubles(42n) })
    expect(largest(ours, await values(c.output.file))).toBeLessThan(1e-12)
  })
})
