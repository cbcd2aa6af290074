/** What ComfyUI tells over its WebSocket of one prompt, turned into steps and times. */
import { z } from 'zod'
import type { Timings } from '../../engine/types.js'
import type { ComfyPhase } from './graph.js'

const messageSchema = z.object({
  type: z.string(),
  data: z.object({
    prompt_id: z.string().optional(),
    node: z.string().nullable().optional(),
    value: z.number().optional(),
    max: z.number().optional(),
  }),
})

export interface ComfyProgress {
  /** Takes one text message; other prompts' and unknown ones are ignored. */
  hear(text: string, at: number): { step: number; steps: number } | undefined
  /** The prompt came to its end, good or bad: its outcome can be asked for. */
  readonly ended: boolean
  /** `total` is that of the whole call, for a ComfyUI that did not tell when it began: waiting in its queue is not drawing. */
  timings(total: number): Timings
}

export function comfyProgress(
  promptId: () => string | undefined,
  phases: Readonly<Record<string, ComfyPhase>>,
): ComfyProgress {
  const times = { load: 0, encode: 0, decode: 0, output: 0 }
  const steps: { inside: number; outside: number }[] = []
  let [node, since] = [undefined as string | undefined, 0]
  let ended = false
  let [began, finished] = [undefined as number | undefined, undefined as number | undefined]

  function leave(at: number): void {
    const phase = node === undefined ? undefined : phases[node]
    if (phase !== undefined && phase !== 'sample') times[phase] += at - since
    since = at
  }

  return {
    get ended() {
      return ended
    },
    hear(text, at) {
      const parsed = messageSchema.safeParse(parse(text))
      if (!parsed.success) return undefined
      const { type, data } = parsed.data
      const id = promptId()
      if (data.prompt_id !== undefined && id !== undefined && data.prompt_id !== id) return undefined
      switch (type) {
        case 'execution_start':
          began = at
          since = at
          return undefined
        case 'executing':
          leave(at)
          node = data.node ?? undefined
          // Older versions tell the end by a node that is none.
          if (node === undefined && data.prompt_id === id) ended = true
          return undefined
        case 'progress':
          if (node !== undefined && phases[node] !== 'sample') return undefined
          if (data.value === undefined || data.max === undefined || data.value < 1) return undefined
          steps.push({ inside: at - since, outside: 0 })
          since = at
          return { step: data.value, steps: data.max }
        case 'execution_success':
        case 'execution_error':
        case 'execution_interrupted':
          leave(at)
          node = undefined
          ended = true
          finished = at
          return undefined
        default:
          return undefined
      }
    },
    timings: total => ({
      ...times,
      steps,
      total: began === undefined || finished === undefined ? total : finished - began,
    }),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
