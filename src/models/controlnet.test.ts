import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openCheckpoint, readTensor } from './checkpoint.js'
import { checkControlnet, openControlnet } from './controlnet.js'
import { detectModel } from './detect.js'
import { writeSafetensors } from './files/safetensors.js'
import { diffusersNames } from './lora/diffusers-names.js'

const CONTROL = 'fixtures/adapters/pocket-control-canny.safetensors'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-controlnet-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength)

/** The names that diffusers gives what only a ControlNet has (`ControlNetModel`). */
const OWN: readonly (readonly [RegExp, string | ((all: string, n: string) => string)])[] = [
  [/^input_hint_block\.0\./, 'controlnet_cond_embedding.conv_in.'],
  [/^input_hint_block\.14\./, 'controlnet_cond_embedding.conv_out.'],
  [/^input_hint_block\.(\d+)\./, (_, n) => `controlnet_cond_embedding.blocks.${Number(n) / 2 - 1}.`],
  [/^zero_convs\.(\d+)\.0\./, (_, n) => `controlnet_down_blocks.${n}.`],
  [/^middle_block_out\.0\./, 'controlnet_mid_block.'],
]

/** A ControlNet of ldm as diffusers would have saved it: names as LoRAs have them, which ComfyUI's vectors vouch for. */
async function saved(name: string, more: Record<string, number[]> = {}) {
  const { tensors } = await openCheckpoint(CONTROL)
  const entries = [...tensors.values()].map(entry => ({ ...entry, name: entry.name.replace('control_model.', '') }))
  const modules = new Set(entries.map(({ name }) => name.replace(/\.[^.]+$/, '')))
  const ofLdm = new Map([...diffusersNames(modules)].map(([diffusers, ldm]) => [ldm, diffusers]))
  const file = join(folder, `${name}.safetensors`)
  const written = await Promise.all(
    entries.map(async entry => {
      const module = entry.name.replace(/\.[^.]+$/, '')
      const own = OWN.reduce((name, [from, to]) => name.replace(from, to as string), entry.name)
      const renamed = own === entry.name ? entry.name.replace(module, ofLdm.get(module) ?? module) : own
      return [renamed, { dtype: entry.dtype, shape: entry.shape, data: await readTensor(entry) }] as const
    }),
  )
  const added = Object.entries(more).map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((all, size) => all * size, 1))
    return [name, { dtype: 'F32' as const, shape, data }] as const
  })
  await writeSafetensors(file, Object.fromEntries([...written, ...added]))
  return { file, entries, names: written.map(([name]) => name) }
}

describe('a ControlNet', () => {
  it('in the layout of diffusers is the same as in that of ldm, tensor by tensor', async () => {
    const { file, entries, names } = await saved('diffusers')
    // Nothing of ldm is left, so that this tests what it says.
    expect(names.filter(name => /input_blocks|middle_block|zero_convs|hint_block|layers\.\d/.test(name))).toEqual([])
    const opened = await openControlnet(file)
    expect([...opened.tensors.keys()].sort()).toEqual(entries.map(({ name }) => name).sort())
    for (const entry of entries) {
      const theirs = opened.tensors.get(entry.name)
      expect(theirs && bytes(await readTensor(theirs)).equals(bytes(await readTensor(entry))), entry.name).toBe(true)
    }
  })

  it('of either layout fits its model; one of the union kind is refused', async () => {
    const facts = await detectModel(await openCheckpoint('fixtures/models/pocket/pocket-sd15.safetensors'))
    await checkControlnet(CONTROL, facts)
    await checkControlnet((await saved('fits')).file, facts)
    const union = await saved('union', { task_embedding: [6, 4] })
    await expect(checkControlnet(union.file, facts)).rejects.toThrow(/union/)
  })
})
