import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Checkpoint, TensorEntry } from '../checkpoint.js'
import type { ModelFacts } from '../facts.js'
import { type TensorToWrite, writeSafetensors } from '../files/safetensors.js'
import { applyModule, mergeDelta, sideBranches } from './delta.js'
import { applyDora } from './dora.js'
import { openLora } from './open-lora.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-delta-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** ((3i + start) mod 7) − 3: the sequence that the expected values below were computed from with numpy's einsum and kron. */
function sequence(shape: readonly number[], start = 1): TensorToWrite {
  const count = shape.reduce((product, dim) => product * dim, 1)
  return { dtype: 'F32', shape, data: Float32Array.from({ length: count }, (_, i) => ((3 * i + start) % 7) - 3) }
}

const M = 'middle_block.0.in_layers.2'
const FACTS: ModelFacts = {
  family: 'sd1',
  textEncoders: [],
  unet: {
    prefix: 'model.diffusion_model.',
    modelChannels: 2,
    inChannels: 4,
    outChannels: 4,
    contextDim: 2,
    heads: { count: 8 },
    linearProjections: false,
  },
  vae: { prefix: 'first_stage_model.', scaleFactor: 0.18215, latentChannels: 4 },
  sampling: { prediction: 'eps', zeroTerminalSnr: false },
}

const key = `model.diffusion_model.${M}.weight`

async function openModule(shape: readonly number[], tensors: Record<string, TensorToWrite>) {
  const file = join(folder, 'lora.safetensors')
  await writeSafetensors(
    file,
    Object.fromEntries(Object.entries(tensors).map(([n, t]) => [`diffusion_model.${M}${n}`, t])),
  )
  const entry: TensorEntry = { name: key, dtype: 'F32', shape, file: '', offset: 0, length: 0 }
  const checkpoint: Checkpoint = { file: 'model', tensors: new Map([[key, entry]]), metadata: {} }
  const { modules } = await openLora(file, checkpoint, FACTS)
  const [module] = modules
  if (module === undefined) throw new Error('no module')
  return module
}

const alpha = (value: number): TensorToWrite => ({ dtype: 'F32', shape: [], data: Float32Array.of(value) })

describe('the change of a weight', () => {
  it('of a Tucker convolution is up · core · down', async () => {
    const module = await openModule([2, 2, 1, 2], {
      '.lora_up.weight': sequence([2, 3, 1, 1]),
      '.lora_mid.weight': sequence([3, 3, 1, 2], 2),
      '.lora_down.weight': sequence([3, 2, 1, 1], 4),
    })
    expect([...(await mergeDelta(module))]).toEqual([-8, -8, 38, 0, 4, 4, 4, -26])
    const [branch] = await sideBranches([module])
    expect(branch).toMatchObject({ rank: 3, scale: 1 })
    expect([branch?.up.length, branch?.down.length]).toEqual([6, 12])
  })

  it('of LoHa with Tucker cores is the product of both sides, times alpha over rank', async () => {
    const module = await openModule([3, 2, 1, 2], {
      '.hada_w1_a': sequence([2, 3]),
      '.hada_w1_b': sequence([2, 2], 3),
      '.hada_t1': sequence([2, 2, 1, 2], 5),
      '.hada_w2_a': sequence([2, 3], 6),
      '.hada_w2_b': sequence([2, 2], 2),
      '.hada_t2': sequence([2, 2, 1, 2], 1),
      '.alpha': alpha(1),
    })
    const whole = [76, 78, 592, 336, -30, -18, 30, -162, 74, 119, 836, 368]
    expect([...(await mergeDelta(module))]).toEqual(whole.map(value => value / 2))
    expect(await sideBranches([module])).toEqual([undefined])
  })

  it('of LoKr is the Kronecker product, without alpha where both sides are whole', async () => {
    const module = await openModule([4, 2, 1, 2], {
      '.lokr_w1': sequence([2, 2]),
      '.lokr_w2': sequence([2, 1, 1, 2], 3),
      '.alpha': alpha(64),
    })
    expect((await mergeDelta(module)).map(value => value + 0)).toEqual(
      Float32Array.of(0, -6, 0, 3, 2, -4, -1, 2, 0, -9, 0, 0, 3, -6, 0, 0),
    )
  })

  it('of LoKr with a Tucker core is scaled by the rank of its second side', async () => {
    const module = await openModule([4, 4, 1, 2], {
      '.lokr_w1': sequence([2, 2]),
      '.lokr_w2_a': sequence([2, 2], 2),
      '.lokr_w2_b': sequence([2, 2], 4),
      '.lokr_t2': sequence([2, 2, 1, 2], 6),
      '.alpha': alpha(4),
    })
    const whole = [10, -14, -18, 66, -5, 7, 9, -33, -14, 10, 18, -24, 7, -5, -9, 12, 15, -21, -27, 99, 0, 0, 0, 0, -21]
    const delta = (await mergeDelta(module)).map(value => value + 0)
    expect([...delta.slice(0, 25)]).toEqual(whole.map(value => 2 * value))
  })

  it('is added with the strength, to the rows of the module alone', async () => {
    const module = await openModule([2, 2], {
      '.lora_up.weight': { dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) },
      '.lora_down.weight': { dtype: 'F32', shape: [1, 2], data: Float32Array.of(3, 4) },
    })
    const weight = new Float32Array(6)
    await applyModule(weight, { ...module, target: { ...module.target, firstRow: 1 } }, 0.5)
    expect([...weight]).toEqual([0, 0, 1.5, 2, 3, 4])
  })

  it('of a weight that the checkpoint keeps transposed is turned', async () => {
    const module = await openModule([2, 3], { '.diff': sequence([2, 3]) })
    const weight = new Float32Array(6)
    await applyModule(weight, { ...module, target: { ...module.target, transposed: true } }, 1)
    const [a, b, c, d, e, f] = sequence([2, 3]).data as Float32Array
    expect([...weight]).toEqual([a, d, b, e, c, f])
  })
})

describe('DoRA', () => {
  const weight = () => Float32Array.of(-1, 2, -2, 1, -3, 0, 3, -1, 2, -2, 1, -3)
  const delta = Float32Array.of(1, -1, 0.5, -1.5, 0, 1.5, -0.5, 1, -1, 0.5, -1.5, 0)

  // numpy.linalg.norm over the axes that ComfyUI takes: the changed weight by input, the unchanged one by output.
  it.each([
    {
      byRow: false,
      strength: 1,
      result: [
        0, 0.852803, -0.126773, -0.493197, -1.423025, 1.279204, 0.211289, 0, 0.474342, -1.279204, -0.042258, -2.959182,
      ],
    },
    {
      byRow: false,
      strength: 0.5,
      result: [
        -0.5, 1.426401, -1.063387, 0.253402, -2.211512, 0.639602, 1.605644, -0.5, 1.237171, -1.639602, 0.478871,
        -2.979591,
      ],
    },
    {
      byRow: true,
      strength: 1,
      result: [
        0, 0.632456, -0.948683, -0.316228, -2.064742, 1.032371, 1.720618, 0, 0.117851, -0.176777, -0.058926, -0.353553,
      ],
    },
    {
      byRow: true,
      strength: 0.5,
      result: [
        -0.5, 1.316228, -1.474342, 0.341886, -2.532371, 0.516185, 2.360309, -0.5, 1.058926, -1.088388, 0.470537,
        -1.676777,
      ],
    },
  ])('rescales the changed weight (by output: $byRow, strength $strength)', ({ byRow, strength, result }) => {
    const changed = weight()
    const magnitude = byRow ? Float32Array.of(2, 3, 0.5) : Float32Array.of(1.5, 2, 0.25, 3)
    applyDora({ weight: changed, delta, magnitude, byRow, rows: 3, columns: 4, strength })
    for (const [i, value] of result.entries()) expect(changed[i]).toBeCloseTo(value, 5)
  })
})
