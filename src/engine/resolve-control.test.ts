import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ModelFileError } from '../errors.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { detectModel } from '../models/detect.js'
import type { JobControl } from '../payload/job.js'
import { resolveControl } from './resolve-control.js'

const shared = (path: string) => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url))
const POCKET = shared('pocket/pocket-sd15.safetensors')
const XL = shared('reference/models/tiny-sdxl.safetensors')
const CANNY = shared('pocket/pocket-control-canny.safetensors')
const XL_CANNY = shared('reference/models/tiny-sdxl-control.safetensors')
const HORDE = 'diff_control_sd15_canny_fp16.safetensors'

const control = (changes: Partial<JobControl>): JobControl => ({
  type: 'canny',
  strength: 1,
  image: { origin: 'a test', bytes: new Uint8Array() },
  imageIsControl: true,
  returnMap: false,
  ...changes,
})
const factsOf = async (file: string) => detectModel(await openCheckpoint(file), { extraKeys: [] })

describe.skipIf(!existsSync(CANNY))('the ControlNet of a job (needs ../shared)', () => {
  it("is the file of the Horde's name where it fits, before one named after the type", async () => {
    const paths = new Map([
      ['pocket-control-canny', '/nowhere/pocket-control-canny.safetensors'],
      [HORDE, CANNY],
    ])
    expect(await resolveControl(control({ file: HORDE }), await factsOf(POCKET), paths)).toBe(CANNY)
  })

  it('is one named after the type otherwise', async () => {
    const paths = new Map([['pocket-control-canny', CANNY]])
    expect(await resolveControl(control({ file: HORDE }), await factsOf(POCKET), paths)).toBe(CANNY)
  })

  it('passes over a file that was made for another family', async () => {
    const paths = new Map([
      [HORDE, XL_CANNY],
      ['pocket-control-canny', CANNY],
    ])
    expect(await resolveControl(control({ file: HORDE }), await factsOf(POCKET), paths)).toBe(CANNY)
  })

  it('is the path that a ready job gives, and no other', async () => {
    const paths = new Map([['pocket-control-canny', CANNY]])
    expect(await resolveControl(control({ file: XL_CANNY }), await factsOf(XL), paths)).toBe(XL_CANNY)
    await expect(resolveControl(control({ file: XL_CANNY }), await factsOf(POCKET), paths)).rejects.toThrow(
      /tiny-sdxl-control.*context of 160.*\(sd1\).*context of 128/,
    )
  })

  it('is a fault that names the file where there is none, or it is none', async () => {
    const facts = await factsOf(POCKET)
    const missing = resolveControl(control({ file: HORDE }), facts, new Map())
    await expect(missing).rejects.toThrow(ModelFileError)
    await expect(missing).rejects.toThrow(`expected ${HORDE} or control-canny.safetensors`)
    await expect(resolveControl(control({ file: POCKET }), facts, new Map())).rejects.toThrow('is no ControlNet')
  })
})
