import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeImage } from '../../imaging/encode.js'
import { compareRuns } from '../compare/compare-runs.js'
import { type CaseResult, RUN_SCHEMA, type Run } from '../run-schema.js'
import { readRun, writeRun } from '../run-store.js'
import { blot, caseOf, ENVIRONMENT } from '../testing.js'
import { type OpenedRun, openRun, packFolder } from './archive.js'
import { makeKit } from './make-kit.js'
import { leaksIn, type PromptChoice, privateOf, scrubPlaces, scrubText } from './scrub.js'

let folder: string
const opened: OpenedRun[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-'))
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  await rm(folder, { recursive: true, force: true })
})

const SECRETS = privateOf({
  home: '/home/marylou',
  cwd: '/srv/projects/secret-client',
  temporary: '/var/tmp/x9',
  user: 'marylou',
  host: 'lou-desktop.example.net',
  env: { HORDE_API_KEY: 'k3yOfTheHorde-77', CI: 'true', SHORT_TOKEN: 'abc', HF_TOKEN: 'hf_0123456789abcdefXYZ' },
})

/** Everything of {@link SECRETS}, and more, that must not be found in a kit. */
const NEVER = [
  'marylou',
  'secret-client',
  'lou-desktop',
  'k3yOfTheHorde-77',
  'hf_0123456789abcdefXYZ',
  '/var/tmp/x9',
  'X-Amz',
]

describe('a text that is sent', () => {
  test.each([
    ['cannot read /home/marylou/models/sd15.safetensors', 'cannot read …/sd15.safetensors'],
    ['file:///srv/projects/secret-client/a/b.json:3', 'file://…/b.json:3'],
    ['C:\\Users\\marylou\\models\\sd15.ckpt is broken', '…\\sd15.ckpt is broken'],
    ['key k3yOfTheHorde-77 refused', 'key <key> refused'],
    ['Authorization: Bearer abcdef123456', 'Authorization: Bearer <key>'],
    ['https://bucket.r2.dev/a/b.webp?X-Amz-Signature=12 failed', 'https://bucket.r2.dev/a/b.webp?… failed'],
    ['https://me:pw@host.org/x?y', 'https://host.org/x?…'],
    ['{"apikey": "0123456789"}', '{"apikey": "<key>"}'],
    ['run by Marylou on lou-desktop', 'run by <name> on <name>'],
    // What is no secret stays readable.
    ['steps 1/4, 1/2 and 16/9; and/or; SSIM 0.98', 'steps 1/4, 1/2 and 16/9; and/or; SSIM 0.98'],
    ['passes[0].sampler was "euler", is "ddim"', 'passes[0].sampler was "euler", is "ddim"'],
  ])('%s', (text, expected) => {
    expect(scrubText(text, SECRETS)).toBe(expected)
  })

  test('of a payload keeps words that are names elsewhere', () => {
    expect(scrubPlaces('a portrait of Marylou', SECRETS)).toBe('a portrait of Marylou')
  })

  test('names that say nothing of anybody, and short values, are no secrets', () => {
    const common = privateOf({
      home: '/root',
      cwd: '/',
      temporary: '/tmp',
      user: 'root',
      host: 'localhost',
      env: { A_KEY: 'x' },
    })
    expect(common).toMatchObject({ names: [], keys: [], folders: ['/root', '/tmp'] })
  })
})

const PROMPT = 'a very private wish ### blurry hands'

async function privateRun(): Promise<string> {
  const own = join(folder, 'run')
  const picture = blot(3)
  const parameters = `${PROMPT}\nSteps: 2, Model: x`
  await mkdir(join(own, 'images'), { recursive: true })
  await mkdir(join(own, 'golden'), { recursive: true })
  const file = await encodeImage({ ...picture, channels: 3, format: 'png', parameters })
  await writeFile(join(own, 'images/a.0.png'), file)
  await writeFile(join(own, 'golden/a.0.png'), file)
  const payload = `{"payload":{"prompt":${JSON.stringify(PROMPT)},"seed":9223372036854775807,"apikey":"0123456789","source_image":"https://bucket/x?X-Amz-Signature=1"},"model":"x"}`
  const base = caseOf('a', picture)
  const [image] = base.images
  if (image === undefined) throw new Error('caseOf has a picture')
  const result: CaseResult = {
    ...base,
    fixture: { ...base.fixture, features: ['f'], title: PROMPT, source: 'recorded by marylou', payload },
    plan: { ...(base.plan as object), text: { cond: [{ ids: [320, 1449, 518] }], uncond: [], empty: [] } },
    notes: [{ field: 'prompt', message: `"${PROMPT}" was cut` }],
    faults: [{ code: 'lane', message: 'no /home/marylou/x/y.safetensors', hint: 'ask k3yOfTheHorde-77' }],
    verdict: {
      verdict: 'pass',
      reason: 'seen by marylou on lou-desktop',
      gates: [],
      golden: { class: 'c', crossClass: false, images: [{ ...image, file: 'golden/a.0.png' }], approvedBy: 'marylou' },
    },
  }
  const run: Run = {
    schema: RUN_SCHEMA,
    id: 'r',
    createdAt: '2026-11-27T00:00:00Z',
    complete: true,
    command: 'replay /srv/projects/secret-client/payloads',
    backend: 'horde-onnx',
    version: '0.1.0',
    environment: ENVIRONMENT,
    models: [{ name: 'x', file: 'x.safetensors', sha256: 'a'.repeat(64) }],
    wallMs: 1,
    cases: [result],
    pending: [],
  }
  await writeRun(own, run)
  return own
}

/** Packs the private run, and unpacks it. */
async function kit(prompts: PromptChoice): Promise<{ zip: string; folder: string; text: string; run: Run }> {
  const zip = join(folder, 'kit.zip')
  const render = (into: string) => writeFile(join(into, 'report.html'), '<!doctype html>')
  await makeKit({ run: await privateRun(), out: zip, prompts, secrets: SECRETS, render })
  const unpacked = await openRun(zip)
  opened.push(unpacked)
  const files = await readdir(unpacked.folder, { recursive: true, withFileTypes: true })
  const contents = files
    .filter(entry => entry.isFile())
    .map(entry => readFile(join(entry.parentPath, entry.name), 'latin1'))
  return {
    zip,
    folder: unpacked.folder,
    text: (await Promise.all(contents)).join('\n'),
    run: await readRun(unpacked.folder),
  }
}

describe('a kit', () => {
  test.each(['keep', 'hash'] as const)('holds nothing private, prompts: %s', async prompts => {
    const { text, run, folder: own } = await kit(prompts)
    for (const secret of NEVER) expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
    expect(text).not.toContain('0123456789"')
    expect(run.cases[0]?.fixture.payload).toContain('9223372036854775807')
    expect(text.includes('private wish')).toBe(prompts === 'keep')
    expect(text.includes('1449')).toBe(prompts === 'keep')
    expect(await readdir(own)).toEqual(
      expect.arrayContaining(['README.txt', 'environment.json', 'golden', 'images', 'report.html', 'run.json']),
    )
  })

  test('is compared as it is, without being unpacked by hand', async () => {
    const { zip } = await kit('hash')
    const { comparison, exitCode } = await compareRuns({
      reference: join(folder, 'run'),
      candidates: [zip],
      out: join(folder, 'out'),
    })
    expect(exitCode).toBe(0)
    expect(comparison.matrix.map(({ cells }) => cells[0]?.standing)).toEqual(['same'])
    expect(comparison.candidates[0]?.name).toMatch(/^kit /)
  })

  test('is not written where something private would be left', () => {
    expect(leaksIn('… /home/marylou …', SECRETS)).toEqual(['a folder of this machine'])
    expect(leaksIn('… k3yOfTheHorde-77 …', SECRETS)).toEqual(['a key of this environment'])
    expect(leaksIn('nothing', SECRETS)).toEqual([])
  })
})

describe('a zip that is no kit', () => {
  const bad = async (content: Uint8Array) => {
    await writeFile(join(folder, 'bad.zip'), content)
    return openRun(join(folder, 'bad.zip'))
  }

  test('cut off, or something else', async () => {
    await expect(bad(new Uint8Array([1, 2, 3]))).rejects.toThrow(/bad\.zip is no run/)
    await packFolder(await privateRun(), join(folder, 'whole.zip'))
    const whole = await readFile(join(folder, 'whole.zip'))
    await expect(bad(whole.subarray(0, whole.length / 2))).rejects.toThrow(/bad\.zip is no run/)
  })

  test('with names that lead out of it', async () => {
    const content = new Uint8Array([1])
    for (const name of ['../evil', '/etc/evil', 'a/../../evil', 'C:\\evil', '..\\evil']) {
      await expect(bad(zipSync({ [name]: content }))).rejects.toThrow(/would be outside of the folder/)
    }
  })

  test('that would unpack to more than any run', async () => {
    const zip = zipSync({ 'run.json': new Uint8Array(10) })
    // The central directory says how much there is: lie about it.
    const at = Buffer.from(zip).indexOf(Buffer.from('PK\x01\x02', 'latin1'))
    new DataView(zip.buffer, zip.byteOffset).setUint32(at + 24, 0xfffffffe, true)
    await expect(bad(zip)).rejects.toThrow(/bad\.zip is no run/)
  })
})
