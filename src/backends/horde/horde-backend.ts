/**
 * The AI Horde as a backend: whoever of its workers is free draws. A request that was taken is followed to its end; it is never
 * sent twice, because it costs kudos.
 */
import { stringify } from 'lossless-json'
import { z } from 'zod'
import { generationHandle } from '../../engine/generation-handle.js'
import type { GeneratedImage, Generation } from '../../engine/types.js'
import { BackendError, CancelledError, UnsupportedError } from '../../errors.js'
import { parsePayload } from '../../payload/parse.js'
import { version } from '../../version.js'
import { type Backend, CAPABILITIES } from '../backend.js'
import { drawnImage } from '../drawn-image.js'
import { faultedGeneration, NO_TIMINGS } from '../faulted.js'
import { type FetchOptions, fetchBytes, fetchJson } from '../http.js'
import { fetchPublic } from '../public-address.js'
import { hordeRequest } from './request.js'

export const HORDE_URL = 'https://aihorde.net'

/** Who has no key is served last. */
export const ANONYMOUS_KEY = '0000000000'

export interface HordeOptions {
  /** @default https://aihorde.net */
  url?: string
  /** Never shown. @default the anonymous one */
  apiKey?: string
  /** Whether pictures may be what the Horde calls not safe for work. @default false */
  nsfw?: boolean
  /** Milliseconds until a request is given up and cancelled. @default 1200000, the Horde's own limit */
  deadlineMs?: number
  /** Milliseconds between two looks. @default 3000 */
  pollMs?: number
  /** Of one HTTP request. @default 30000 */
  timeoutMs?: number
  /** Milliseconds before the first retry of an HTTP request. @default 1000 */
  waitMs?: number
}

const takenSchema = z.object({ id: z.string(), kudos: z.number().optional(), message: z.string().optional() })

const checkSchema = z.object({
  done: z.boolean(),
  faulted: z.boolean().optional(),
  is_possible: z.boolean().optional(),
  finished: z.number().optional(),
  queue_position: z.number().optional(),
  wait_time: z.number().optional(),
})

const statusSchema = z.object({
  generations: z.array(
    z.object({
      img: z.string(),
      seed: z.union([z.string(), z.number()]).optional(),
      censored: z.boolean().nullish(),
      state: z.string().optional(),
      worker_name: z.string().optional(),
      model: z.string().optional(),
    }),
  ),
})

const refusalSchema = z.object({
  message: z.string(),
  rc: z.string().optional(),
  errors: z.record(z.string(), z.string()).optional(),
})

const heartbeatSchema = z.object({ version: z.string().optional() })

/** @throws BackendError where the address is none */
export function hordeBackend(options: HordeOptions = {}): Backend {
  const { url = HORDE_URL, apiKey = ANONYMOUS_KEY, nsfw = false, deadlineMs = 1_200_000, pollMs = 3000 } = options
  if (!URL.canParse(url) || !/^https?:/u.test(url)) {
    throw new BackendError(`"${url}" is no address of a Horde`, { hint: `e.g. horde:${HORDE_URL}` })
  }
  const base = new URL(url)
  const at = (path: string) => new URL(`/api/v2/${path}`, base)
  const common: FetchOptions = {
    timeoutMs: options.timeoutMs ?? 30_000,
    waitMs: options.waitMs ?? 1000,
    refused: (text, status) => refusal(text, status),
    headers: {
      apikey: apiKey,
      'client-agent': `horde-onnx:${version}:harness`,
      'content-type': 'application/json',
    },
  }
  const running = new Set<PromiseLike<Generation>>()

  async function draw(payload: string, id: string, stopped: AbortSignal): Promise<Generation> {
    const request = hordeRequest(parsePayload(payload), { nsfw })
    const since = performance.now()
    const taken = await fetchJson(at('generate/async'), takenSchema, {
      ...common,
      method: 'POST',
      body: stringify(request) ?? '',
      idempotent: false,
    })
    const cancel = () =>
      fetchBytes(at(`generate/status/${taken.id}`), { ...common, method: 'DELETE', retries: 1 }).catch(() => {})
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, pollMs))
      if (stopped.aborted) {
        await cancel()
        throw new CancelledError()
      }
      if (performance.now() - since > deadlineMs) {
        await cancel()
        throw new BackendError(
          `the Horde did not finish the request ${taken.id} within ${Math.round(deadlineMs / 1000)} s`,
          {
            hint: 'it was cancelled; is there a worker for this model?',
          },
        )
      }
      const check = await fetchJson(at(`generate/check/${taken.id}`), checkSchema, common)
      if (check.faulted)
        throw new BackendError(`the Horde faulted the request ${taken.id}`, {
          hint: 'its workers failed at it too often',
        })
      if (check.is_possible === false) {
        await cancel()
        throw new UnsupportedError('no worker of the Horde can do this now', {
          hint: 'another model, a smaller size, or later',
        })
      }
      if (check.done) break
    }
    const { generations } = await fetchJson(at(`generate/status/${taken.id}`), statusSchema, common)
    const total = performance.now() - since
    const hidden = generations.find(({ censored, state }) => censored === true || state === 'censored')
    if (hidden !== undefined) {
      throw new BackendError(`${hidden.worker_name ?? 'a worker'} censored the picture of the request ${taken.id}`)
    }
    if (generations.length === 0) throw new BackendError(`the Horde finished the request ${taken.id} without a picture`)
    const images = await Promise.all(generations.map(({ img }, i) => readImage(img, i)))
    const by = generations.map(({ worker_name, model }) => `${worker_name ?? 'unknown'} with ${model ?? 'unknown'}`)
    return {
      id,
      state: 'ok',
      images,
      faults: [],
      notes: [{ field: 'worker', message: `drawn by ${[...new Set(by)].join(', ')}` }],
      fingerprints: {},
      timings: { ...NO_TIMINGS, total },
      retries: 0,
    }
  }

  /** A picture is an address of the Horde's store, or base64. */
  async function readImage(img: string, index: number): Promise<GeneratedImage> {
    const origin = `picture ${index} of the Horde`
    if (!/^https?:/iu.test(img)) return drawnImage(Buffer.from(img, 'base64'), origin)
    if (!URL.canParse(img)) throw new BackendError(`${origin} has a broken address`)
    for (let attempt = 0; ; attempt++) {
      try {
        return await drawnImage(
          await fetchPublic(new URL(img), { trustedOrigin: base.origin, timeoutMs: common.timeoutMs ?? 30_000 }),
          origin,
        )
      } catch (error) {
        if (attempt >= 3 || !(error instanceof BackendError) || /private|redirect/u.test(error.message)) throw error
        await new Promise(resolve => setTimeout(resolve, (common.waitMs ?? 1000) * 2 ** attempt))
      }
    }
  }

  return {
    async describe() {
      const { version } = await fetchJson(at('status/heartbeat'), heartbeatSchema, common)
      return { name: 'ai-horde', version: version ?? 'unknown', can: CAPABILITIES, timings: 'total' }
    },
    environment: async () => ({
      provider: 'ai-horde',
      device: base.host,
      dtype: 'unknown',
      ort: 'unknown',
      providers: [],
      threads: 1,
      elsewhere: {
        class: `ai-horde-${base.host.replace(/[^\w.-]/gu, '_')}`,
        isa: 'unknown',
        node: process.versions.node,
        platform: 'unknown',
        memoryBytes: 0,
      },
    }),
    generate(payload, { id, signal }) {
      const stop = new AbortController()
      const stopped = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal])
      const handle = generationHandle(
        id,
        () => stop.abort(),
        async () => {
          try {
            return await draw(payload, id, stopped)
          } catch (error) {
            if (error instanceof CancelledError)
              return { ...faultedGeneration(id, error), state: 'cancelled', faults: [] }
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

/** The Horde says what was wrong, with a code of its own (`rc`). */
function refusal(text: string, status: number): Error | undefined {
  const parsed = refusalSchema.safeParse(parse(text))
  if (!parsed.success) return undefined
  const { message, rc, errors = {} } = parsed.data
  const details = Object.entries(errors).map(([field, what]) => `${field}: ${what}`)
  const hint = status === 401 ? 'HORDE_API_KEY holds the key' : status === 429 ? 'too many requests at once' : undefined
  return new BackendError(
    `the Horde refused: ${[message, ...details].join('; ')}${rc === undefined ? '' : ` (${rc})`}`,
    {
      ...(hint === undefined ? {} : { hint }),
    },
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
