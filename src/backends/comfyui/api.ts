/** ComfyUI's HTTP API, as far as it is needed: bounded in time, tries and size, and every answer is looked at. */
import { stringify } from 'lossless-json'
import { z } from 'zod'
import { BackendError } from '../../errors.js'
import { type FetchOptions, fetchBytes, fetchJson } from '../http.js'
import type { ComfyGraph } from './graph.js'

const statsSchema = z.object({
  system: z.object({ comfyui_version: z.string().optional(), pytorch_version: z.string().optional() }),
  devices: z.array(z.object({ name: z.string(), type: z.string() })),
})

const promptSchema = z.object({ prompt_id: z.string() })

const refusalSchema = z.object({
  error: z.object({ message: z.string(), details: z.string().optional() }),
  node_errors: z
    .record(
      z.string(),
      z.object({ errors: z.array(z.object({ message: z.string(), details: z.string().optional() })) }),
    )
    .optional(),
})

const imageSchema = z.object({ filename: z.string(), subfolder: z.string(), type: z.string() })

const historySchema = z.record(
  z.string(),
  z.object({
    outputs: z.record(z.string(), z.object({ images: z.array(imageSchema).optional() })),
    status: z
      .object({
        status_str: z.string(),
        completed: z.boolean(),
        messages: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])),
      })
      .optional(),
  }),
)

export type ComfyImage = z.infer<typeof imageSchema>
export type ComfyStats = z.infer<typeof statsSchema>

/** How a prompt ended, or undefined while it has not. */
export type ComfyOutcome = { images: ComfyImage[] } | { error: string } | undefined

export interface ComfyApi {
  stats(): Promise<ComfyStats>
  /** Puts a graph in the queue. @returns its id */
  submit(graph: ComfyGraph, clientId: string): Promise<string>
  outcome(id: string, output: string): Promise<ComfyOutcome>
  view(image: ComfyImage): Promise<Uint8Array>
  /** @returns the name by which a LoadImage node finds it */
  upload(name: string, bytes: Uint8Array): Promise<string>
  cancel(id: string): Promise<void>
}

export function comfyApi(url: URL, options: FetchOptions = {}): ComfyApi {
  const at = (path: string) => new URL(path, url)
  return {
    stats: () => fetchJson(at('system_stats'), statsSchema, options),
    async submit(graph, clientId) {
      const body = stringify({ prompt: graph, client_id: clientId }) ?? ''
      const { prompt_id } = await fetchJson(at('prompt'), promptSchema, {
        ...options,
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        // A prompt that may have been taken must not be queued twice.
        idempotent: false,
        refused: text => refusal(text),
      })
      return prompt_id
    },
    async outcome(id, output) {
      const entry = (await fetchJson(at(`history/${encodeURIComponent(id)}`), historySchema, options))[id]
      if (entry === undefined) return undefined
      if (entry.status?.status_str === 'error') return { error: executionError(entry.status.messages) }
      return { images: entry.outputs[output]?.images ?? [] }
    },
    view({ filename, subfolder, type }) {
      const place = at('view')
      place.search = new URLSearchParams({ filename, subfolder, type }).toString()
      return fetchBytes(place, options)
    },
    async upload(name, bytes) {
      const form = new FormData()
      form.set('image', new Blob([Uint8Array.from(bytes)]), name)
      form.set('overwrite', 'true')
      const answer = z.object({ name: z.string(), subfolder: z.string().optional() })
      const { name: given, subfolder } = await fetchJson(at('upload/image'), answer, {
        ...options,
        method: 'POST',
        body: form,
      })
      return subfolder === undefined || subfolder === '' ? given : `${subfolder}/${given}`
    },
    async cancel(id) {
      const headers = { 'content-type': 'application/json' }
      const quiet = { ...options, retries: 0, headers, method: 'POST' as const }
      await fetchBytes(at('queue'), { ...quiet, body: JSON.stringify({ delete: [id] }) }).catch(() => {})
      await fetchBytes(at('interrupt'), { ...quiet, body: JSON.stringify({ prompt_id: id }) }).catch(() => {})
    },
  }
}

/** ComfyUI says what was wrong with a graph, node by node. */
function refusal(text: string): BackendError | undefined {
  try {
    const { error, node_errors = {} } = refusalSchema.parse(JSON.parse(text))
    const details = Object.entries(node_errors).flatMap(([node, { errors }]) =>
      errors.map(({ message, details }) => `${node}: ${message}${details ? ` (${details})` : ''}`),
    )
    return new BackendError(`ComfyUI refused the graph: ${details.join('; ') || error.message}`, {
      hint: 'a name that is not in its list is a model that ComfyUI does not have',
    })
  } catch {
    return undefined
  }
}

function executionError(messages: readonly (readonly [string, Record<string, unknown>])[]): string {
  const found = messages.find(([type]) => type === 'execution_error')?.[1]
  if (found === undefined)
    return messages.some(([type]) => type === 'execution_interrupted') ? 'it was interrupted' : 'it failed'
  return `${String(found.node_type)}: ${String(found.exception_message).trim()}`
}
