import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeImage } from '../../imaging/encode.js'
import { loadFixtures } from '../fixture/load.js'
import { blot } from '../testing.js'
import { readCaptures } from './captures.js'
import { startProxy } from './proxy.js'
import { createRecorder } from './recorder.js'
import { hashWords, keepWords } from './scrub.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Shaped after the Horde's documentation; everything that must not be kept says so. */
const POP = `{
  "payload": {
    "prompt": "(portrait:1.3) of SECRET PERSON, embedding:1234 ### ugly",
    "seed": 9223372036854775807, "ddim_steps": 20, "cfg_scale": 7.0, "width": 512, "height": 512,
    "karras": true, "sampler_name": "k_euler", "n_iter": 1,
    "loras": [{"name": "82098", "model": 1.0, "clip": 1.0, "SECRET": "x"}],
    "extra_texts": [{"text": "SECRET https://x.example", "reference": "qr_code"}],
    "set_id": "SECRET", "special": {"SECRET": 1}
  },
  "id": "SECRET-id", "ids": ["SECRET-id"], "model": "Deliberate", "ttl": 150,
  "source_image": "https://r2.example/SECRET_src.webp?X-Amz-Signature=SECRET", "source_processing": "img2img",
  "r2_upload": "https://r2.example/SECRET", "r2_uploads": ["https://r2.example/SECRET"],
  "messages": [{"message": "SECRET"}], "skipped": {}
}`

const picture = () => encodeImage({ ...blot(1), channels: 3, format: 'webp' })

const recorder = (words = keepWords) =>
  createRecorder({ out: join(folder, 'out'), words, fetchPicture: async () => picture() })

async function recorded(text = POP, words = keepWords): Promise<string> {
  const result = await recorder(words).record(text)
  if (!('file' in result)) throw new Error(`skipped: ${result.skipped}`)
  return readFile(result.file, 'utf8')
}

describe('a fixture of a pop', () => {
  test('has what a drawing needs, with its pictures inside and its digits kept, and loads', async () => {
    const text = await recorded()
    expect(text).toContain('9223372036854775807')
    expect(text).toContain('7.0')
    const pop = JSON.parse(text)
    expect(pop).toMatchObject({
      model: 'Deliberate',
      source_processing: 'img2img',
      payload: { ddim_steps: 20, loras: [{ name: '82098' }] },
    })
    expect(Buffer.from(pop.source_image, 'base64')).toEqual(Buffer.from(await picture()))
    expect(await loadFixtures(join(folder, 'out'))).toMatchObject([{ id: expect.stringMatching(/^pop-[0-9a-f]{16}$/) }])
  })

  test('has nothing that tells who asked: what is not known to be needed is gone', async () => {
    const text = (await recorded()).replace('SECRET PERSON', '').replace('SECRET https', '')
    expect(text).not.toContain('SECRET')
  })

  test('has prompts of other words where that is wished, with all that steers them', async () => {
    const { payload } = JSON.parse(await recorded(POP, hashWords(new Uint8Array(32))))
    expect(payload.prompt).toMatch(/^\([a-p]+:1\.3\) [a-p]+ [a-p]+ [a-p]+, embedding:1234 ### [a-p]+$/u)
    expect(payload.extra_texts[0].text).not.toMatch(/SECRET|example/u)
  })

  test('is written once', async () => {
    await recorded()
    expect(await recorder().record(POP)).toEqual({ skipped: 'known' })
    expect(await readdir(join(folder, 'out'))).toHaveLength(1)
  })

  test('is none where there was no job, and an error where there was no pop', async () => {
    expect(await recorder().record('{"payload":{},"id":null,"skipped":{"models":3}}')).toEqual({ skipped: 'no job' })
    await expect(recorder().record('<html>')).rejects.toThrow('no pop')
    await expect(recorder().record('{"message":"maintenance"}')).rejects.toThrow('no payload of an image')
  })

  test('is none where a picture cannot be had, is none, or is at a private address', async () => {
    const bad = createRecorder({ out: folder, words: keepWords, fetchPicture: async () => new Uint8Array(10) })
    await expect(bad.record(POP)).rejects.toThrow('a picture of the pop')
    const real = createRecorder({ out: folder, words: keepWords })
    await expect(real.record(POP.replace('https://r2.example/SECRET_src.webp', 'http://127.0.0.1/x'))).rejects.toThrow(
      'private address',
    )
    expect(await readdir(folder)).toEqual([])
  })
})

test('hashed words: the same word is the same, another recording has others, numbers and scripts are words or weights', () => {
  const words = hashWords(Uint8Array.of(1))
  expect(words('Castle castle CASTLE')).toMatch(/^(\S+) \1 \1$/u)
  expect(words('castle')).not.toBe(hashWords(Uint8Array.of(2))('castle'))
  expect(words('castle')).not.toContain('castle')
  expect(words('城 1.5')).toMatch(/^[a-p]{3} 1\.5$/u)
})

describe('captures', () => {
  test('are files of one pop, lists, JSON lines, and what reGen captures', async () => {
    const job = JSON.parse(POP.replace('9223372036854775807', '7'))
    const { id, ...rest } = job
    await writeFile(join(folder, 'a.json'), POP)
    await writeFile(
      join(folder, 'b.jsonl'),
      [1, 2].map(seed => JSON.stringify({ ...job, payload: { ...job.payload, seed } })).join('\n'),
    )
    const captured = { sdk_api_job_info: { id_: id, ...rest }, time_popped: 1, time_to_generate: 4.2, state: 'ok' }
    await writeFile(
      join(folder, 'c.json'),
      JSON.stringify([captured, { ...captured, sdk_api_job_info: { ...rest, payload: { ...rest.payload, seed: 8 } } }]),
    )
    const found = await readCaptures(folder)
    expect(found.map(({ origin }) => origin.slice(folder.length + 1))).toEqual([
      'a.json',
      'b.jsonl:1',
      'b.jsonl:2',
      'c.json[0]',
      'c.json[1]',
    ])
    for (const { text } of found) expect(await recorder().record(text)).toHaveProperty('file')
    expect(found[0]?.text).toContain('9223372036854775807')
  })

  test('an empty folder, and a file that is none, are said', async () => {
    await expect(readCaptures(folder)).rejects.toThrow('no captured pop')
    await writeFile(join(folder, 'x.json'), '{"payload":')
    await expect(readCaptures(folder)).rejects.toThrow('x.json is no JSON')
    await expect(readCaptures(join(folder, 'none'))).rejects.toThrow('cannot read')
  })
})

describe('the proxy', () => {
  async function upstream(answer: { status?: number; body: string; compressed?: boolean }) {
    const asked: { line: string; headers: Record<string, unknown>; body: string }[] = []
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      asked.push({
        line: `${request.method} ${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      })
      const { status = 200, body, compressed = false } = answer
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-ratelimit': '9',
        ...(compressed && { 'content-encoding': 'gzip' }),
      })
      response.end(compressed ? gzipSync(body) : body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close: () => server.close() }
  }

  const pop = (url: string) =>
    fetch(`${url}/api/v2/generate/pop?x=1`, {
      method: 'POST',
      headers: { apikey: 'SECRET', 'content-type': 'application/json' },
      body: '{"name":"w"}',
    })

  test('hands on what the worker and the Horde say, and tells of pops', async () => {
    const horde = await upstream({ body: POP, compressed: true })
    const pops: string[] = []
    const proxy = await startProxy({ upstream: horde.url, onPop: text => pops.push(text) })
    const answer = await pop(proxy.url)
    expect([answer.status, answer.headers.get('x-ratelimit'), await answer.text()]).toEqual([200, '9', POP])
    expect(horde.asked[0]).toMatchObject({
      line: 'POST /api/v2/generate/pop?x=1',
      headers: { apikey: 'SECRET' },
      body: '{"name":"w"}',
    })
    await fetch(`${proxy.url}/api/v2/status/heartbeat`)
    await fetch(`${proxy.url}//evil.example/api`)
    expect(horde.asked.map(({ line }) => line)).toEqual([
      'POST /api/v2/generate/pop?x=1',
      'GET /api/v2/status/heartbeat',
      'GET /api',
    ])
    expect(pops).toEqual([POP])
    await proxy.close()
    horde.close()
  })

  test('hands on refusals without recording them', async () => {
    const horde = await upstream({ status: 403, body: '{"message":"maintenance"}' })
    const pops: string[] = []
    const proxy = await startProxy({ upstream: horde.url, onPop: text => pops.push(text) })
    const answer = await pop(proxy.url)
    expect([answer.status, await answer.json(), pops]).toEqual([403, { message: 'maintenance' }, []])
    await proxy.close()
    horde.close()
  })

  test('says so where the Horde cannot be reached, and a bad upstream is refused', async () => {
    const errors: string[] = []
    const proxy = await startProxy({
      upstream: 'http://127.0.0.1:9',
      onPop: () => {},
      onError: message => errors.push(message),
    })
    expect((await pop(proxy.url)).status).toBe(502)
    expect(errors).toEqual([expect.stringContaining('POST /api/v2/generate/pop: ')])
    await proxy.close()
    await expect(startProxy({ upstream: 'aihorde', onPop: () => {} })).rejects.toThrow('no address of a Horde')
  })
})
