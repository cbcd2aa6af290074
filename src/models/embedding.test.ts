import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openEmbedding } from './embedding.js'
import type { TextEncoderFacts } from './facts.js'
import { type TensorToWrite, writeSafetensors } from './files/safetensors.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-embedding-'))
const file = join(folder, 'embedding.safetensors')
afterAll(() => rmSync(folder, { recursive: true }))

const encoder = (kind: TextEncoderFacts['kind'], width: number): TextEncoderFacts => ({
  kind,
  width,
  prefix: '',
  layout: 'clip',
  layers: 1,
  heads: 1,
  activation: 'gelu',
  padToken: 0,
  hasProjection: false,
})

const L = encoder('clip-l', 2)
const G = encoder('clip-g', 3)
const vectors = (shape: readonly number[], ...values: number[]): TensorToWrite => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
})

async function open(tensors: Record<string, TensorToWrite>, encoders = [L]) {
  await writeSafetensors(file, tensors)
  return openEmbedding(file, encoders)
}

describe('the vectors of a textual inversion', () => {
  it.each<[string, Record<string, TensorToWrite>, number[]]>([
    ['of any name', { emb_params: vectors([2, 2], 1, 2, 3, 4) }, [1, 2, 3, 4]],
    ['without a row dimension', { emb: vectors([2], 1, 2) }, [1, 2]],
    ['of AUTOMATIC1111', { other: vectors([1, 2], 9, 9), 'string_to_param.*': vectors([1, 2], 1, 2) }, [1, 2]],
    ['of their encoder', { clip_g: vectors([1, 3], 9, 9, 9), clip_l: vectors([1, 2], 1, 2) }, [1, 2]],
    [
      'of a list, joined where they fit',
      { '0.a': vectors([1, 2], 1, 2), '1.b': vectors([1, 3], 9, 9, 9), '2.c': vectors([2], 3, 4) },
      [1, 2, 3, 4],
    ],
    [
      'bundled in a LoRA',
      {
        'lora.up': vectors([1], 9),
        'bundle_emb.x.clip_l': vectors([1, 2], 1, 2),
        'bundle_emb.y.clip_l': vectors([1, 2], 3, 4),
      },
      [1, 2, 3, 4],
    ],
  ])('%s are found', async (_, tensors, values) => {
    const found = (await open(tensors))['clip-l']
    expect(found).toMatchObject({ count: values.length / 2, width: 2 })
    expect([...(found?.values ?? [])]).toEqual(values)
  })

  it('are given to each encoder of SDXL', async () => {
    const found = await open({ clip_g: vectors([1, 3], 3, 4, 5), clip_l: vectors([1, 2], 1, 2) }, [L, G])
    expect([...(found['clip-l']?.values ?? [])]).toEqual([1, 2])
    expect([...(found['clip-g']?.values ?? [])]).toEqual([3, 4, 5])
  })

  it('are left out for an encoder of another width', async () => {
    const found = await open({ emb_params: vectors([1, 2], 1, 2) }, [L, G])
    expect(Object.keys(found)).toEqual(['clip-l'])
  })

  it('that fit no encoder are refused with what was found', async () => {
    await expect(open({ emb_params: vectors([1, 4], 1, 2, 3, 4) }, [L, G])).rejects.toThrow(
      /has no vectors of width 2 \(clip-l\) or 3 \(clip-g\); it has "emb_params" \[1, 4\]/,
    )
  })
})
