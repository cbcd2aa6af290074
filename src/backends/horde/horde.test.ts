import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { blot } from '../../harness/testing.js'
import { encodeImage } from '../../imaging/encode.js'
import { isPublicAddress } from '../public-address.js'
import { type HordeOptions, hordeBackend } from './horde-backend.js'
import { hordeRequest } from './request.js'

/** A pop as fixtures hold it; its seed is beyond what a double holds. */
const POP =
  '{"payload":{"prompt":"a castle###fog","seed":9223372036854775807,"ddim_steps":25,"n_iter":2,"width":512,"height":768,"karras":true,"sampler_name":"k_euler","control_type":null,"use_nsfw_censor":false},"model":"Deliberate","source_image":"abc","source_processing":"img2img"}'

interface Asked {
  line: string
  headers: Record<string, unknown>
  body: string
}

type Answer = (asked: Asked, count: number) => unknown

let close = async () => {}
afterEach(() => close())

/** A server that speaks the documented API; `answers` overrules it by method and path without ids. */
async function fakeHorde(answers: Record<string, Answer> = {}, options: Partial<HordeOptions> = {}) {
  const asked: Asked[] = []
  const picture = await encodeImage({ ...blot(3), channels: 3, format: 'webp' })
  const server = createServer(async (request, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const line = `${request.method} ${request.url}`.replace('the-id', ':id')
    const entry = { line, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') }
    asked.push(entry)
    const count = asked.filter(one => one.line === line).length
    const given = answers[line]?.(entry, count) ?? usual(line, count)
    if (given === 'drop') return void request.socket.destroy()
    if (given instanceof Uint8Array) return void response.end(given)
    const {
      status = 200,
      headers = {},
      json,
      text,
    } = given as { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
    response.writeHead(status, headers).end(text ?? JSON.stringify(json))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function usual(line: string, count: number): unknown {
    switch (line) {
      case 'GET /api/v2/status/heartbeat':
        return { json: { message: 'OK', version: '5.1.5' } }
      case 'POST /api/v2/generate/async':
        return { status: 202, json: { id: 'the-id', kudos: 20 } }
      case 'GET /api/v2/generate/check/:id':
        return { json: { done: count >= 2, faulted: false, is_possible: true, finished: 0, waiting: 1, wait_time: 1 } }
      case 'GET /api/v2/generate/status/:id': {
        const generation = { seed: '1', worker_name: 'a dreamer', model: 'Deliberate', state: 'ok', censored: false }
        return {
          json: {
            done: true,
            generations: [
              { ...generation, img: `${url}/r2/1.webp` },
              { ...generation, img: Buffer.from(picture).toString('base64') },
            ],
          },
        }
      }
      case 'GET /r2/1.webp':
        return picture
      default:
        return { status: 404, json: { message: 'not found' } }
    }
  }
  close = () =>
    new Promise(resolve => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  const backend = hordeBackend({ url, apiKey: 'secret-key', pollMs: 1, waitMs: 1, ...options })
  return { backend, asked, url, draw: () => backend.generate(POP, { id: 'a' }) }
}

test('a request is taken, followed and fetched from the store and from base64', async () => {
  const { backend, draw, asked } = await fakeHorde()
  expect(await backend.describe()).toMatchObject({ name: 'ai-horde', version: '5.1.5', timings: 'total' })
  const generation = await draw()
  expect(generation).toMatchObject({
    state: 'ok',
    images: [{ width: 64, channels: 3, format: 'png' }, { width: 64 }],
    notes: [{ message: 'drawn by a dreamer with Deliberate' }],
  })
  expect(generation.images[0]?.pixels).toEqual(blot(3).pixels)
  expect(generation.timings.total).toBeGreaterThan(0)
  const taken = asked.find(({ line }) => line.startsWith('POST'))
  expect(taken?.headers).toMatchObject({ apikey: 'secret-key', 'client-agent': expect.stringMatching(/^horde-onnx:/) })
  expect(taken?.body).toContain('"seed":"9223372036854775807"')
  expect(asked.filter(({ line }) => line.startsWith('POST'))).toHaveLength(1)
  const fetched = asked.find(({ line }) => line === 'GET /r2/1.webp')
  expect(fetched?.headers).not.toHaveProperty('apikey')
})

test('a pop becomes the request that a user would have sent', () => {
  const request = hordeRequest(JSON.parse(POP.replace('9223372036854775807', '7')), { nsfw: false })
  expect(request).toMatchObject({
    prompt: 'a castle###fog',
    params: { seed: '7', steps: 25, n: 2, width: 512, height: 768, karras: true, sampler_name: 'k_euler' },
    models: ['Deliberate'],
    source_image: 'abc',
    source_processing: 'img2img',
    r2: true,
    nsfw: false,
  })
  expect(Object.keys(request.params as object)).not.toContain('control_type')
  expect(request).not.toHaveProperty('source_mask')
})

describe('what goes wrong is a fault that says so, without the key', () => {
  const faultOf = async (answers: Record<string, Answer>, options: Partial<HordeOptions> = {}) => {
    const { draw, asked } = await fakeHorde(answers, options)
    const { state, faults, images } = await draw()
    expect([state, images]).toEqual(['fault', []])
    expect(JSON.stringify(faults)).not.toContain('secret-key')
    return { fault: faults[0], lines: asked.map(({ line }) => line) }
  }

  test('a refusal, with the reason and the code of the Horde', async () => {
    const { fault, lines } = await faultOf({
      'POST /api/v2/generate/async': () => ({
        status: 400,
        json: { message: 'Unknown model', rc: 'InvalidModel', errors: { models: 'nothing' } },
      }),
    })
    expect(fault?.message).toBe('the Horde refused: Unknown model; models: nothing (InvalidModel)')
    expect(lines).toHaveLength(1)
  })

  test('a wrong key', async () => {
    const { fault } = await faultOf({
      'POST /api/v2/generate/async': () => ({ status: 401, json: { message: 'No user matching sent API Key.' } }),
    })
    expect(fault?.hint).toContain('HORDE_API_KEY')
  })

  test('a connection that breaks while the request is sent: it is not sent again', async () => {
    const { lines } = await faultOf({ 'POST /api/v2/generate/async': () => 'drop' })
    expect(lines).toHaveLength(1)
  })

  test('a request that no worker can do is cancelled and unsupported', async () => {
    const { fault, lines } = await faultOf({
      'GET /api/v2/generate/check/:id': () => ({ json: { done: false, is_possible: false } }),
    })
    expect(fault?.code).toBe('unsupported')
    expect(lines).toContain('DELETE /api/v2/generate/status/:id')
  })

  test('a request that faulted, and one that takes too long', async () => {
    const faulted = await faultOf({
      'GET /api/v2/generate/check/:id': () => ({ json: { done: false, faulted: true } }),
    })
    expect(faulted.fault?.message).toContain('faulted the request the-id')
    await close()
    const late = await faultOf(
      { 'GET /api/v2/generate/check/:id': () => ({ json: { done: false } }) },
      { deadlineMs: 20 },
    )
    expect(late.fault?.message).toContain('did not finish the request the-id')
    expect(late.lines).toContain('DELETE /api/v2/generate/status/:id')
  })

  test('a censored picture', async () => {
    const { fault } = await faultOf({
      'GET /api/v2/generate/status/:id': () => ({
        json: { generations: [{ img: 'x', censored: true, worker_name: 'w' }] },
      }),
    })
    expect(fault?.message).toContain('w censored the picture')
  })

  test('half an answer', async () => {
    const { fault } = await faultOf({ 'GET /api/v2/generate/status/:id': () => ({ text: '{"generations":[{"im' }) })
    expect(fault?.message).toContain('something else than JSON')
  })

  test('a picture at a private address, and one that redirects', async () => {
    const at = (img: string) => ({ 'GET /api/v2/generate/status/:id': () => ({ json: { generations: [{ img }] } }) })
    for (const img of [
      'http://127.0.0.1:1/x',
      'http://[::1]/x',
      'http://169.254.169.254/latest/meta-data',
      'http://localhost:1/x',
    ]) {
      const { fault } = await faultOf(at(img))
      expect(fault?.message).toContain('private address')
      await close()
    }
    const { fault } = await faultOf({
      'GET /r2/1.webp': () => ({ status: 302, headers: { location: 'http://10.0.0.1/' }, text: '' }),
    })
    expect(fault?.message).toContain('redirects')
  })
})

test('a server that is overloaded is asked again, also while a request runs', async () => {
  const { draw, asked } = await fakeHorde({
    'POST /api/v2/generate/async': (_, count) =>
      count === 1 ? { status: 429, json: { message: 'slow down' } } : undefined,
    'GET /api/v2/generate/check/:id': (_, count) =>
      count <= 2 ? { status: 502, text: 'bad gateway' } : { json: { done: true } },
  })
  expect((await draw()).state).toBe('ok')
  expect(asked.filter(({ line }) => line.startsWith('POST'))).toHaveLength(2)
})

test('a request that its owner cancels is cancelled at the Horde', async () => {
  const { backend, asked } = await fakeHorde({ 'GET /api/v2/generate/check/:id': () => ({ json: { done: false } }) })
  const handle = backend.generate(POP, { id: 'a' })
  setTimeout(() => handle.cancel(), 50)
  expect(await handle).toMatchObject({ state: 'cancelled', images: [] })
  expect(asked.at(-1)?.line).toBe('DELETE /api/v2/generate/status/:id')
})

test('an address that is none is refused', () => {
  expect(() => hordeBackend({ url: 'aihorde' })).toThrow('no address of a Horde')
})

test.each([
  ['8.8.8.8', true],
  ['172.32.0.1', true],
  ['2606:4700::1111', true],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['100.64.0.1', false],
  ['169.254.169.254', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:7f00:1', false],
  ['::ffff:8.8.8.8', true],
  ['64:ff9b::a00:1', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['not an address', false],
])('%s is public: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected)
})
