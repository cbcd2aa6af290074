import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadCatalogue, verifyModel } from './catalogue.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-catalogue-'))
const file = join(folder, 'catalogue.yaml')
afterAll(() => rmSync(folder, { recursive: true }))

const HASH = createHash('sha256').update('abc').digest('hex')

function write(text: string): string {
  writeFileSync(file, text)
  return file
}

const entry = (name: string, path = 'a.safetensors') =>
  `  ${name}:\n    file: ${path}\n    sha256: ${HASH}\n    baseline: stable_diffusion_1\n`

describe('a catalogue', () => {
  it('that is shipped has the pocket model, and its file is the one', async () => {
    const catalogue = await loadCatalogue()
    const pocket = catalogue.find('pocket-sd15')
    expect(pocket).toMatchObject({ baseline: 'stable_diffusion_1', inpainting: false })
    await verifyModel(pocket)
  })

  it('looks for files beside itself, then in the folders given', async () => {
    mkdirSync(join(folder, 'more'), { recursive: true })
    writeFileSync(join(folder, 'more', 'a.safetensors'), 'abc')
    const text = `version: 1\nmodels:\n${entry('one')}${entry('two', '/somewhere/b.safetensors')}`
    const catalogue = await loadCatalogue(write(text), { folders: [join(folder, 'more')] })
    expect(catalogue.find('one').file).toBe(join(folder, 'more', 'a.safetensors'))
    expect(catalogue.find('two').file).toBe('/somewhere/b.safetensors')
    expect((await loadCatalogue(file)).find('one').file).toBe(join(folder, 'a.safetensors'))
  })

  it('tells the nearest names of one that it does not have', async () => {
    const names = ['Deliberate', 'stable_diffusion', 'Dreamlike Diffusion', 'AbyssOrangeMix']
    const catalogue = await loadCatalogue(write(`version: 1\nmodels:\n${names.map(name => entry(name)).join('')}`))
    const failure = (() => {
      try {
        return catalogue.find('deliberat')
      } catch (error) {
        return error
      }
    })()
    expect(failure).toMatchObject({
      code: 'unknown-model',
      hint: expect.stringMatching(/^Nearest names: "Deliberate", /),
    })
  })

  it.each(['../a.safetensors', 'a.safetensors', '/etc/passwd', '__proto__', 'constructor', ''])(
    'does not take %j, a path or a property, for a name',
    async name => {
      const catalogue = await loadCatalogue(write(`version: 1\nmodels:\n${entry('one')}`))
      expect(() => catalogue.find(name)).toThrow(/is not in the catalogue/)
    },
  )

  it.each<[string, string, RegExp]>([
    ['is no YAML', 'version: 1\nmodels: {a: [}\n', /catalogue\.yaml:2: /],
    ['has the wrong version', 'version: 2\nmodels: {}\n', /catalogue\.yaml:1: version: /],
    ['has no models', 'version: 1\n', /models: /],
    [
      'has a short hash',
      `version: 1\nmodels:\n${entry('one')}${entry('two').replace(HASH, 'abc')}`,
      /catalogue\.yaml:9: models\.two\.sha256: must be 64 hexadecimal digits/,
    ],
    [
      'has a baseline of nowhere',
      `version: 1\nmodels:\n${entry('one').replace('_1', '_9')}`,
      /catalogue\.yaml:6: models\.one\.baseline: /,
    ],
    [
      'has a field too many',
      `version: 1\nmodels:\n${entry('one')}    url: x\n`,
      /catalogue\.yaml:3: models\.one: .*"url"/,
    ],
    ['has a name twice', `version: 1\nmodels:\n${entry('one')}${entry('one')}`, /catalogue\.yaml:\d+: .*unique/],
  ])('that %s is refused by file, line and field', async (_, text, message) => {
    const failure = await loadCatalogue(write(text)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'fixture', exitCode: 4 })
    expect(String(failure)).toMatch(message)
  })

  it('that is missing is refused', async () => {
    await expect(loadCatalogue(join(folder, 'nowhere.yaml'))).rejects.toThrow(
      /nowhere\.yaml: the catalogue cannot be read/,
    )
  })
})

describe('a model file', () => {
  it('is compared with its hash, again after it has changed', async () => {
    const path = join(folder, 'model.bin')
    const model = { name: 'one', file: path, sha256: HASH }
    await expect(verifyModel(model)).rejects.toThrow(/model\.bin: cannot be read; the catalogue names it for "one"/)
    writeFileSync(path, 'abc')
    await verifyModel(model)
    writeFileSync(path, 'abcd')
    await expect(verifyModel(model)).rejects.toThrow(/has SHA-256 88d4266f.*, the catalogue says ba7816bf/)
  })
})
