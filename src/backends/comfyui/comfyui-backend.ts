/** A running ComfyUI as a backend: payload → job → its graph; pictures, steps and times back. */
import { createHash, randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { generationHandle } from '../../engine/generation-handle.js'
import type { Generation } from '../../engine/types.js'
import { BackendError, CancelledError } from '../../errors.js'
import { parsePayload } from '../../payload/parse.js'
import { payloadToJob } from '../../payload/to-job.js'
import type { Backend } from '../backend.js'
import { drawnImage } from '../drawn-image.js'
import { faultedGeneration } from '../faulted.js'
import { type ComfyApi, comfyApi } from './api.js'
import { comfyGraph } from './graph.js'
import { comfyProgress } from './progress.js'

export interface ComfyOptions {
  /** E.g. http://127.0.0.1:8188 */
  url: string
  /** @throws UnknownModelError */
  modelOf(name: string): { baseline: string; inpainting: boolean; checkpoint: string }
  /** Milliseconds a job may go without a word. @default 600000 */
  silentMs?: number
  /** Of one HTTP request. @default 30000 */
  timeoutMs?: number
  /** Milliseconds before the first retry of a request. @default 500 */
  waitMs?: number
}

/** @throws BackendError where the address is none */
export function comfyuiBackend({
  url,
  modelOf,
  silentMs = 600_000,
  timeoutMs = 30_000,
  waitMs = 500,
}: ComfyOptions): Backend {
  const base = parseUrl(url)
  const api = comfyApi(base, { timeoutMs, waitMs })
  const running = new Set<PromiseLike<Generation>>()

  return {
    async describe() {
      const { system } = await api.stats()
      return {
        name: 'comfyui',
        version: system.comfyui_version ?? 'unknown',
        can: ['txt2img', 'img2img', 'inpainting', 'hires_fix', 'loras', 'batch'],
        timings: 'phases',
      }
    },
    async environment() {
      const { system, devices } = await api.stats()
      const device = devices[0] ?? { name: 'unknown', type: 'unknown' }
      const runtime = `torch${system.pytorch_version ?? ''}`
      return {
        provider: `comfyui-${device.type}`,
        device: device.name,
        dtype: 'unknown',
        ort: runtime,
        providers: [device.type],
        threads: 1,
        elsewhere: {
          class: `comfyui-${device.type}-${runtime}`.replace(/[^\w.+-]/gu, '_'),
          isa: 'unknown',
          node: process.versions.node,
          platform: 'unknown',
          memoryBytes: 0,
        },
      }
    },
    generate(payload, { id, signal }) {
      const stop = new AbortController()
      const stopped = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal])
      const handle = generationHandle(
        id,
        () => stop.abort(),
        async emit => {
          try {
            return await draw({
              api,
              base,
              payload,
              id,
              modelOf,
              silentMs,
              stopped,
              step: (step, steps) => emit({ type: 'step', step, steps, pass: 1, passes: 1 }),
            })
          } catch (error) {
            if (stopped.aborted) return { ...faultedGeneration(id, error), state: 'cancelled', faults: [] }
            return faultedGeneration(id, error)
          }
        },
      )
      running.add(handle)
      void handle.then(() => running.delete(handle))
      return handle
    },
    async close() {
      await Promise.all(running)
    },
  }
}

function parseUrl(url: string): URL {
  const text = /^https?:/iu.test(url) ? url : `http://${url}`
  if (!URL.canParse(text)) {
    throw new BackendError(`"${url}" is no address of a ComfyUI`, { hint: 'e.g. comfyui:http://127.0.0.1:8188' })
  }
  return new URL(text.endsWith('/') ? text : `${text}/`)
}

interface DrawInput {
  api: ComfyApi
  base: URL
  payload: string
  id: string
  modelOf: ComfyOptions['modelOf']
  silentMs: number
  stopped: AbortSignal
  step(step: number, steps: number): void
}

async function draw({ api, base, payload, id, modelOf, silentMs, stopped, step }: DrawInput): Promise<Generation> {
  const job = payloadToJob(parsePayload(payload), { baselineOf: name => modelOf(name) })
  const upload = (bytes: Uint8Array) =>
    api.upload(`horde-onnx-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.png`, bytes)
  const source = job.source && (await upload(job.source.image.bytes))
  const mask = job.source?.mask && (await upload(job.source.mask.bytes))
  const prompt = comfyGraph({ job, checkpoint: modelOf(job.model).checkpoint, source, mask, nonce: randomUUID() })

  const clientId = randomUUID()
  let promptId: string | undefined
  const progress = comfyProgress(() => promptId, prompt.phases)
  let heard = performance.now()
  let socketEnded = false
  const place = new URL('ws', base)
  place.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
  place.search = new URLSearchParams({ clientId }).toString()
  const socket = new WebSocket(place, { maxPayload: 64 * 2 ** 20 })
  try {
    await opened(socket, base)
    socket.on('message', (data, isBinary) => {
      heard = performance.now()
      // Binary messages are previews.
      const at = isBinary ? undefined : progress.hear(String(data), heard)
      if (at !== undefined) step(at.step, at.steps)
    })
    socket.on('close', () => {
      socketEnded = true
    })
    socket.on('error', () => {})

    const since = performance.now()
    promptId = await api.submit(prompt.graph, clientId)
    for (;;) {
      if (stopped.aborted) {
        await api.cancel(promptId)
        throw new CancelledError()
      }
      // The socket is the fast way to know; what counts is the history, which survives a broken socket.
      const outcome = progress.ended || socketEnded ? await api.outcome(promptId, prompt.output) : undefined
      if (outcome !== undefined) {
        const total = performance.now() - since
        if ('error' in outcome) throw new BackendError(`ComfyUI failed: ${outcome.error}`)
        if (outcome.images.length === 0) throw new BackendError('ComfyUI finished without a picture')
        const images = await Promise.all(
          outcome.images.map(async (image, i) => drawnImage(await api.view(image), `picture ${i} of ComfyUI`)),
        )
        const notes = job.notes.map(note => ({ ...note }))
        return {
          id,
          state: 'ok',
          images,
          faults: [],
          notes,
          fingerprints: {},
          timings: progress.timings(total),
          retries: 0,
        }
      }
      if (performance.now() - heard > silentMs) {
        await api.cancel(promptId)
        throw new BackendError(`ComfyUI said nothing for ${Math.round(silentMs / 1000)} s`, {
          hint: 'its log tells what it does',
        })
      }
      await new Promise(resolve => setTimeout(resolve, socketEnded ? 500 : 5))
    }
  } finally {
    socket.close()
  }
}

function opened(socket: WebSocket, base: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', cause =>
      reject(
        new BackendError(
          `the WebSocket of ${base.origin} cannot be reached: ${'code' in cause ? String(cause.code) : cause.message}`,
          {
            cause,
            hint: 'does ComfyUI run there?',
          },
        ),
      ),
    )
  })
}
