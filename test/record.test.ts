/** From a worker's pop through the proxy to a picture, by the command line. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cli, temporaryFolder } from './support/cli.js'

const POP = {
  id: 'c0ffee',
  model: 'pocket-sd15',
  r2_upload: 'https://storage.example/secret-signature',
  payload: {
    prompt: 'a red circle ### blurry',
    seed: '7',
    sampler_name: 'k_euler',
    ddim_steps: 2,
    width: 64,
    height: 64,
    karras: true,
    n_iter: 1,
  },
}

let horde: Server
beforeAll(async () => {
  horde = createServer((_, response) => response.end(JSON.stringify(POP)))
  await new Promise<void>(resolve => horde.listen(0, '127.0.0.1', resolve))
})
afterAll(() => horde.close())

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const port = portOf(server)
  await new Promise(resolve => server.close(resolve))
  return port
}

/** As a worker asks, until the proxy listens. */
async function pop(port: number): Promise<unknown> {
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v2/generate/pop`, {
        method: 'POST',
        headers: { apikey: 'SECRET-KEY' },
        body: '{"name":"somebody"}',
      })
      return await answer.json()
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}

it('a job that a worker popped becomes a fixture without secrets, and is drawn', async () => {
  const [out, port] = [join(temporaryFolder('record'), 'recorded'), await freePort()]
  const args = ['--upstream', `http://127.0.0.1:${portOf(horde)}`, '--port', String(port), '--limit', '1']
  const recording = cli(['record', '--out', out, '--prompts', 'keep', ...args])
  expect(await pop(port)).toEqual(POP)
  expect((await recording).exitCode).toBe(0)

  const [file = ''] = readdirSync(out)
  const text = readFileSync(join(out, file), 'utf8')
  expect(text).toContain('a red circle ### blurry')
  expect(text).not.toMatch(/SECRET-KEY|secret-signature|somebody|c0ffee/)

  const run = join(temporaryFolder('record'), 'run')
  const replayed = await cli(['replay', out, '--out', run])
  expect(replayed.exitCode, replayed.stderr).toBe(0)
  const { cases } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
  expect(cases).toMatchObject([{ state: 'ok', images: [{ width: 64, height: 64 }] }])
}, 60_000)
